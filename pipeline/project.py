"""Where things are: the project folder, its surveys, builds and published reports."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from pipeline.errors import Missing, NotFound


class Project(msgspec.Struct, frozen=True):
    """A folder that holds `data/<survey>/survey.toml` and `reports/<report>.toml`."""

    root: Path

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
        return self.survey(survey_id) / "build"

    def reports(self) -> list[Path]:
        """The report definitions, in order."""
        return sorted((self.root / "reports").glob("*.toml"))

    def published(self, wave: str, report: str) -> Path:
        """The folder in which one report is published."""
        return self.root / "reports" / wave / report

    def shown(self, path: Path) -> str:
        """`path` as a reader of messages and reports should see it."""
        inside = self.root in path.parents
        return os.path.relpath(path, self.root) if inside else str(path)


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
