"""Where things are: the project folder, its surveys, builds and published reports."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pipeline.errors import Missing, NotFound, unwritable


class Project(msgspec.Struct, frozen=True):
    """A folder that holds `data/<survey>/survey.toml` and `reports/<report>.toml`.

    `moved` gives the folders that a run is making another place until it is done.
    """

    root: Path
    moved: dict[Path, Path] = {}

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """The nearest folder at or above `start` (default: here) with a survey."""
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if any(folder.glob("data/*/survey.toml")):
                return cls(folder)
        raise Missing(
            "no survey project here",
            where=str(here),
            remedy="Run this in the folder that holds data/<survey>/survey.toml.",
        )

    def surveys(self) -> list[str]:
        """The ids of the surveys defined here, in order."""
        return sorted(p.parent.name for p in self.root.glob("data/*/survey.toml"))

    def runnable(self) -> str:
        """The survey to name where any would do: the first whose exports are here."""
        known = self.surveys()
        return next((name for name in known if self.raw(name).is_dir()), known[0])

    def named(self, survey_id: str) -> str:
        """The survey named, or the only one there is; raises `NotFound`."""
        known = self.surveys()
        if not survey_id and len(known) > 1:
            raise NotFound("which survey?", remedy=f"There are: {', '.join(known)}.")
        name = survey_id or known[0]
        self.survey(name)
        return name

    def survey(self, survey_id: str) -> Path:
        """The folder of one survey; raises `NotFound`."""
        folder = self.root / "data" / survey_id
        if not (folder / "survey.toml").is_file():
            raise NotFound.among("survey", survey_id, self.surveys())
        return folder

    def definition(self, survey_id: str) -> Path:
        """The survey's definition."""
        return self.survey(survey_id) / "survey.toml"

    def raw(self, survey_id: str, override: Path | None = None) -> Path:
        """The folder of raw responses, which is never written to."""
        return override or self.survey(survey_id) / "raw"

    def build(self, survey_id: str) -> Path:
        """The folder that stages write; everything in it can be made again."""
        return self._at(self.survey(survey_id) / "build")

    def chosen(self, surveys: Sequence[str], what: str) -> str:
        """The one of these surveys, which all have `what`, that is meant.

        A survey that was built is rather meant than one that was not.
        """
        built = [s for s in surveys if (self.build(s) / "estimates.parquet").is_file()]
        meant = built or list(surveys)
        if len(meant) > 1:
            raise NotFound(
                f"{what} is in several surveys",
                remedy=f"Say which: --survey {' or '.join(meant)}",
            )
        return meant[0]

    def reports(self) -> list[Path]:
        """The report definitions, in order."""
        return sorted((self.root / "reports").glob("*.toml"))

    def published(self, wave: str, report: str) -> Path:
        """The folder in which one report is published."""
        return self._at(self.root / "reports" / wave / report)

    def _at(self, folder: Path) -> Path:
        return self.moved.get(folder, folder)

    def shown(self, path: Path) -> str:
        """`path` as a reader of messages and reports should see it."""
        inside = self.root in path.parents
        return os.path.relpath(path, self.root) if inside else str(path)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Trouble with files that are written to `folder`, as an error that says so."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(error.strerror or str(error), str(folder)) from None


def replace_file(path: Path, content: bytes) -> None:
    """Write aside and rename, so that `path` is always the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
