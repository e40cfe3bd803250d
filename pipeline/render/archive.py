"""Office files are ZIP archives, which keep the time they were made; ours do not."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

DATE = dt.datetime(2000, 1, 1)
STAMP = (1980, 1, 1, 0, 0, 0)  # the first that ZIP knows


def dated(archive: bytes) -> bytes:
    """The archive with the same contents, its members at one fixed time."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.infolist():
            entry = zipfile.ZipInfo(member.filename, STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0  # the same on any system
            new.writestr(entry, old.read(member))
    return out.getvalue()
