"""What each stage was made from, so that a run does again only what has changed.

`stages.json` in the build keeps, for each stage, a key and the digests of the files
that it made. The key covers the code, what of the definition the stage reads, and the
files it reads: the exports for the first stage, for the others what all before them
made. A stage is done again unless its key is the same and its files are as it left
them. So a stage that makes the same bytes again ends the work: those after it are kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from hashlib import file_digest, sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from pipeline.aside import link
from pipeline.definition import Survey
from pipeline.ingest.formats.parts import is_many, parts_of
from pipeline.project import replace_file

FILE = "stages.json"
# Made anew from the others, or by many runs: not what a stage is known by.
CACHES = ("warehouse.duckdb", "drafts", FILE)
SOURCES = (".py", ".sql", ".toml", ".html", ".css", ".js", ".typ")
ENGINES = ("duckdb", "numpy", "scipy", "typst", "python-pptx")

# What of the definition a stage does not read, by key: how the survey is spoken of, how
# exports are read, and what is done with answers later.
SPOKEN = frozenset({"title", "say", "base_say", "about", "notice"})
READING = frozenset(
    {"raw", "columns", "files", "format", "encoding", "delimiter", "sheet", "repair"}
    | {
        "header_rows",
        "unused",
        "drop",
        "separator",
        "duplicates",
        "unlisted",
        "patterns",
    }
)
LATER = frozenset({"crosses", "min_base", "breaks", "nets"})
WORDS = SPOKEN | READING | {"text", "label"}
UNREAD: dict[str, frozenset[str]] = {
    "ingest": SPOKEN | LATER | {"target", "weighting"},
    "weigh": WORDS | LATER,
    "estimate": WORDS,
    "find": WORDS,
}


class Stamp(msgspec.Struct, frozen=True):
    """How one stage was done: `made` has the digest of each file, by its name."""

    key: str
    made: dict[str, str]


class Source(msgspec.Struct, frozen=True):
    """An export as it was read: what tells that it is the same, and its digest."""

    size: int
    modified: int
    sha256: str


class Stamps(msgspec.Struct):
    """The stamps of a build, and the exports it was made from."""

    stages: dict[str, Stamp] = {}
    exports: dict[str, Source] = {}


class Work:
    """A run through the stages: what is kept, what was made again.

    `places` are the folders that may change, by label ("build" is the first), `moved`
    where each is made meanwhile.
    """

    def __init__(
        self,
        survey: Survey,
        raw: Path,
        places: Mapping[str, Path],
        moved: Mapping[Path, Path],
    ) -> None:
        self.survey, self.places = survey, places
        self.aside = {label: moved[place] for label, place in places.items()}
        self.last, self.now = _load(places["build"]), Stamps()
        self.now.exports = _exports(survey, raw, self.last.exports)
        self.seen: set[str] = set()
        self.key, self.worked = "", False

    def keep(self, stage: str, given: Iterable[str]) -> bool:
        """Link what the stage made last time, if it would make the same again."""
        self.key = self._key(stage, given)
        kept = self.last.stages.get(stage)
        if kept is None or kept.key != self.key:
            return False
        if {name: self._digest(self.places, name) for name in kept.made} != kept.made:
            return False
        caches = [f"build/{name}" for name in CACHES[:1]] if stage == "estimate" else []
        if not all(self._path(self.places, name).is_file() for name in caches):
            return False
        for name in (*kept.made, *caches):
            if name.startswith("build/"):
                link(self._path(self.places, name), self._path(self.aside, name))
        self.now.stages[stage] = kept
        self.seen |= set(kept.made)
        return True

    def done(self, stage: str, *, final: bool) -> None:
        """Note what the stage has made; if not `final`, it is done again next time."""
        self.worked = True
        fresh = sorted(set(self._listed()) - self.seen)
        made = {name: self._digest(self.aside, name) for name in fresh}
        self.now.stages[stage] = Stamp(self.key if final else "", made)
        self.seen |= set(made)

    def changed(self) -> dict[Path, Path]:
        """The folders to be put in place, and what was made for each."""
        if not self.worked and self.now == self.last:
            return {}
        content = msgspec.json.format(msgspec.json.encode(self.now))
        replace_file(self.aside["build"] / FILE, content)
        kept = {
            name.partition("/")[0]
            for stage, stamp in self.now.stages.items()
            if self.last.stages.get(stage) is stamp
            for name in stamp.made
        }
        return {
            place: self.aside[label]
            for label, place in self.places.items()
            if label == "build" or label not in kept
        }

    def _key(self, stage: str, given: Iterable[str]) -> str:
        read = _without(
            msgspec.to_builtins(self.survey), UNREAD.get(stage, frozenset())
        )
        if stage == "ingest":  # An option's label is a spelling in the export.
            read["dimension"] = _without(read["dimension"], frozenset({"label"}))
        parts = [_code(), msgspec.json.encode(read, order="sorted").decode(), *given]
        if not self.now.stages:
            parts += [f"{n} {s.sha256}" for n, s in sorted(self.now.exports.items())]
        for stamp in self.now.stages.values():
            parts += [f"{name} {made}" for name, made in sorted(stamp.made.items())]
        return sha256("\0".join(parts).encode()).hexdigest()

    def _listed(self) -> Iterator[str]:
        for label, folder in self.aside.items():
            for path in folder.rglob("*"):
                inside = path.relative_to(folder)
                if path.is_file() and inside.parts[0] not in CACHES:
                    yield f"{label}/{inside.as_posix()}"

    def _path(self, folders: Mapping[str, Path], name: str) -> Path:
        label, _, inside = name.partition("/")
        return folders[label] / inside if label in folders else Path()

    def _digest(self, folders: Mapping[str, Path], name: str) -> str:
        path = self._path(folders, name)
        return digest(path) if path.is_file() else ""


def _load(build: Path) -> Stamps:
    """The stamps of a build; none if there are none that can be read."""
    try:
        return msgspec.json.decode((build / FILE).read_bytes(), type=Stamps)
    except (FileNotFoundError, msgspec.DecodeError):
        return Stamps()


def _exports(
    survey: Survey, raw: Path, known: Mapping[str, Source]
) -> dict[str, Source]:
    """The exports of all waves; one that looks as it did is not read again.

    A file that is missing is left out: reading it will say so.
    """
    found = {}
    for name in (name for wave in survey.waves for name in wave.files):
        path, last = raw / name, known.get(name)
        if is_many(raw, name):
            parts = parts_of(raw, name)
            looks, content = (parts.size, parts.modified), parts.digest
        elif path.is_file():
            status = path.stat()
            looks = (status.st_size, status.st_mtime_ns)
            content = partial(digest, path)
        else:
            continue
        if last is not None and looks == (last.size, last.modified):
            found[name] = last
        else:
            found[name] = Source(*looks, content())
    return found


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as handle:
        return file_digest(handle, "sha256").hexdigest()


@cache
def _code() -> str:
    """The digest of the program and the versions of what computes and draws."""
    found = sha256(sys.version.encode())
    for name in ENGINES:
        found.update(f"{name} {version(name)}".encode())
    root = Path(str(files("pipeline")))
    for path in sorted(p for p in root.rglob("*") if p.suffix in SOURCES):
        found.update(path.read_bytes())
    return found.hexdigest()


def _without(value: Any, names: frozenset[str]) -> Any:
    """Plain data without the keys that are `names`, at any depth."""
    if isinstance(value, dict):
        return {k: _without(v, names) for k, v in value.items() if k not in names}
    if isinstance(value, list | tuple):
        return [_without(item, names) for item in value]
    return value
