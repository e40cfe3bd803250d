"""The proof of one sentence: claim, tests, facts, estimate rows, sums and their SQL.

Sums are taken again from the warehouse, and the estimate worked out from them, so that
the chain ends in what respondents answered and not in a copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from pipeline.definition import Question, Survey
from pipeline.errors import Missing, NotFound
from pipeline.load import load_survey
from pipeline.narrative.document import SectionText, read
from pipeline.narrative.patterns import pattern_text
from pipeline.project import Project
from pipeline.report import Claim, Fact, Sentence
from pipeline.warehouse import open_warehouse, statement

CLOSE = 1e-9


class Sums(msgspec.Struct, frozen=True):
    """What was added up in SQL, and the estimate that follows from it."""

    sql: str
    n: int
    weight: float
    answer_n: int
    answer_weight: float
    value: float
    agrees: bool


class FactProof(msgspec.Struct, frozen=True):
    """A fact with the sums under it; a mode or a place has those of its answers."""

    fact: Fact
    sums: Sums | None


class Explanation(msgspec.Struct, frozen=True):
    """Everything that one sentence rests on."""

    sentence: Sentence
    section: str
    pattern: str
    claim: Claim | None
    facts: tuple[FactProof, ...]


def explain(project: Project, sentence_id: str) -> Explanation:
    """The proof of a sentence of the last build; raises `NotFound`."""
    known: list[str] = []
    stale: list[Missing] = []  # builds of another version, of no matter if not meant
    for name in project.surveys():
        build = project.build(name)
        if not (build / "narrative.json").is_file():
            continue
        try:
            reports = read(build).reports
        except Missing as error:
            stale.append(error)
            continue
        for report in reports:
            for section in report.sections:
                known += [sentence.id for sentence in section.summary]
                found = [s for s in section.summary if s.id == sentence_id]
                if found:
                    survey = load_survey(project.definition(name))
                    facts = {fact.id: fact for fact in report.facts}
                    return _explained(survey, build, section, found[0], facts)
    if stale:
        raise stale[0]
    if not known:
        name = project.surveys()[0]
        raise Missing("there is no text yet", remedy=f"Run: stateof run {name}")
    raise NotFound.among("sentence", sentence_id, known)


def _explained(
    survey: Survey,
    build: Path,
    section: SectionText,
    sentence: Sentence,
    facts: dict[str, Fact],
) -> Explanation:
    return Explanation(
        sentence=sentence,
        section=section.title,
        pattern=pattern_text(sentence.pattern),
        claim=next((c for c in section.claims if c.id == sentence.claim), None),
        facts=tuple(
            FactProof(facts[name], _sums(survey, build, facts[name]))
            for name in sentence.facts
            if name in facts
        ),
    )


def _sums(survey: Survey, build: Path, fact: Fact) -> Sums | None:
    """The sums behind a share or mean."""
    if fact.statistic not in ("share", "mean"):
        return None
    question = survey.question(fact.question)
    sql = statement("proof").format(
        answer=_answer(question, fact),
        wave=_literal(fact.wave),
        item=_literal(fact.item),
        domain="".join(_domain(fact)),
    )
    con = open_warehouse(build)
    row = con.execute(sql).fetchone()
    con.close()
    assert row is not None
    n, weight, answer_n, answer_weight, total = row
    part = answer_weight if fact.statistic == "share" else total
    value = (part or 0.0) / weight if weight else 0.0
    agrees = abs(value - fact.estimate) < CLOSE
    return Sums(sql, n, weight or 0.0, answer_n, answer_weight, value, agrees)


def _answer(question: Question, fact: Fact) -> str:
    """SQL that is true of those who gave the answer."""
    if question.kind == "select-all":
        return "a.value = 1"
    nets = {net.code: net.of for net in question.nets}
    codes = nets.get(fact.term, (fact.term,)) if fact.term else ()
    values = ", ".join(str(question.value(code)) for code in codes)
    return f"a.value IN ({values})" if values else "a.value IS NOT NULL"


def _domain(fact: Fact) -> Iterator[str]:
    """SQL that is true of the fact's domain."""
    if fact.by:
        pairs = zip(fact.by.split("*"), fact.domain.split("*"), strict=True)
        for dimension, code in pairs:
            yield f' AND p."{dimension}" = {_literal(code)}'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def shown(proof: Explanation) -> str:
    """The chain as text, from the sentence down."""
    said = proof.sentence
    lines = [f"{said.id}  {said.text}", ""]
    who = {"template": "the pipeline", "person": said.author}.get(said.origin)
    lines.append(f"chosen by  {who or said.author}")
    if proof.pattern:
        lines.append(f"pattern    {said.pattern}: {proof.pattern}")
    if proof.claim is not None:
        lines += _claimed(proof.claim)
    for each in proof.facts:
        lines += ["", *_fact(each)]
    return "\n".join(lines)


def _claimed(claim: Claim) -> Iterator[str]:
    yield f"claim      {claim.id}: {claim.kind} of {claim.question}"
    yield f"licences   {', '.join(claim.licences)}"
    for test in claim.tests:
        equal = "" if test.equal_p is None else f", of equivalence {test.equal_p:.2g}"
        yield f"test       {test.kind}: adjusted p {test.p_value:.2g}{equal}"


def _fact(proof: FactProof) -> Iterator[str]:
    fact, sums = proof.fact, proof.sums
    yield f"fact       {fact.id} = {fact.display}: {fact.label}"
    interval = f"; interval {fact.interval}" if fact.interval else ""
    yield f"estimate   {fact.estimate:.9f}{interval}; n {fact.n:,}"
    if sums is None:
        return
    yield (
        f"sums       {sums.answer_n:,} of {sums.n:,} answers; weights"
        f" {sums.answer_weight:,.6f} of {sums.weight:,.6f}"
    )
    verdict = "the estimate" if sums.agrees else "NOT the estimate: build again"
    yield f"value      {sums.value:.9f}, {verdict}"
    yield from (f"           {line}" for line in sums.sql.strip().splitlines())
