"""CNCF ModelPack artifacts: read as they are published, and written on request.

Specification: https://github.com/modelpack/model-spec. Its config has no place for a
context size and names parameters `paramSize`; its layers say weight, configuration or
document, and what a file is follows from its name.
"""

from __future__ import annotations

import msgspec

from pipeline.errors import DataError
from pipeline.serving import artifact
from pipeline.serving.artifact import Config, Descriptor, ModelConfig

CNCF = "application/vnd.cncf.model."
ARTIFACT_TYPE = f"{CNCF}manifest.v1+json"
CONFIG = f"{CNCF}config.v1+json"
WEIGHT = f"{CNCF}weight.v1.raw"
WEIGHT_GGUF = f"{CNCF}weight.v1.gguf"
WEIGHT_CONFIG = f"{CNCF}weight.config.v1.raw"
DOCUMENT = f"{CNCF}doc.v1.raw"
ARCHIVES = (".tar", ".tar+gzip", ".tar+zstd")

# Docker's kinds of layer in ModelPack's words.
LAYERS = {
    artifact.GGUF: WEIGHT,
    artifact.PROJECTOR: WEIGHT,
    artifact.ADAPTER: WEIGHT,
    artifact.TEMPLATE: WEIGHT_CONFIG,
    artifact.LICENSE: DOCUMENT,
}


class _Model(msgspec.Struct, frozen=True, omit_defaults=True):
    architecture: str = ""
    format: str = ""
    param_size: str = msgspec.field(name="paramSize", default="")
    precision: str = ""
    quantization: str = ""


class _Descriptor(msgspec.Struct, frozen=True, omit_defaults=True):
    created_at: str = msgspec.field(name="createdAt", default="")
    family: str = ""
    name: str = ""


class _Layers(msgspec.Struct, frozen=True):
    type: str = "layers"
    diff_ids: tuple[str, ...] = msgspec.field(name="diffIds", default=())


class _Document(msgspec.Struct, frozen=True):
    descriptor: _Descriptor
    modelfs: _Layers
    config: _Model


def encode_config(config: Config) -> bytes:
    """A ModelPack config; raises `DataError` if a context size was asked for."""
    model = config.model
    if model.context_size is not None:
        raise no_context_size()
    document = _Document(
        _Descriptor(created_at=config.created, family=model.architecture),
        _Layers(diff_ids=config.diff_ids),
        _Model(
            architecture=model.architecture,
            format=model.format,
            param_size=model.parameters.lower(),
            quantization=model.quantization,
        ),
    )
    return artifact.encode(msgspec.to_builtins(document))


def no_context_size() -> DataError:
    """That ModelPack has no place for a context size."""
    what = "a ModelPack config cannot say a context size"
    return DataError(what, remedy="Leave it out, or package in Docker's format.")


def read_config(raw: bytes, where: str = "config") -> Config:
    """A ModelPack config in Docker's terms; raises `DataError`."""
    try:
        document = msgspec.json.decode(raw, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        what = f"not a ModelPack config: {error}"
        raise DataError(what, where=where, remedy=artifact.REFUSED) from None
    model = ModelConfig(
        format=document.config.format.lower(),
        quantization=document.config.quantization,
        parameters=document.config.param_size,
        architecture=document.config.architecture,
        size=document.config.param_size,
    )
    return Config(model, document.descriptor.created_at, document.modelfs.diff_ids)


def kind(layer: Descriptor) -> str:
    """Docker's media type for a layer of either format, by its name where need be.

    Archives and unknown types are returned as they are.
    """
    media, path = layer.media_type, layer.path.lower()
    if media == artifact.PROJECTOR_IN_SPEC:
        return artifact.PROJECTOR
    if media in (WEIGHT, WEIGHT_GGUF):
        return _weight(path, media == WEIGHT_GGUF)
    if media == WEIGHT_CONFIG and path.endswith(".jinja"):
        return artifact.TEMPLATE
    if media == DOCUMENT and "licen" in path.rpartition("/")[2]:
        return artifact.LICENSE
    return media


def _weight(path: str, gguf: bool) -> str:
    name = path.rpartition("/")[2]
    if "mmproj" in name:
        return artifact.PROJECTOR
    if "lora" in name and name.endswith(".gguf"):
        return artifact.ADAPTER
    return artifact.GGUF if gguf or name.endswith(".gguf") or not name else WEIGHT
