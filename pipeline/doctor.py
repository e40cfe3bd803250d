"""What this machine has and lacks for the work, each lack with its remedy.

    ok        it is there
    missing   the reports cannot be made without it
    absent    only some of the work needs it: a GPU, the tests, real surveys

Nothing is changed, but for a file that is written where one will have to be, and
deleted again.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

import msgspec

from pipeline.errors import Missing, SurveyError
from pipeline.project import Project

State = Literal["ok", "missing", "absent"]
OLDEST = (3, 11)
ROOM = 1 << 30  # bytes free; a survey of 65,000 takes a third of that
FONTS = ("Liberation Sans", "Arial")  # what drawings are laid out for
CHROMIUM = Path("/usr/bin/chromium")
TESTS = ("npm", "skopeo", "curl")


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked for, what was found, and what to do if it lacks."""

    name: str
    state: State
    what: str
    remedy: str = ""


def examine() -> list[Check]:
    """Every check, in the order in which things are needed."""
    looks: tuple[Callable[[], Iterator[Check]], ...] = (
        _python,
        _packages,
        _typesetting,
        _engine,
        _weights,
        _store,
        _service,
        _project,
        _shared,
        _tests,
    )
    return [check for look in looks for check in look()]


def _python() -> Iterator[Check]:
    found = platform.python_version()
    if sys.version_info >= OLDEST:
        yield Check("Python", "ok", f"{found} at {sys.executable}")
    else:
        oldest = ".".join(map(str, OLDEST))
        remedy = f"Install Python {oldest} or newer, then: make runtime PYTHON=…"
        yield Check("Python", "missing", f"{found}; {oldest} is needed", remedy)


def _packages() -> Iterator[Check]:
    from packaging.requirements import Requirement

    wanted = [Requirement(text) for text in requires("stateof") or ()]
    needed = [r for r in wanted if not r.marker or r.marker.evaluate({"extra": ""})]
    wrong = [text for text in map(_lacking, needed) if text]
    if wrong:
        yield Check("packages", "missing", ", ".join(wrong), "Run: make runtime")
    else:
        yield Check("packages", "ok", f"all {len(needed)} are installed")


def _lacking(wanted: object) -> str:
    """Why a requirement does not hold, if it does not."""
    from packaging.requirements import Requirement

    assert isinstance(wanted, Requirement)
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is not installed"
    if wanted.specifier.contains(found, prereleases=True):
        return ""
    return f"{wanted.name} is {found} and not {wanted.specifier}"


def _typesetting() -> Iterator[Check]:
    """Typst sets PDFs and draws pictures, with the fonts that a machine has."""
    from pipeline.charts.picture import fonts

    try:
        families = fonts().families()
    except ImportError as error:
        yield Check("PDF", "missing", str(error), "Run: make runtime")
        return
    yield Check("PDF", "ok", f"Typst {version('typst')}, {len(families)} fonts")
    named = [font for font in FONTS if font in families]
    if named:
        yield Check("fonts", "ok", named[0])
    else:
        what = f"neither {' nor '.join(FONTS)}: another font is in PDFs and pictures"
        remedy = "On Debian and Ubuntu: apt-get install fonts-liberation"
        yield Check("fonts", "absent", what, remedy)


def _engine() -> Iterator[Check]:
    """The engine that drafts, and for a GPU that it does not use, what would."""
    from pipeline.serving.runner.doctor import build, command, gpus

    try:
        found = build()
    except Missing as error:
        yield Check("model engine", "missing", error.what, "Run: make runtime")
        return
    uses = "GPU and CPU" if found.gpu else "CPU only"
    yield Check("model engine", "ok", f"llama-cpp-python {found.version}: {uses}")
    kinds = [] if found.gpu else gpus()
    for kind in kinds[:1]:
        what = f"this machine has {kind}, and the engine does not use it"
        yield Check("GPU build", "absent", what, command(kind, found.version))
    if not kinds:
        what = "in use" if found.gpu else "no GPU here that another build would use"
        yield Check("GPU build", "ok", what)


