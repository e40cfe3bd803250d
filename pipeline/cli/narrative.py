"""Commands on text: a sentence's proof, answers, reading back, new patterns."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipeline.cli.names import sentences
from pipeline.errors import Missing, SurveyError
from pipeline.project import Project

JsonOption = Annotated[bool, typer.Option("--json", help="Everything, as JSON.")]


def explain(
    sentence: Annotated[
        str,
        typer.Argument(help="A sentence's id: ai.adoption.1", autocompletion=sentences),
    ],
    as_json: JsonOption = False,
) -> None:
    """The proof of a sentence: claim, tests, facts, estimates and SQL.

    Example: stateof explain ai.adoption.1
    """
    import msgspec

    from pipeline.narrative.explain import explain, shown

    proof = explain(Project.find(), sentence)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(proof), indent=1).decode())
    else:
        print(shown(proof))


def ask(
    question: Annotated[str, typer.Argument(help="A question, in your own words.")],
    survey: Annotated[str, typer.Option(help="Ask only this survey.")] = "",
    endpoint: Annotated[
        str, typer.Option(help="An endpoint with /embeddings, to compare meanings.")
    ] = "",
    model: Annotated[str, typer.Option("--model", help="Its embedding model.")] = "",
    as_json: JsonOption = False,
) -> None:
    """An answer in sentences that the estimates prove, or none.

    Example: stateof ask "How dependent are DevOps engineers on AI?"
    """
    import msgspec

    from pipeline.load import load_survey, load_surveys
    from pipeline.narrative.ask import ask
    from pipeline.narrative.meaning import similarity

    project = Project.find()
    if survey:
        known = [(survey, load_survey(project.definition(survey)))]
    else:
        known = list(load_surveys(project))
    places = [(each, project.build(name)) for name, each in known]
    built = [each for each in places if (each[1] / "estimates.parquet").is_file()]
    if not built:
        name = survey or project.surveys()[0]
        raise Missing("nothing has been built yet", remedy=f"Run: stateof run {name}")
    answer = ask(question, built, similarity(endpoint, model) if endpoint else None)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(answer), indent=1).decode())
    elif answer.sentences:
        print(" ".join(sentence.text for sentence in answer.sentences))
        print(f"\nAsked: {answer.asked}")
        for fact in answer.facts:
            interval = f", {fact.interval}" if fact.interval else ""
            print(f"  {fact.display}  {fact.label}{interval}, n {fact.n:,}  {fact.id}")
    else:
        print(f"No answer: {answer.reason}.")
        for near in answer.near:
            print(f"  {near.survey} asks: {near.text}  ({near.question})")
    if not answer.sentences:
        raise typer.Exit(1)


def propose(
    family: Annotated[str, typer.Argument(help="A family of the bank: trend_up")],
    endpoint: Annotated[str, typer.Option(help="An OpenAI-compatible endpoint.")],
    model: Annotated[str, typer.Option("--model", help="Its model.")] = "",
) -> None:
    """New patterns by a model, linted and tried; those that pass, to be approved.

    Example: stateof patterns propose trend_up --endpoint http://127.0.0.1:1234/v1
    """
    from pipeline.narrative.propose import as_toml
    from pipeline.narrative.propose import propose as proposed

    trials, name = proposed(family, endpoint, model)
    for trial in trials:
        for problem in trial.problems:
            print(f"refused: {trial.text}\n  {problem}", file=sys.stderr)
    if all(trial.problems for trial in trials):
        raise SurveyError("no proposal passed", remedy="Try a larger model.")
    print(as_toml(family, trials, name))


def prove(
    section: Annotated[str, typer.Argument(help="report.section: ai.adoption")],
    sentence: Annotated[str, typer.Argument(help="The sentence to read back.")],
) -> None:
    """Read a sentence of yours back, and mark what is not proved.

    Example: stateof prove ai.adoption "Among respondents, 22% use AI tools for work."
    """
    from pipeline.narrative.reading import read_back

    marked, troubles = read_back(Project.find(), section, sentence)
    print(marked)
    for trouble in troubles:
        print(f"  {trouble}", file=sys.stderr)
    if troubles:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(explain)
    app.command()(ask)
    app.command()(prove)
    patterns = typer.Typer(help="The bank of patterns.", no_args_is_help=True)
    patterns.command()(propose)
    patterns.callback()(_patterns)
    app.add_typer(patterns, name="patterns")


def _patterns() -> None:
    """The bank of patterns."""
