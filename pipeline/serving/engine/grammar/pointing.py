"""Where a `$ref` points within its schema."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote


class Nowhere(ValueError):
    """A reference that cannot be followed."""


def target(whole: Any, reference: str) -> Any:
    """What `#` or `#/…` (a JSON pointer) points to; raises `Nowhere`."""
    if reference != "#" and not reference.startswith("#/"):
        what = f"$ref {reference!r} points to nothing in it: only # and #/… are known"
        raise Nowhere(what)
    found = whole
    try:
        for step in unquote(reference[1:], errors="strict").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found[_place(key)] if isinstance(found, list) else found[key]
            check_base(whole, found)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        if isinstance(error, Nowhere):
            raise
        raise Nowhere(f"$ref {reference!r} points to nothing in it") from None
    return found


def check_base(whole: Any, schema: Any) -> None:
    """Raises `Nowhere` for an `$id` of its own: references would count from there."""
    own = schema.get("$id") if isinstance(schema, dict) else None
    if isinstance(own, str) and own != whole.get("$id"):
        raise Nowhere("an inner '$id' is not supported")


def _place(key: str) -> int:
    """A place in a list, as pointers have it: digits, no zero before others."""
    if str(int(key)) != key or key.startswith("-"):
        raise ValueError(key)
    return int(key)
