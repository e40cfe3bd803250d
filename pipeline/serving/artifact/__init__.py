"""A model as an OCI artifact: a manifest that names a config and layers by digest.

    manifest   {schemaVersion, mediaType, [artifactType], config, layers}
      config   {"config": what the model is, "descriptor": created, "rootfs": layers}
      layers   the files as they are: GGUF, licence, chat template, projector, LoRA

A model's ID is the sha256 of the manifest's bytes as they were received; nothing here
writes a manifest again that it has read. Written JSON is byte for byte what Docker's Go
code writes: compact, keys in a fixed order, maps sorted, `<`, `>` and `&` escaped.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.errors import DataError

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER = "application/vnd.docker.ai."
CONFIG_V01 = f"{DOCKER}model.config.v0.1+json"
CONFIG_V02 = f"{DOCKER}model.config.v0.2+json"
GGUF = f"{DOCKER}gguf.v3"
LICENSE = f"{DOCKER}license"
TEMPLATE = f"{DOCKER}chat.template.jinja"
PROJECTOR = f"{DOCKER}mmproj"
PROJECTOR_IN_SPEC = f"{DOCKER}gguf.v3.mmproj"
ADAPTER = f"{DOCKER}gguf.v3.lora"
FILE_PATH = "org.cncf.model.filepath"
UNTESTED = "org.cncf.model.file.mediatype.untested"

LARGEST_MANIFEST = 4 << 20
LARGEST_CONFIG = 16 << 20
MOST_LAYERS = 4096
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
REFUSED = "Ask who published the model for a sound copy; nothing was stored."


class Descriptor(msgspec.Struct, frozen=True, omit_defaults=True):
    """A blob: what kind it is, how long, and its digest. Field order is the wire's."""

    media_type: str = msgspec.field(name="mediaType")
    size: int
    digest: str
    annotations: dict[str, str] = {}

    @property
    def path(self) -> str:
        """The file's name as published, empty if none is given."""
        return self.annotations.get(FILE_PATH, "")


class Manifest(msgspec.Struct, frozen=True):
    """What a manifest says; `raw` are the bytes it was read from."""

    raw: bytes
    config: Descriptor
    layers: tuple[Descriptor, ...]
    artifact_type: str = ""

    @property
    def id(self) -> str:
        """The model's ID."""
        return digest_of(self.raw)

    @property
    def size(self) -> int:
        """Bytes of manifest, config and layers."""
        layers = sum(layer.size for layer in self.layers)
        return len(self.raw) + self.config.size + layers


class ModelConfig(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a model is. Field order is the wire's; empty fields are left out."""

    format: str = ""
    format_version: str = ""
    quantization: str = ""
    parameters: str = ""
    architecture: str = ""
    size: str = ""
    gguf: dict[str, str] = {}
    context_size: int | None = None


class Config(msgspec.Struct, frozen=True):
    """A config document: the model, when it was made, its layers' digests."""

    model: ModelConfig
    created: str
    diff_ids: tuple[str, ...]


def digest_of(data: bytes) -> str:
    """The digest by which these bytes are addressed."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def is_digest_of(digest: str, data: bytes) -> bool:
    """Whether these bytes are what the digest addresses."""
    algorithm, _, number = digest.partition(":")
    return hashlib.new(algorithm, data).hexdigest() == number


def encode(value: Any) -> bytes:
    """JSON as Go's encoder writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode("utf-8", "replace")


def encode_config(config: Config) -> bytes:
    """The bytes of a Docker config document."""
    model = msgspec.to_builtins(config.model)
    if config.model.gguf:
        model["gguf"] = dict(sorted(config.model.gguf.items()))
    return encode(
        {
            "config": model,
            "descriptor": {"created": config.created} if config.created else {},
            "rootfs": {"type": "rootfs", "diff_ids": list(config.diff_ids)},
        }
    )


def write_manifest(
    config: Descriptor, layers: tuple[Descriptor, ...], artifact_type: str = ""
) -> Manifest:
    """A new manifest of this config and these layers."""
    named = {"artifactType": artifact_type} if artifact_type else {}
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        **named,
        "config": _on_wire(config),
        "layers": [_on_wire(layer) for layer in layers],
    }
    return Manifest(encode(document), config, layers, artifact_type)


