"""Respondents' ids as a keyed hash, so that one person's waves can be joined.

HMAC-SHA-256 (RFC 2104) of the id, of which half is kept. Who has the key can say whose
an answer is, by trying ids; who has not, cannot. Without a key there are no pseudonyms:
the warehouse counts rows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import Missing, SurveyError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PSEUDONYM = "_pseudonym"
KEY, KEY_FILE = "STATEOF_ID_KEY", "STATEOF_ID_KEY_FILE"
SHORTEST = 32  # bytes of a key; shorter ones can be guessed
BLOCK, DIGITS = 64, 32  # bytes of a block of SHA-256, hexadecimal digits that are kept


def id_key(project: Path, told: Mapping[str, str] = os.environ) -> bytes:
    """The key that the environment has, or the file it names; empty without.

    Raises `SurveyError` for a key that is short or lies where it may be published.
    """
    if key := told.get(KEY, ""):
        return _long_enough(key.encode(), KEY)
    if not told.get(KEY_FILE):
        return b""
    path = Path(told[KEY_FILE]).expanduser().resolve()
    if path.is_relative_to(project.resolve()):
        raise SurveyError(
            "the key of respondents' ids lies in the project",
            where=str(path),
            remedy="Put it where only you can read it, and is not published.",
        )
    try:
        return _long_enough(path.read_bytes().strip(), str(path))
    except OSError as error:
        raise Missing(
            f"the key of respondents' ids cannot be read: {error.strerror}",
            where=str(path),
            remedy=f"Set {KEY_FILE} to a file that has it.",
        ) from None


def _long_enough(key: bytes, where: str) -> bytes:
    if len(key) >= SHORTEST:
        return key
    raise SurveyError(
        f"the key of respondents' ids has {len(key)} bytes; it needs {SHORTEST}",
        where=where,
        remedy="Make one: openssl rand -hex 32",
    )


def pseudonymise(con: DuckDBPyConnection, key: bytes, column: int) -> None:
    """Add to `places` what stands for the ids that are in a column of `raw`."""
    padded = (key if len(key) <= BLOCK else sha256(key).digest()).ljust(BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded) for pad in (0x36, 0x5C))
    con.execute(
        f"CREATE OR REPLACE TABLE places AS SELECT places.*, left(sha256($outer ||"
        f" unhex(sha256($inner || encode(trim(c{column}))))), {DIGITS}) AS {PSEUDONYM}"
        " FROM places JOIN raw USING (respondent)",
        {"inner": inner, "outer": outer},
    )