def _weights() -> Iterator[Check]:
    from pipeline.serving.embedded import EMBEDDED, find

    try:
        path = find(EMBEDDED)
    except Missing as error:
        yield Check("draft model", "missing", error.what, error.remedy)
    else:
        size = f"{path.stat().st_size / 1e6:.0f} MB"
        yield Check("draft model", "ok", f"{EMBEDDED.name}, {size}")


def _store() -> Iterator[Check]:
    from pipeline.serving.places import models_folder
    from pipeline.serving.store import entries, open_store

    folder = models_folder()
    try:
        count = len(entries(open_store(folder)))
    except SurveyError as error:
        yield Check("model store", "missing", f"{folder}: {error.what}", error.remedy)
        return
    yield Check("model store", "ok", f"{count} models in {folder}")
    yield from _place("model store", folder)


def _service() -> Iterator[Check]:
    from pipeline.serving.chat import NoAnswer
    from pipeline.serving.places import service_url
    from pipeline.serving.service import running

    url = service_url()
    try:
        found = running()
    except NoAnswer as error:
        remedy = "Set MODEL_RUNNER_HOST and STATEOF_API_KEY to those of your service."
        yield Check("model service", "absent", error.what, remedy)
        return
    if found:
        yield Check("model service", "ok", f"runs at {url}")
    else:
        what = f"none runs at {url}; a run starts one of its own"
        yield Check("model service", "absent", what, "To have one: stateof serve")


def _project() -> Iterator[Check]:
    try:
        project = Project.find()
    except Missing as error:
        yield Check("project", "absent", error.what, error.remedy)
        return
    count = len(project.surveys())
    yield Check("project", "ok", f"{count} surveys in {project.root}")
    folders = [project.survey(name) for name in project.surveys()]
    for folder in (project.root, *folders, project.root / "reports"):
        yield from _place("project", folder, room=folder == project.root)


def _place(name: str, folder: Path, *, room: bool = True) -> Iterator[Check]:
    """Whether there can be written to a folder, and how much."""
    while not folder.is_dir():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        what = f"{folder} cannot be written to: {error.strerror}"
        yield Check(name, "missing", what, f"Run: chown -R $USER {folder}")
        return
    free = shutil.disk_usage(folder).free
    if not room:
        return
    said = f"{free / 1e9:.1f} GB free at {folder}"
    if free < ROOM:
        remedy = f"Make room: {ROOM / 1e9:.1f} GB or more. See: stateof model prune"
        yield Check("disk", "missing", said, remedy)
    else:
        yield Check("disk", "ok", said)


def _shared() -> Iterator[Check]:
    named = os.environ.get("STATEOF_SHARED")
    folder = Path(named or Path(__file__).parent.parent.parent / "shared")
    if folder.is_dir():
        yield Check("real surveys", "ok", f"STATEOF_SHARED is {folder}")
    else:
        what = f"{folder} is not here: some tests and one notebook are skipped"
        remedy = "Set STATEOF_SHARED to the folder with real surveys, if you have it."
        yield Check("real surveys", "absent", what, remedy)


def _tests() -> Iterator[Check]:
    """Programs that only tests and the documentation use."""
    if CHROMIUM.exists():
        yield Check("Chromium", "ok", str(CHROMIUM))
    else:
        what = f"no {CHROMIUM}: tests of pages are skipped"
        remedy = "On Debian and Ubuntu: apt-get install chromium"
        yield Check("Chromium", "absent", what, remedy)
    for program in TESTS:
        path = shutil.which(program)
        if path:
            yield Check(program, "ok", path)
        else:
            remedy = f"On Debian and Ubuntu: apt-get install {program}"
            yield Check(program, "absent", "some tests are skipped", remedy)
    try:
        yield Check("pytest", "ok", version("pytest"))
    except PackageNotFoundError:
        yield Check("pytest", "absent", "tests cannot be run", "Run: make dev")