def read_manifest(raw: bytes, where: str = "manifest") -> Manifest:
    """The manifest in these bytes; raises `DataError` if it cannot be trusted."""
    document = _document(raw, LARGEST_MANIFEST, where)
    if document.get("schemaVersion") != 2 or "layers" not in document:
        raise _refused("not an OCI image manifest", where)
    try:
        config = msgspec.convert(document.get("config"), Descriptor)
        layers = msgspec.convert(document["layers"], tuple[Descriptor, ...])
    except msgspec.ValidationError as error:
        raise _refused(f"not an OCI image manifest: {error}", where) from None
    if not 0 < len(layers) <= MOST_LAYERS:
        raise _refused(f"it has {len(layers):,} layers", where)
    for blob in (config, *layers):
        check_descriptor(blob, where)
    return Manifest(raw, config, layers, str(document.get("artifactType") or ""))


def read_config(raw: bytes, where: str = "config") -> Config:
    """A Docker config document; fields of the wrong type raise `DataError`."""
    document = _document(raw, LARGEST_CONFIG, where)
    rootfs, descriptor = document.get("rootfs"), document.get("descriptor")
    ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    created = descriptor.get("created") if isinstance(descriptor, dict) else None
    given = document.get("config") or {}
    if not isinstance(given, dict):
        raise _refused("not a model's config", where)
    fields = {key: value for key, value in given.items() if value is not None}
    try:
        model = msgspec.convert(fields, ModelConfig)
        return Config(
            model=model,
            created=msgspec.convert(created or "", str),
            diff_ids=msgspec.convert(ids or (), tuple[str, ...]),
        )
    except msgspec.ValidationError as error:
        raise _refused(f"not a model's config: {error}", where) from None


def with_context(raw: bytes, context_size: int) -> bytes:
    """A Docker config document with another context size, all else as it is."""
    document = dict(_document(raw, LARGEST_CONFIG, "config"))
    document["config"] = (document.get("config") or {}) | {"context_size": context_size}
    return encode(document)


def check_digest(digest: str, where: str) -> str:
    """`digest`, if it may name a file in a store; raises `DataError`."""
    if not DIGEST.fullmatch(digest):
        raise _refused(f"'{digest[:80]}' is not a sha256 digest", where)
    return digest


def check_descriptor(blob: Descriptor, where: str) -> None:
    """That size, digest and file name are sound; raises `DataError`."""
    check_digest(blob.digest, where)
    if not 0 <= blob.size < 1 << 62:
        raise _refused(f"a blob's size is {blob.size}", where)
    if blob.path and not safe_path(blob.path):
        raise _refused(
            f"the file name '{blob.path[:80]}' leads out of its folder", where
        )


def safe_path(path: str) -> bool:
    """Whether a published file name stays within the folder it is put in."""
    parts = path.replace("\\", "/").split("/")
    plain = all(part not in ("", ".", "..") for part in parts)
    return plain and path.isprintable() and ":" not in parts[0] and len(path) <= 1024


def _on_wire(blob: Descriptor) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(blob)
    if blob.annotations:
        document["annotations"] = dict(sorted(blob.annotations.items()))
    return document


def _document(raw: bytes, most: int, where: str) -> Mapping[str, Any]:
    if len(raw) > most:
        raise _refused(f"it is {len(raw):,} bytes long (at most {most:,})", where)
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(f"not JSON: {error}", where) from None
    if not isinstance(document, dict):
        raise _refused("not a JSON object", where)
    return document


def _refused(what: str, where: str) -> DataError:
    return DataError(what, where=where, remedy=REFUSED)
