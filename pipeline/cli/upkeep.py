"""Looking after the store: is every model whole, and what takes room for nobody."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.columns import aligned, size
from pipeline.errors import DataError

if TYPE_CHECKING:
    from pipeline.serving.store import Store
    from pipeline.serving.store.check import Problem

HARM = ("missing", "damaged", "index")
HEAD = ("PROBLEM", "MODEL ID", "PATH", "WHY")


def register(model: typer.Typer) -> None:
    """Add these to `stateof model`."""
    for command in (prune, check):
        model.command()(command)


def opened() -> Store:
    """The store of this user's models."""
    from pipeline.serving.places import models_folder
    from pipeline.serving.store import open_store

    return open_store(models_folder())


def prune(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Delete what no model uses, and transfers that were broken off.

    Example: stateof model prune
    """
    from pipeline.serving.store.remove import gc

    freed = gc(opened(), unfinished=True)
    if as_json:
        print(json.dumps({"files": freed.files, "bytes": freed.bytes}))
    else:
        print(f"Freed {size(freed.bytes)} in {_files(freed.files)}.")


def check(
    repair: Annotated[
        bool, typer.Option(help="Delete damaged files, so that a pull brings them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Read all models, and list what is damaged or missing.

    Status 1 if anything is.

    Example: stateof model check
    """
    from pipeline.serving.store.check import fsck
    from pipeline.serving.store.remove import discard_damaged

    store = opened()
    for problem in discard_damaged(store) if repair else ():
        print(f"Deleted: {problem.path}", file=sys.stderr if as_json else sys.stdout)
    found = fsck(store, verify=not repair)  # to repair, all has just been read
    harm = [problem for problem in found if problem.kind in HARM]
    if as_json:
        print(json.dumps([_plain(problem) for problem in found], indent=1))
    else:
        _tell(harm, [problem for problem in found if problem.kind not in HARM])
    if harm:
        count = len({problem.model for problem in harm})
        what = f"{count} model{' is' if count == 1 else 's are'} not whole"
        remedy = "Pull or package them again" + (
            "." if repair else "; --repair deletes what is damaged first."
        )
        raise DataError(what, where=str(store.root), remedy=remedy)


def _tell(harm: Sequence[Problem], unused: Sequence[Problem]) -> None:
    if harm:
        print(aligned(HEAD, [_row(problem) for problem in harm]))
    if unused:
        room = f"{size(sum(one.size for one in unused))} in {_files(len(unused))}"
        print(f"No model uses {room}: stateof model prune frees that.")
    if not harm:
        print("All models are whole.")


def _plain(problem: Problem) -> dict[str, object]:
    import msgspec

    return msgspec.structs.asdict(problem)


def _row(problem: Problem) -> tuple[str, ...]:
    from pipeline.serving.artifact.reference import short_id

    return problem.kind, short_id(problem.model), problem.path, problem.why


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"
