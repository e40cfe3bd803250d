"""Values as GBNF writes the JSON of them."""

from __future__ import annotations

import json
from typing import Any


def quoted(value: Any) -> str:
    """The JSON of a value, as a GBNF literal."""
    text = json.dumps(value, ensure_ascii=False)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
