"""What comes back from a registry that is not what was asked for, as errors.

Unreachable   no answer, a broken one, 429 or 5xx: trying again may help
Denied        401, 403 (see tokens)
Unknown       404
Refused       any other status that was not expected
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.errors import DataError, Missing, NotFound, SurveyError
from pipeline.serving.distribution.tokens import denied

if TYPE_CHECKING:
    import httpx

LARGEST_TEXT = 64 << 10
LONGEST_SAID = 200
LATER = "Check that it runs and can be reached, then try again."
TRANSIENT = (408, 425, 429, 500, 502, 503, 504)


class Unreachable(Missing):
    """No sound answer; `after` seconds it may be another, unless it is hopeless."""

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        remedy: str = LATER,
        after: float = 0.0,
        hopeless: bool = False,
    ) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.after, self.hopeless = after, hopeless


class Unknown(NotFound):
    """The registry has nothing of that name."""


class Refused(SurveyError):
    """The registry does not take a request; `code` is the HTTP status."""

    def __init__(self, what: str, code: int, *, where: str = "") -> None:
        remedy = "Ask who runs the registry what it takes."
        super().__init__(what, where=where, remedy=remedy)
        self.code = code


class Stopped(SurveyError):
    """Not done, because another part of the same work has failed."""


class _Problem(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Problems(msgspec.Struct):
    errors: list[_Problem] | None = None


@contextmanager
def told(where: str) -> Iterator[None]:
    """Trouble on the network during the block, as `Unreachable`."""
    import httpx

    try:
        yield
    except httpx.TimeoutException as error:
        phase = type(error).__name__.removesuffix("Timeout").lower()
        doing = {"connect": "connecting", "write": "sending"}.get(phase, "waiting")
        what = f"nothing happened for too long while {doing}"
        raise Unreachable(what, where=where) from None
    except httpx.TransportError as error:
        raise _broken(error, where) from None


def bounded(response: httpx.Response, limit: int, deadline: float) -> bytes:
    """The body as sent; `DataError` if longer than `limit`, `Unreachable` if late."""
    announced = length_of(response)
    parts: list[bytes] = []
    size = 0
    if announced is not None and announced > limit:
        raise _too_long(response, announced, limit)
    for part in response.iter_raw():
        size += len(part)
        if size > limit:
            raise _too_long(response, size, limit)
        if time.monotonic() > deadline:
            what = "a short answer takes too long to come"
            raise Unreachable(what, where=response.url.host)
        parts.append(part)
    return b"".join(parts)


def length_of(response: httpx.Response) -> int | None:
    """The length that an answer announces, None if it does not."""
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdecimal() else None


def error_of(response: httpx.Response, where: str, deadline: float) -> SurveyError:
    """The error for a status that was not expected."""
    said, status = _said(response, deadline), response.status_code
    if status in TRANSIENT:
        after = _after(response.headers.get("Retry-After", ""))
        what = f"answers {status}{_colon(said)}"
        return Unreachable(what, where=where, after=after)
    if status in (401, 403):
        shown = "Authorization" in response.request.headers
        return denied(where, shown, said or f"status {status}", withheld=False)
    if status == 404:
        what = f"there is no such model{_colon(said)}"
        return Unknown(what, where=where, remedy="Check the name and the tag.")
    return Refused(f"answers {status}{_colon(said)}", status, where=where)


def _said(response: httpx.Response, deadline: float) -> str:
    """What a registry says went wrong, in one printable line."""
    body: Any = b""
    with suppress(SurveyError):
        body = bounded(response, LARGEST_TEXT, deadline)
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        problems = msgspec.json.decode(body, type=_Problems).errors or []
        text = "; ".join(f"{p.code} {p.message}".strip() for p in problems)
        printable = "".join(c if c.isprintable() else " " for c in text)
        return printable[:LONGEST_SAID]
    return ""


def _colon(said: str) -> str:
    return f": {said}" if said else ""


def _after(text: str) -> float:
    """Seconds that Retry-After asks for, as a number or a date."""
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    with suppress(ValueError, TypeError, OverflowError):
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    return 0.0


def _broken(error: httpx.TransportError, where: str) -> Unreachable:
    text = "".join(c if c.isprintable() else " " for c in str(error))[:LONGEST_SAID]
    if "SSL" in text:
        remedy = "Check its certificate; if it has none on purpose, allow plain HTTP."
        what = f"no secure connection: {text}"
        return Unreachable(what, where=where, remedy=remedy, hopeless=True)
    return Unreachable(f"the connection failed: {text or 'broken off'}", where=where)


def _too_long(response: httpx.Response, size: int, limit: int) -> DataError:
    what = f"an answer of {size:,} bytes or more, where {limit:,} is the most"
    remedy = "Nothing was stored; ask who published the model."
    return DataError(what, where=response.url.host, remedy=remedy)
