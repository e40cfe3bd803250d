"""`stateof codes`: what free texts name, and what no list has yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.errors import NotFound
from pipeline.project import Project

if TYPE_CHECKING:
    from pipeline.codes import Coding

MOST = 40  # texts that are printed; --json has all


def codes(
    question: Annotated[str, typer.Argument(help="An open question's id.")],
    wave: Annotated[str, typer.Option(help="The wave; the latest if left out.")] = "",
    survey: Annotated[
        str, typer.Option("--survey", help="The survey, if several have this question.")
    ] = "",
    draft: Annotated[
        bool, typer.Option("--draft", help="Print entities for what is not listed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All, as JSON.")] = False,
) -> None:
    """How free text was coded, and what is often written besides.

    Example: stateof codes other_tools --draft > entities-tools.toml
    """
    import msgspec

    from pipeline.codes import coding
    from pipeline.drafting.entities import drafted
    from pipeline.load import load_surveys

    project = Project.find()
    if survey:
        project.named(survey)
    known = {n: s for n, s in load_surveys(project) if survey in ("", n)}
    having = [n for n, s in known.items() if question in {q.id for q in s.questions}]
    if not having:
        names = {q.id for s in known.values() for q in s.questions}
        raise NotFound.among("question", question, names)
    owner = project.chosen(having, f"the question {question}")
    definition = known[owner]
    columns = definition.question(question).columns
    asked = [w.id for w in definition.waves if w.id in columns]
    if wave and wave not in asked:
        raise NotFound.among("wave that asked it", wave, asked)
    found = coding(definition, question, wave or asked[-1], project.build(owner))
    if draft:
        print(drafted(found), end="")
    elif as_json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        print(shown(found))


def shown(found: Coding) -> str:
    """The report for a terminal."""
    share = 100 * found.coded / max(found.answered, 1)
    parts = [f"{found.question}, {found.wave}: {found.answered:,} answered"]
    if found.named:
        parts[0] += f"; {found.coded:,} of them ({share:.0f} %) named what is listed"
        width = max(len(n.label) for n in found.named)
        parts += ["", *(
            f"{n.label:<{width}}  {n.respondents:>7,}"
            f"  {100 * n.respondents / max(found.answered, 1):5.1f} %"
            for n in found.named
        )]  # fmt: skip
    if found.uncoded:
        parts += ["", "not listed:"]
        width = max(len(f.text) for f in found.uncoded[:MOST])
        parts += [
            f"  {f.text:<{width}}  {f.respondents:>7,}" for f in found.uncoded[:MOST]
        ]
    more = len(found.uncoded) - MOST
    parts += [f"  … and {more:,} more"] if more > 0 else []
    few = f"{found.rare:,} more texts and words are not shown"
    parts += ["", f"{few}: fewer than {found.least} wrote each"]
    return "\n".join(parts)
