"""Texts that are published and must not be: respondents' own, and who someone is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.ingest.pseudonyms import DIGITS, PSEUDONYM
from pipeline.leaks.reading import Folder, Leak, Said
from pipeline.scrub import SUSPECT, scrubbed
from pipeline.warehouse import connect, fill, parquet, statement

RUN = 6  # words in a row that nobody else has by chance
SHORT = 3  # words of a whole text that is looked for
HASH = re.compile(rf"\b[0-9a-f]{{{DIGITS}}}\b")
LOOKS = re.compile(SUSPECT)


def text_leaks(
    build: Path, folder: Folder, quotes: Iterable[str], words: Iterable[str]
) -> Iterator[Leak]:
    """What is respondents' own but for marked `quotes`, and what tells who someone is.

    `words` are the publisher's own: what they say of themselves is theirs to say.
    """
    own = "\n".join(words)
    marked = {" ".join(quote.split()) for quote in quotes}
    yield from _personal(folder.said, own)
    yield from _pseudonyms(build, folder.said)
    yield from _respondents(build, folder.said, marked, own)


def _personal(said: Iterable[Said], own: str) -> Iterator[Leak]:
    for one in said:
        if not LOOKS.search(one.text):
            continue
        for line in one.text.splitlines():
            clean, taken = scrubbed(line)
            gone = set(line.split()) - set(clean.split())
            if taken and not all(word.strip("().,;\"'") in own for word in gone):
                kinds = ", ".join(sorted(taken))
                what = f"looks as if it told who someone is ({kinds})"
                yield Leak(file=one.file, where=clean.strip()[:80], what=what)


def _pseudonyms(build: Path, said: Iterable[Said]) -> Iterator[Leak]:
    people = parquet(build / "respondents.parquet")
    columns = connect().execute(f"DESCRIBE SELECT * FROM {people}").fetchall()
    if PSEUDONYM not in [name for name, *_ in columns]:
        return
    rows = connect().execute(f"SELECT {PSEUDONYM} FROM {people}").fetchall()
    known = {name for (name,) in rows}
    for one in said:
        for found in HASH.findall(one.text):
            if found in known:
                what = "is the pseudonym of a respondent"
                yield Leak(file=one.file, where=found, what=what)


def _respondents(
    build: Path, said: Iterable[Said], marked: set[str], own: str
) -> Iterator[Leak]:
    """Runs of words that a respondent wrote, and short texts as a whole.

    A run that the publisher says, or a quote has, is no leak.
    """
    con = connect()
    con.execute(statement("spoken"))
    for name, texts in (
        ("published", [(s.file, s.text) for s in said]),
        ("allowed", [("", t) for t in (*marked, *own.splitlines())]),
    ):
        fill(con, f"{name}(file VARCHAR, said VARCHAR)", texts)
        con.execute(
            f"CREATE TABLE {name}_spoken AS SELECT DISTINCT file, spoken(said)"
            f" AS plain FROM {name}"
        )
    con.execute(
        "CREATE TABLE written_spoken AS SELECT DISTINCT '' AS file, spoken(text)"
        f" AS plain FROM {parquet(build / 'texts.parquet')}"
    )
    for name in ("published", "allowed", "written"):
        con.execute(_runs(name))
    rows = con.execute(
        "SELECT p.file, p.run FROM published_runs AS p"
        " SEMI JOIN written_runs USING (run) ANTI JOIN allowed_runs USING (run)"
        " QUALIFY row_number() OVER (PARTITION BY p.file ORDER BY p.run) = 1"
        " ORDER BY p.file"
    ).fetchall()
    for file, run in rows:
        what = "is what a respondent wrote, and no marked quote"
        yield Leak(file=file, where=run, what=what)


def _runs(name: str) -> str:
    """Every run of `RUN` words of the texts, and texts of fewer but `SHORT` whole."""
    return (
        f"CREATE TABLE {name}_runs AS WITH w AS (SELECT file, string_split(plain, ' ')"
        f" AS words FROM {name}_spoken) SELECT DISTINCT file, array_to_string("
        f"words[start : start + {RUN - 1}], ' ') AS run FROM (SELECT file, words,"
        f" unnest(range(1, greatest(len(words) - {RUN - 2}, 2))) AS start FROM w"
        f" WHERE len(words) >= {SHORT})"
    )
