"""A draft, and a check, as tables for a terminal."""

from __future__ import annotations

import textwrap
from collections import Counter

from pipeline.drafting.check import Checked, Problem
from pipeline.drafting.crosswalk import Crossing
from pipeline.drafting.nouns import Draft, Guess
from pipeline.privacy import Anonymity

WIDTH = 44  # of a wording
MOST = 60  # questions that are listed; the definition has them all
PROBLEMS = 25
WIDE = 80  # of a reason
NAMED = 12


def drafted(draft: Draft) -> str:
    """What `init` made of an export."""
    rows = [["question", "kind", "options", "answered", "sure", "text"]]
    rows += [_guess(guess) for guess in draft.guesses[:MOST]]
    head = [f"{draft.wave.files[0]}: {draft.rows:,} rows, read as {draft.read_as}"]
    more = len(draft.guesses) - MOST
    tail = [f"… and {more} more questions"] if more > 0 else []
    tail += [""] + [f"{what:<11}{said}" for what, said in _about(draft)]
    return "\n".join([*head, "", *aligned(rows, "llrrll"), *tail])


def _guess(guess: Guess) -> list[str]:
    options = str(len(guess.choices)) if guess.choices else ""
    if guess.scale:
        options = f"{guess.scale[0]}-{guess.scale[1]}"
    return [
        guess.id,
        guess.kind,
        options,
        f"{guess.answered:,}",
        guess.sure,
        _short(guess.text),
    ]


def _short(text: str) -> str:
    """The beginning of a wording, and the row of a grid that it ends with."""
    head, _, row = text.rpartition(" – ")
    if not head or len(text) <= WIDTH:
        return textwrap.shorten(text, WIDTH, placeholder=" …")
    row = textwrap.shorten(row, WIDTH // 2, placeholder=" …")
    return f"{textwrap.shorten(head, WIDTH - 3 - len(row), placeholder=' …')} – {row}"


def _about(draft: Draft) -> list[tuple[str, str]]:
    asides = Counter(aside.reason for aside in draft.asides)
    personal = [a.column for a in draft.asides if a.reason == "personal"]
    said = [("dimensions", ", ".join(f"{s.id} ({s.question})" for s in draft.splits))]
    if draft.wave.respondent:
        said.append(("respondent", draft.wave.respondent))
    if draft.wave.weight:
        said.append(("weight", draft.wave.weight))
    if personal:
        shown = ", ".join(personal[:8]) + (" …" if len(personal) > 8 else "")
        said.append(("personal", f"{shown}: not read, so never in the warehouse"))
    others = ", ".join(f"{n} {why}" for why, n in asides.items() if why != "personal")
    said += [("not read", others)] if others else []
    said += [("dropped", f"{d.reason} ({why})") for d, why in draft.drops]
    said += [
        ("repair?", f"{why}: accept it with --repair {kind}")
        for kind, why in draft.proposed
        if kind not in draft.wave.repair
    ]
    return said + [("note", note) for note in draft.notes]


def crossed(found: Crossing) -> str:
    """What of a new wave is the survey's."""
    rows = [["question", "comparable", "sure", "why"]]
    for pair in found.pairs:
        said = pair.crossed.reason or pair.evidence
        rows.append([pair.crossed.id, pair.crossed.comparable, pair.sure, said[:WIDE]])
    parts = [*aligned(rows, "llll"), ""]
    kinds = Counter(pair.crossed.comparable for pair in found.pairs)
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
    parts.append(f"{len(found.pairs)} questions found again ({counts})")
    for what, names in (
        ("new", [guess.id for guess in found.added]),
        ("not asked", list(found.missing)),
    ):
        more = " …" if len(names) > NAMED else ""
        parts += (
            [f"{len(names)} {what}: {', '.join(names[:NAMED])}{more}"] if names else []
        )
    return "\n".join(parts)


def checked(found: Checked) -> str:
    """What fits and what does not."""
    rows = [["wave", "question", "kind", "columns", "answered", "not used", ""]]
    for line in found.lines:
        said = [line.wave, line.question, line.kind, f"{line.columns}"]
        mark = line.note if line.fits else f"✗ {line.note}"
        rows.append([*said, f"{line.answered:,}", f"{line.left:,}", mark[:70]])
    parts = aligned(rows, "lllrrrl") if found.lines else []
    for ledger in found.ledgers:
        dropped = ", ".join(f"{d.count:,} {d.reason}" for d in ledger.dropped)
        mended = sum(r.count for r in ledger.repaired)
        parts.append("")
        parts.append(
            f"wave {ledger.wave}: {ledger.rows_read:,} rows,"
            f" {ledger.respondents:,} respondents"
            + (f"; dropped: {dropped}" if dropped else "")
            + (f"; {mended:,} cells repaired" if mended else "")
        )
    if found.problems:
        count = len(found.problems)
        parts += ["", f"{count} thing{'s do' if count > 1 else ' does'} not fit:"]
        parts += [_problem(problem) for problem in found.problems[:PROBLEMS]]
        parts += [f"… and {count - PROBLEMS} more"] if count > PROBLEMS else []
    return "\n".join(parts)


def hidden(found: Anonymity) -> str:
    """The crosses of dimensions that leave most respondents alone."""
    rows = [["wave", "known of someone", "groups", "smallest", "alone", "few"]]
    for cross in found.worst():
        share = 100 * cross.few / max(cross.respondents, 1)
        rows.append(
            [
                cross.wave,
                " × ".join(cross.dimensions),
                f"{cross.groups:,}",
                f"{cross.smallest:,}",
                f"{cross.alone:,}",
                f"{cross.few:,} ({share:.0f} %)",
            ]
        )
    return "\n".join(
        [
            *aligned(rows, "llrrrr"),
            "",
            f"few: respondents in groups under {found.k}, what is published has none.",
            "Raw files and build/ let these be told apart: share neither.",
        ]
    )


def _problem(problem: Problem) -> str:
    head = f"  wave {problem.wave}, {problem.where}: {problem.what}"
    return f"{head}\n    {problem.remedy}" if problem.remedy else head


def aligned(rows: list[list[str]], sides: str) -> list[str]:
    """Rows as lines, each column as wide as its widest cell; `sides` are l or r."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(sides))]
    return [
        "  ".join(
            cell.rjust(width) if side == "r" else cell.ljust(width)
            for cell, width, side in zip(row, widths, sides, strict=True)
        ).rstrip()
        for row in rows
    ]
