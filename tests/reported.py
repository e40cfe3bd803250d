"""Reports to render: a small real one, and ones with all that could go wrong in it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from pipeline.report import (
    Disclosure,
    Figure,
    Plot,
    Report,
    Sentence,
    Series,
    Table,
)

SAMPLE = Path(__file__).parent / "fixtures" / "report"
LONG = "An answer that goes on and on " * 10  # 300 letters
EMOJI = "👩‍💻 Developers 🚀"
RIGHT_TO_LEFT = "أدوات الذكاء الاصطناعي (AI)"
HTML = "\"><script>alert(1)</script><img src=x onerror=alert(2)> & '"
TYPST = '#panic("run") *b* _i_ $x$ @ref <label> `raw` \\ // /* = h'
FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    '=HYPERLINK("http://x")',
    "\t=1",
    "=cmd|' /C calc'!A0",
)
WORDS = (LONG, EMOJI, RIGHT_TO_LEFT, HTML, TYPST, *FORMULAS)


def sample() -> Report:
    """The report that lies in the fixtures."""
    return msgspec.json.decode((SAMPLE / "report.json").read_bytes(), type=Report)


def with_words(words: str) -> Report:
    """The sample with the same words wherever a survey's own can stand."""
    report = sample()
    figure = with_categories((words, "Other"), report.sections[0].figures[0])
    figure = replace(
        figure,
        title=words,
        subtitle=words,
        question=words,
        alt=words,
        base=words,
        source=words,
        notes=(words,),
    )
    sentence = Sentence(id="s1", text=words, facts=("f1",), pattern="p")
    fact = replace(report.facts[0], id="f1", label=words, display=words, interval=words)
    section = replace(
        report.sections[0],
        title=words,
        author=words,
        summary=(sentence,),
        figures=(figure,),
    )
    return replace(
        report,
        title=words,
        survey=words,
        standfirst=words,
        notice=words,
        dates=words,
        respondents=words,
        sections=(section,),
        facts=(fact,),
        method=(words,),
        disclosure=(Disclosure(item=words, text=words),),
        provenance=((words, words),),
        citation=words,
        licence=words,
    )


def with_categories(names: tuple[str, ...], figure: Figure) -> Figure:
    """A figure of these categories; the last of several is suppressed."""
    values = [1 / (i + 2) for i, _ in enumerate(names)]
    shown: list[float | None] = [*values[:-1], None] if len(names) > 1 else [*values]
    texts = ["too few answers" if v is None else f"{v:.0%}" for v in shown]
    series = Series(
        name=names[0], values=tuple(shown), shown=tuple(texts), colours=("c-accent",)
    )
    plot = Plot(layout="bars", unit="share", categories=names, series=(series,))
    rows = tuple((n, t, "", "100") for n, t in zip(names, texts, strict=True))
    head = (names[0], "Share", "Interval", "n")
    table = Table(caption=names[0], header=head, rows=rows)
    return replace(figure, plot=plot, table=table)


def with_figures(*figures: Figure) -> Report:
    """The sample with these figures in its first section, and no other."""
    report = sample()
    section = replace(report.sections[0], figures=figures)
    return replace(report, sections=(section,))


def sixty() -> Report:
    """A figure of 60 categories."""
    names = tuple(f"Category number {i}" for i in range(60))
    return with_figures(with_categories(names, sample().sections[0].figures[0]))


def one() -> Report:
    """A figure of one category."""
    return with_figures(with_categories(("Only",), sample().sections[0].figures[0]))


def nothing_shown() -> Report:
    """A figure of which every value is suppressed."""
    figure = with_categories(("One", "Two"), sample().sections[0].figures[0])
    series = replace(
        figure.plot.series[0], values=(None, None), shown=("too few answers",) * 2
    )
    return with_figures(replace(figure, plot=replace(figure.plot, series=(series,))))


def unwritten() -> Report:
    """A report without a sentence: nobody worded anything."""
    report = sample()
    sections = tuple(replace(section, summary=()) for section in report.sections)
    return replace(report, sections=sections, facts=())


SHAPES = {
    "60 categories": sixty,
    "one": one,
    "nothing": nothing_shown,
    "no text": unwritten,
}
