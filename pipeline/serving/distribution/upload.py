"""One blob from a store to a registry.

    HEAD                        200: it is there already
    POST uploads?mount=&from=   201: taken over from another repository
    PUT  Location&digest=       201: sent in one piece
    PATCH …, PUT                in chunks, where one piece is not taken or breaks off

Each answer says where the upload goes on; only the last address of all is good.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urljoin

from pipeline.errors import DataError
from pipeline.serving.artifact import Descriptor
from pipeline.serving.distribution.answers import Refused, Unknown, Unreachable
from pipeline.serving.distribution.blobs import Meter
from pipeline.serving.distribution.registry import Registry, retried
from pipeline.serving.distribution.tokens import Denied
from pipeline.serving.distribution.transport import Answer, Call, ask, ask_once
from pipeline.serving.store import PULL_AGAIN
from pipeline.serving.store.blobs import blob_path, has_blob

PIECE = 1 << 20
CHUNK = 16 << 20
BYTES = "application/octet-stream"
NOT_IN_ONE_PIECE = (400, 405, 411, 413, 415, 501)
RECEIVED = re.compile(r"(?:bytes=)?0-(\d{1,19})", re.ASCII)


def send_blob(
    registry: Registry,
    repository: str,
    root: Path,
    blob: Descriptor,
    meter: Meter,
    elsewhere: str = "",
) -> None:
    """Bring a blob to a repository; one that is there, or `elsewhere`, is not sent.

    Raises `DataError` if the blob is not in the store or the registry finds it to be
    another, and as `transport.ask` does.
    """
    if not has_blob(root, blob):
        what = "a file of the model is missing"
        raise DataError(what, where=blob.digest, remedy=PULL_AGAIN)
    meter.at(blob, 0)
    if _is_there(registry, repository, blob):
        meter.at(blob, blob.size)
        return
    begun = _begin(registry, repository, blob, elsewhere)
    if begun.status == 201:
        meter.at(blob, blob.size)
        return
    path = blob_path(root, blob.digest)
    try:
        _send_whole(registry, repository, blob, path, meter, _next(begun))
        return
    except Unreachable as error:
        if error.hopeless:
            raise
    except Refused as error:
        if "DIGEST_INVALID" in error.what:
            what = "the registry finds the file to be another than its name says"
            raise DataError(what, where=blob.digest, remedy=PULL_AGAIN) from None
        if error.code not in NOT_IN_ONE_PIECE:
            raise
    chunks = partial(_send_chunks, registry, repository, blob, path, meter)
    retried(registry, chunks)


def writes(repository: str) -> str:
    """The scope that pushing to a repository takes."""
    return f"repository:{repository}:pull,push"


def _is_there(registry: Registry, repository: str, blob: Descriptor) -> bool:
    at = f"/v2/{repository}/blobs/{blob.digest}"
    try:
        answer = ask(registry, Call("HEAD", at, writes(repository)))
    except Unknown:
        return False
    return answer.headers.get("content-length", str(blob.size)) == str(blob.size)


def _begin(
    registry: Registry, repository: str, blob: Descriptor, source: str = ""
) -> Answer:
    """An upload begun; 201 if the registry took the blob over from `source`."""
    at, scope = f"/v2/{repository}/blobs/uploads/", writes(repository)
    if source:
        query = urlencode({"mount": blob.digest, "from": source})
        both = f"{scope} repository:{source}:pull"
        with suppress(Denied, Refused, Unknown):
            return ask(
                registry, Call("POST", f"{at}?{query}", both, expected=(201, 202))
            )
    return ask(registry, Call("POST", at, scope, expected=(202,)))


def _next(answer: Answer) -> str:
    """Where an upload goes on; raises `DataError`."""
    location = answer.headers.get("location", "")
    if not location:
        what = "the registry does not say where to upload"
        raise DataError(
            what,
            where=answer.url.partition("?")[0],
            remedy="Ask who runs the registry.",
        )
    return urljoin(answer.url, location)


def _closing(location: str, blob: Descriptor) -> str:
    joined = "&" if "?" in location else "?"
    return f"{location}{joined}{urlencode({'digest': blob.digest})}"


def _send_whole(
    registry: Registry,
    repository: str,
    blob: Descriptor,
    path: Path,
    meter: Meter,
    location: str,
) -> None:
    call = Call(
        "PUT",
        _closing(location, blob),
        writes(repository),
        headers={"Content-Type": BYTES, "Content-Length": str(blob.size)},
        body=partial(_read, path, 0, blob, blob.size, meter),
        expected=(201, 204),
        commit=True,
    )
    ask_once(registry, call)


def _send_chunks(
    registry: Registry, repository: str, blob: Descriptor, path: Path, meter: Meter
) -> None:
    answer, at = _begin(registry, repository, blob), 0
    least = answer.headers.get("oci-chunk-min-length", "")
    chunk = max(CHUNK, int(least) if least.isdecimal() else 0)
    scope = writes(repository)
    while at < blob.size:
        end = min(at + chunk, blob.size)
        headers = {
            "Content-Type": BYTES,
            "Content-Length": str(end - at),
            "Content-Range": f"{at}-{end - 1}",
        }
        body = partial(_read, path, at, blob, end - at, meter)
        call = Call("PATCH", _next(answer), scope, headers, body, (202, 204), True)
        answer = ask_once(registry, call)
        at = _received(answer, at, end)
    url = _closing(_next(answer), blob)
    ask_once(registry, Call("PUT", url, scope, expected=(201, 204), commit=True))


def _received(answer: Answer, start: int, end: int) -> int:
    """How many bytes the registry has, by its Range; raises `DataError` for a lie."""
    match = RECEIVED.fullmatch(answer.headers.get("range", "").strip())
    if not match:
        return end
    received = int(match[1]) + 1
    if not start < received <= end:
        what = f"the registry says it has {received:,} bytes of {end:,}"
        raise DataError(
            what, where=answer.url.partition("?")[0], remedy="Push it again."
        )
    return received


def _read(
    path: Path, start: int, blob: Descriptor, length: int, meter: Meter
) -> Iterator[bytes]:
    """A part of a file, told as it goes out; raises `DataError`."""
    try:
        with path.open("rb") as handle:
            handle.seek(start)
            while length and (data := handle.read(min(PIECE, length))):
                yield data
                length -= len(data)
                start += len(data)
                meter.at(blob, start, len(data))
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise DataError(what, where=str(path), remedy=PULL_AGAIN) from None
    if length:
        what = f"{length:,} bytes of the file are missing"
        raise DataError(what, where=str(path), remedy=PULL_AGAIN)
