"""`stateof doctor`: is everything here that the work needs?"""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.columns import aligned
from pipeline.errors import Missing


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Each check, as JSON.")] = (
        False
    ),
) -> None:
    """Look for what this machine lacks, and say what to do about each.

    Status 3 if something needed is missing; what only some work needs is no fault.

    Example: stateof doctor
    """
    import msgspec

    from pipeline.doctor import examine

    found = examine()
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        rows = [(check.state, check.name, check.what) for check in found]
        head, *lines = aligned(("STATE", "WHAT", ""), rows).splitlines()
        print(head)
        for line, check in zip(lines, found, strict=True):
            print(f"{line}\n  → {check.remedy}" if check.remedy else line)
    missing = [check.name for check in found if check.state == "missing"]
    if missing:
        raise Missing(
            f"{len(missing)} needed: {', '.join(missing)}",
            remedy="What to do stands beside each.",
        )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)
