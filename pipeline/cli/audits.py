"""`stateof audit`: whether what is hidden can be worked out of what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.names import SurveyArgument
from pipeline.errors import SurveyError
from pipeline.project import Project

if TYPE_CHECKING:
    from pipeline.estimates.audit_case import Bound


def audit(
    survey: SurveyArgument = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="The bounds of each, as JSON.")
    ] = False,
) -> None:
    """Try to work out, by linear programming, what a survey hides.

    Example: stateof audit state-of-app-dev
    """
    import msgspec

    from pipeline.analysis import open_survey
    from pipeline.estimates.audit import audit as audit_bases
    from pipeline.estimates.audit_answers import audit_answers
    from pipeline.talk import Talk

    project = Project.find()
    built = open_survey(project.named(survey), project.root)
    with Talk() as talk:
        talk.stage("bases")
        bases = audit_bases(built.survey, built.build, talk.step)
        talk.stage("answers")
        hidden, told = audit_answers(built.survey, built.build, talk.step)
    leaks = [*(bound for bound in bases if not bound.safe), *told]
    if as_json:
        found = {"bases": bases, "hidden_answers": hidden, "answers": told}
        print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        print(f"{len(bases):,} bases are hidden, and {hidden:,} counts of answers.")
        print("\n".join(map(_said, leaks)) or "None can be worked out.")
    if leaks:
        raise SurveyError(
            f"{len(leaks)} hidden figures can be worked out, or nearly",
            where=project.shown(built.build / "estimates.parquet"),
            remedy="Do not publish it. Group small domains, or raise min_base.",
        )


def _said(bound: Bound) -> str:
    where = f"{bound.wave} {bound.question} by {bound.by or 'nothing'}: {bound.domain}"
    ends = f"{bound.low:g}" + (f" to {bound.high:g}" if bound.high > bound.low else "")
    if bound.term:
        return f"{where}: {ends} answered {bound.term}"
    return f"{where}: n is {ends}"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(audit)
