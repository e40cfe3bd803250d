"""Files → a model artifact: a GGUF, its shards, licences, chat template and the rest.

Layers are the files as they are, in Docker's order: weights, licences, template,
projector, adapters. The default is the plain form of the first published artifacts;
`describe` adds what Docker Model Runner writes today: the GGUF's metadata, its context
length, and file names.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Literal

import msgspec

from pipeline.errors import DataError
from pipeline.serving import artifact
from pipeline.serving.artifact import (
    Config,
    Descriptor,
    Manifest,
    ModelConfig,
    modelpack,
)
from pipeline.serving.artifact import facts as gguf_facts
from pipeline.serving.artifact.gguf import Header, read_header

Form = Literal["v0.1", "v0.2", "cncf"]

CONFIG_TYPES = {
    "v0.1": artifact.CONFIG_V01,
    "v0.2": artifact.CONFIG_V02,
    "cncf": modelpack.CONFIG,
}
SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")
RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII
)
LARGEST_TEXT = 16 << 20
LARGEST_CONTEXT = (1 << 31) - 1


class Source(msgspec.Struct, frozen=True):
    """A layer and the file that is to become it."""

    layer: Descriptor
    path: Path


class Package(msgspec.Struct, frozen=True):
    """An artifact ready to be stored or pushed."""

    manifest: Manifest
    config: bytes
    sources: tuple[Source, ...]


def package(
    weights: Path,
    *,
    licenses: Sequence[Path] = (),
    template: Path | None = None,
    projector: Path | None = None,
    adapters: Sequence[Path] = (),
    context_size: int | None = None,
    created: str | None = None,
    form: Form = "v0.1",
    describe: bool = False,
) -> Package:
    """Package a GGUF file (any shard stands for all) with what belongs to it.

    `created` is an RFC 3339 time, by default now or SOURCE_DATE_EPOCH. Raises
    `DataError` for a file that is unsound, missing or of the wrong kind.
    """
    files = shards(weights)
    headers = tuple(_sound(file, "model") for file in files)
    _check_split(headers, files)
    for adapter in adapters:
        _sound(adapter, "adapter")
    for text in (*licenses, *([template] if template else [])):
        _check_text(text)
    kinds = [(artifact.GGUF, file) for file in files]
    kinds += [(artifact.LICENSE, file) for file in licenses]
    kinds += [(artifact.TEMPLATE, template)] if template else []
    kinds += [(artifact.PROJECTOR, projector)] if projector else []
    kinds += [(artifact.ADAPTER, file) for file in adapters]
    sources = _sources(kinds, form, named=describe or form != "v0.1")
    described = describe and form != "cncf"
    size = None if context_size is None else _context(context_size)
    model = _model(headers, size, described)
    diff_ids = tuple(source.layer.digest for source in sources)
    return _packed(Config(model, _created(created), diff_ids), sources, form)


def with_context(manifest: Manifest, config: bytes, context_size: int) -> Package:
    """The same layers under a config with another context size: a new model.

    Raises `DataError` for a ModelPack artifact, which cannot say it.
    """
    media = manifest.config.media_type
    if media == modelpack.CONFIG:
        raise modelpack.no_context_size()
    artifact.read_config(config, manifest.config.digest)
    raw = artifact.with_context(config, _context(context_size))
    named = Descriptor(media, len(raw), artifact.digest_of(raw))
    written = artifact.write_manifest(named, manifest.layers, manifest.artifact_type)
    return Package(written, raw, ())


def shards(path: Path) -> tuple[Path, ...]:
    """All shards of the model that this file is of, in order: itself if it is whole.

    Raises `DataError` where one is missing.
    """
    match = SHARD.fullmatch(path.name)
    if not match:
        return (path,)
    count = int(match["count"])
    stem = match["stem"]
    files = [
        path.with_name(f"{stem}-{number:05}-of-{count:05}.gguf")
        for number in range(1, count + 1)
    ]
    missing = [file.name for file in files if not file.is_file()]
    if missing or not files:
        listed = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        what = f"{len(missing)} of {count} shards are missing: {listed}"
        remedy = "Put all shards of the model in one folder."
        raise DataError(what, where=str(path.parent), remedy=remedy)
    return tuple(files)


def _sound(path: Path, kind: Literal["model", "adapter"]) -> Header:
    _regular(path)
    header = read_header(path)
    is_adapter = header.text("general.type") == "adapter"
    if header.version == 1:
        what = "GGUF version 1 is no longer loaded by llama.cpp"
        remedy = "Convert the model again to version 3."
        raise DataError(what, where=str(path), remedy=remedy)
    if is_adapter != (kind == "adapter"):
        found = "a LoRA adapter" if is_adapter else "no LoRA adapter"
        remedy = "Give the model as the model, and adapters as adapters."
        raise DataError(f"this is {found}", where=str(path), remedy=remedy)
    return header


def _check_split(headers: Sequence[Header], files: Sequence[Path]) -> None:
    """That the files are the shards of one model, each in its place."""
    for index, (header, file) in enumerate(zip(headers, files, strict=True)):
        count = header.number("split.count") or 1
        number = header.number("split.no") or 0
        if count != len(files) or (count > 1 and number != index):
            what = (
                f"it is shard {number + 1} of {count}, not {index + 1} of {len(files)}"
            )
            remedy = "Shards are named NAME-00001-of-00003.gguf and so on."
            raise DataError(what, where=str(file), remedy=remedy)


def _check_text(path: Path) -> None:
    """That a licence or template is text of a sane size."""
    _regular(path)
    remedy = "Licences and chat templates are UTF-8 text."
    if path.stat().st_size > LARGEST_TEXT:
        what = f"it is longer than {LARGEST_TEXT >> 20} MiB"
        raise DataError(what, where=str(path), remedy=remedy)
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise DataError(f"not text: {error}", where=str(path), remedy=remedy) from None


def _regular(path: Path) -> None:
    if not path.is_file():
        remedy = "Name a file that exists."
        raise DataError("there is no such file", where=str(path), remedy=remedy)


def _sources(
    kinds: Sequence[tuple[str, Path]], form: Form, named: bool
) -> tuple[Source, ...]:
    names = _distinct([path.name for _, path in kinds])
    return tuple(
        _source(
            modelpack.LAYERS[kind] if form == "cncf" else kind,
            path,
            {artifact.UNTESTED: "false", artifact.FILE_PATH: name} if named else {},
        )
        for (kind, path), name in zip(kinds, names, strict=True)
    )


def _source(media: str, path: Path, annotations: dict[str, str]) -> Source:
    _regular(path)
    with path.open("rb") as handle:
        digest = f"sha256:{file_digest(handle, 'sha256').hexdigest()}"
        size = handle.tell()
    layer = Descriptor(media, size, digest, annotations)
    artifact.check_descriptor(layer, str(path))
    return Source(layer, path)


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered where one comes again: two files named LICENSE."""
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        path = Path(name)
        again = f"{path.stem}-{seen[name]}{path.suffix}"
        distinct.append(again if seen[name] > 1 else name)
    return distinct


