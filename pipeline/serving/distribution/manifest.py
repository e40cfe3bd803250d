"""A model's manifest and config from and to a registry, as the bytes they are.

What comes is bounded in length, must be of a known kind, and be what its digest says.
"""

from __future__ import annotations

import msgspec

from pipeline.errors import DataError
from pipeline.serving import artifact
from pipeline.serving import store as stores
from pipeline.serving.artifact import Config, Descriptor, Manifest, modelpack
from pipeline.serving.artifact.reference import Reference
from pipeline.serving.distribution.answers import Unknown
from pipeline.serving.distribution.registry import Registry
from pipeline.serving.distribution.transport import Answer, Call, ask
from pipeline.serving.distribution.upload import writes
from pipeline.serving.store import Unsupported

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
# Without OCI's type here, registries answer 404 for what they have.
ACCEPT = ", ".join((artifact.OCI_MANIFEST, DOCKER_MANIFEST, *INDEXES))


class Remote(msgspec.Struct, frozen=True):
    """A model as a registry has it."""

    reference: Reference
    manifest: Manifest
    raw_config: bytes
    config: Config


def resolved(registry: Registry, reference: Reference) -> Remote:
    """What the registry has under this name; raises as `distribution.resolve`."""
    manifest = _get_manifest(registry, reference)
    _check_kinds(manifest)
    raw = _get_config(registry, reference.repository, manifest.config)
    return Remote(reference, manifest, raw, stores.read_config(manifest, raw))


def _get_manifest(registry: Registry, reference: Reference) -> Manifest:
    """The manifest, as the bytes that came; raises `DataError` for another's."""
    at = f"/v2/{reference.repository}/manifests/{reference.digest or reference.tag}"
    scope = f"repository:{reference.repository}:pull"
    call = Call("GET", at, scope, headers={"Accept": ACCEPT})
    answer = ask(registry, call, artifact.LARGEST_MANIFEST)
    _check_manifest_type(answer, reference)
    wanted = reference.digest or answer.headers.get("docker-content-digest", "")
    if artifact.DIGEST.fullmatch(wanted) and not artifact.is_digest_of(
        wanted, answer.body
    ):
        what = f"the manifest that came is not {wanted}"
        raise DataError(what, where=reference.short, remedy=artifact.REFUSED)
    return artifact.read_manifest(answer.body, reference.short)


def _check_manifest_type(answer: Answer, reference: Reference) -> None:
    media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media in (artifact.OCI_MANIFEST, DOCKER_MANIFEST):
        return
    remedy = "Name an artifact that is a model."
    what = f"not a manifest: its type is '{media[:100]}'"
    if media in INDEXES:
        what = "a list of several artifacts, not a model"
        remedy = "Name one of them by its digest."
    raise Unsupported(what, where=reference.short, remedy=remedy)


def _check_kinds(manifest: Manifest) -> None:
    """That it is a model, with weights in GGUF; raises `Unsupported`."""
    media = manifest.config.media_type
    if media not in stores.CONFIG_READERS:
        what = f"not a model: its config is of type '{media[:100]}'"
        known = " or ".join(stores.CONFIG_READERS)
        raise Unsupported(what, where=manifest.id, remedy=f"Models have {known}.")
    if all(modelpack.kind(layer) != artifact.GGUF for layer in manifest.layers):
        types = sorted({layer.media_type[:100] for layer in manifest.layers})
        what = f"it has no weights in GGUF, but {', '.join(types[:5])}"
        remedy = "Look for the same model in GGUF."
        raise Unsupported(what, where=manifest.id, remedy=remedy)


def _get_config(registry: Registry, repository: str, config: Descriptor) -> bytes:
    at = f"/v2/{repository}/blobs/{config.digest}"
    if config.size > artifact.LARGEST_CONFIG:
        what = f"its config is {config.size:,} bytes long"
        raise DataError(what, where=config.digest, remedy=artifact.REFUSED)
    call = Call("GET", at, f"repository:{repository}:pull")
    try:
        raw = ask(registry, call, config.size).body
    except Unknown:
        what = "the registry does not have the config that the manifest names"
        raise DataError(what, where=config.digest, remedy=artifact.REFUSED) from None
    if not artifact.is_digest_of(config.digest, raw):
        what = f"the config that came has the digest {artifact.digest_of(raw)}"
        raise DataError(what, where=config.digest, remedy=artifact.REFUSED)
    return raw


def put_manifest(registry: Registry, reference: Reference, manifest: Manifest) -> None:
    """Name the model in the registry; raises `DataError` if it names another."""
    at = f"/v2/{reference.repository}/manifests/{reference.digest or reference.tag}"
    media = msgspec.json.decode(manifest.raw).get("mediaType") or artifact.OCI_MANIFEST
    call = Call(
        "PUT",
        at,
        writes(reference.repository),
        headers={"Content-Type": str(media)},
        body=manifest.raw,
        expected=(200, 201, 202),
        commit=True,
    )
    said = ask(registry, call).headers.get("docker-content-digest", manifest.id)
    if said.startswith("sha256:") and said != manifest.id:
        what = f"the registry keeps the manifest as {said}"
        remedy = "It changes what it is given: use another registry."
        raise DataError(what, where=manifest.id, remedy=remedy)
