"""Which answers to a select-all question are chosen together: shares of whole sets.

A respondent is in one set: exactly what they chose. Sets add up to everyone, as the
answers to a question with one answer do, and are estimated as such. None is split by a
dimension, so nothing of a hidden domain can be worked out from them.

Counts of answers are published whatever their size, but a set says much more of a
person than one answer does. So a set is shown only if as many chose it as a domain
needs, and the rest together only if it is empty or as large.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.definition import Question, Survey
from pipeline.estimates.cube import Slice, of_everyone
from pipeline.estimates.formulas import ranks
from pipeline.estimates.scan import scan
from pipeline.estimates.scheme import scheme_of
from pipeline.estimates.sets import JOIN, MOST_SETS, NOTHING, REST
from pipeline.estimates.tidy import Shares, share_block
from pipeline.warehouse import firsts, statement

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]

MOST_OPTIONS = 120  # bits that a sum of decimals holds
Sets = dict[int, tuple[int, ...]]  # by number of an item: sets by number, from 1


def combinations(con: DuckDBPyConnection, survey: Survey) -> Iterator[Columns]:
    """The shares of sets, as blocks of tidy rows; the term is `a+b`, `-` or `+`."""
    for wave in survey.waves:
        asked = {_base(survey, q, wave.id): q for q in _asked(survey, wave.id)}
        if not asked:
            continue
        kept = _kept(con, survey, wave.id, asked)
        _combine(con, kept)
        scheme = scheme_of(con, survey, wave)
        found = scan(con, survey, wave.id, scheme, "value", [()], "combined")
        items = survey.items()
        each = [_as_number(items[base], q) for base, q in asked.items() if kept[base]]
        for part in of_everyone(survey, wave.id, scheme, found, each):
            base = items.index(part.batch.questions[0].id)
            yield _block(part, asked[base], wave.id, kept[base])


def _asked(survey: Survey, wave: str) -> list[Question]:
    """The wave's select-all questions of which sets can be told."""
    return [
        q
        for q in survey.asked_in(wave)
        if q.kind == "select-all" and 1 < len(q.items(wave)) <= MOST_OPTIONS
    ]


def _base(survey: Survey, question: Question, wave: str) -> int:
    """The number of the item that stands for the question: everyone answered it."""
    return survey.items().index(question.items(wave)[0])


def _kept(
    con: DuckDBPyConnection, survey: Survey, wave: str, asked: dict[int, Question]
) -> Sets:
    """The sets to show; none where the rest would be too few, or everyone is."""
    start = dict(firsts(survey))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE bits"
        "(item INTEGER, base INTEGER, chosen INTEGER, bit DECIMAL(38, 0))"
    )
    items = survey.items()
    rows = [
        (number, base, start[number] + 1, str(2**place))
        for base, question in asked.items()
        for place, item in enumerate(question.items(wave))
        for number in [items.index(item)]
    ]
    con.executemany("INSERT INTO bits VALUES (?, ?, ?, ?)", rows)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE sets AS {statement('sets')}", {"wave": wave}
    )
    counted = con.execute(
        "SELECT item, chosen, COUNT(*) FROM sets GROUP BY item, chosen"
        " ORDER BY item, COUNT(*) DESC, chosen"
    ).fetchall()
    return {
        base: _shown([(int(s), n) for i, s, n in counted if i == base], survey.min_base)
        for base in asked
    }


def _shown(counted: Sequence[tuple[int, int]], least: int) -> tuple[int, ...]:
    """The largest sets that enough chose, as long as the rest is nobody or enough."""
    everyone = sum(n for _, n in counted)
    shown = [(s, n) for s, n in counted if n >= least][:MOST_SETS]
    while shown and 0 < everyone - sum(n for _, n in shown) < least:
        shown.pop()
    return tuple(s for s, _ in shown)


def _combine(con: DuckDBPyConnection, kept: Sets) -> None:
    """(Re)create `combined`: respondents with the number of their set, as a value."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE kept"
        "(item INTEGER, chosen DECIMAL(38, 0), number INTEGER)"
    )
    rows = [(base, str(s), i) for base, of in kept.items() for i, s in enumerate(of, 1)]
    if rows:
        con.executemany("INSERT INTO kept VALUES (?, ?, ?)", rows)
    given = (row[0] for row in con.execute("DESCRIBE answered").fetchall())
    columns = [f'a."{c}"' for c in given if c not in ("item", "answer", "value")]
    query = statement("combined").format(columns=", ".join(columns))
    con.execute(f"CREATE OR REPLACE TEMP TABLE combined AS {query}").fetchall()


def _as_number(item: str, question: Question) -> Question:
    """The question as one whose answers are numbers of sets."""
    return Question(id=item, text="", kind="numeric", columns=question.columns)


def _block(
    part: Slice, question: Question, wave: str, kept: tuple[int, ...]
) -> Columns:
    """The rows of one question, the largest set first, then the rest."""
    sets = [_code(question, wave, chosen) for chosen in kept]
    terms = [REST if v == 0 else sets[int(v) - 1] for v in part.values]
    p = part.w / part.W[:, None]
    variance = part.spread.of_shares(p, part.W)
    size = len(terms)
    shares = Shares(
        row=np.zeros(size, dtype=np.int64),
        item=np.full(size, question.id, dtype=object),
        term=np.array(terms, dtype=object),
        count=part.count[0],
        p=p[0],
        variance=variance[0],
        rank=ranks(np.where(part.values == 0, -1, p))[0],
    )
    return share_block(part, shares) | {"question": shares.item}


def _code(question: Question, wave: str, chosen: int) -> str:
    """The codes of a set's options, in the question's order."""
    items = question.items(wave)
    names = [item.rpartition(".")[2] for i, item in enumerate(items) if chosen >> i & 1]
    return JOIN.join(names) or NOTHING