def _model(
    headers: Sequence[Header], context_size: int | None, describe: bool
) -> ModelConfig:
    own = gguf_facts.context_length(headers) if describe else None
    return ModelConfig(
        format="gguf",
        quantization=gguf_facts.quantization(headers),
        parameters=gguf_facts.parameters(headers),
        architecture=gguf_facts.architecture(headers),
        size=gguf_facts.size(headers),
        gguf=gguf_facts.described(headers) if describe else {},
        context_size=own if context_size is None else context_size,
    )


def _packed(config: Config, sources: tuple[Source, ...], form: Form) -> Package:
    encode: Callable[[Config], bytes] = artifact.encode_config
    kind = ""
    if form == "cncf":
        encode, kind = modelpack.encode_config, modelpack.ARTIFACT_TYPE
    raw = encode(config)
    named = Descriptor(CONFIG_TYPES[form], len(raw), artifact.digest_of(raw))
    layers = tuple(source.layer for source in sources)
    return Package(artifact.write_manifest(named, layers, kind), raw, sources)


def _context(size: int) -> int:
    if not 0 < size <= LARGEST_CONTEXT:
        remedy = f"Give a number of tokens from 1 to {LARGEST_CONTEXT:,}."
        raise DataError(f"a context size of {size} is not possible", remedy=remedy)
    return size


def _created(given: str | None) -> str:
    """The time as given, or now: RFC 3339 as Go writes it, without idle zeros."""
    if given is not None:
        if not RFC3339.fullmatch(given):
            remedy = "Write it like 2025-03-26T09:57:32Z."
            raise DataError(f"'{given}' is not a time", remedy=remedy)
        return given
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    text = now.replace(tzinfo=None).isoformat()
    return f"{text.rstrip('0') if '.' in text else text}Z"
