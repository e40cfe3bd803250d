"""Domains compared with other dimensions held equal, and who may be counted for it.

A model is made of the sums over every pair of its dimensions' domains, whether or not
their cross is published. What a pair would hide if it were, is left out of the model,
by the rules of `suppression`, so that all that follows from the model follows from
domains that may be shown. Where these rules would hide what is published already, the
model is refused: it could be held against that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pipeline.asked import Asked, Row
from pipeline.errors import DataError, NotFound

if TYPE_CHECKING:
    from pipeline.estimates.sample import Sample

Cells = Mapping[tuple[str, ...], int]  # n by domain of each dimension, "" if unknown
Domain = tuple[str, str]  # (split, domain)

NO_VALUE = "its combinations with what is held equal are too small to be shown"


def adjusted_rows(asked: Asked, term: str, holding: Sequence[str]) -> list[Row]:
    """Means or shares by domain, as they are and with other dimensions held equal.

    `n` is the published base, that of `unadjusted`; `n_model` are all in the model. A
    domain that is in none has a `reason`. Raises `DataError` for a refused model.
    """
    from pipeline.estimates.linear import mean
    from pipeline.estimates.regression import adjusted, fit, wald_test
    from pipeline.estimates.terms import Category

    dimension, dims = asked.dimension, (asked.dimension, *holding)
    asked.require_base()
    sample, y = asked.sample(), asked.measure(term)
    family = "logistic" if term else "linear"
    terms = [Category(f'"{d}"', d) for d in dims]
    where = _counted(asked, sample, y, dims)
    model = fit(sample, y, terms, family, where)  # type: ignore[arg-type]
    held = adjusted(model, dimension)
    low, high = held.interval()
    place = {key[0]: i for i, key in enumerate(held.keys)}
    test = wald_test(model, [dimension])
    plain = mean(sample, [y], [f'"{dimension}"'], asked.shown())
    values = {"estimate": held.values, "se": held.se, "low": low, "high": high}
    return [
        {
            "domain": key[0],
            **{
                name: found[place[key[0]]] if key[0] in place else None
                for name, found in values.items()
            },
            "unadjusted": plain.values[i],
            "df": held.df,
            "n": plain.n[i],
            "n_model": model.n,
            "p_value": test.p_value,
            "method": f"predictive margins, {family}",
            "reason": "" if key[0] in place else NO_VALUE,
        }
        for i, key in enumerate(plain.keys)
    ]


def _counted(asked: Asked, sample: Sample, y: str, dims: Sequence[str]) -> str:
    """SQL: who is in the model, of known domains that may be shown in pairs too."""
    from pipeline.estimates.linear import known

    if len(set(dims)) < len(dims):
        raise NotFound(
            f"{', '.join(dims)} has a dimension twice",
            remedy="Hold other dimensions equal than the one compared.",
        )
    columns = [f'"{d}"' for d in dims]
    found = sample.patterns(columns, known("TRUE", [y]))
    cells: Counter[tuple[str, ...]] = Counter()
    for *codes, n in zip(*(found.columns[c] for c in columns), found.n, strict=True):
        cells[tuple(codes)] += int(n)
    hidden = left_out(asked, dims, cells)
    parts = [known("TRUE", columns)]
    for split, domain in sorted(hidden):
        names = " || '*' || ".join(f'"{d}"' for d in split.split("*"))
        parts.append(f"({names}) <> '{domain}'")
    return " AND ".join(parts)


def left_out(asked: Asked, dims: Sequence[str], cells: Cells) -> set[Domain]:
    """The domains, and pairs of domains, of which nobody is in the model.

    `cells` are how many answered, by their domains. Raises `DataError` if a domain
    would have to be hidden that is published, or fewer than two of a dimension are
    left.
    """
    from pipeline.estimates.suppression import hide, table

    min_base = asked.survey.min_base
    splits = [*((d,) for d in dims), *_pairs(asked, dims)]
    published = set(_hidden(asked, splits))
    bases = [("", "", sum(cells.values()))]
    bases += [(*name, n) for name, n in _bases(dims, splits, cells).items()]
    split_of, domain_of, n_of = zip(*bases, strict=True)
    of_all = table(asked.survey, asked.question.id, (split_of, domain_of, n_of))
    hidden = published
    while True:
        why = hide(of_all, min_base, hidden)
        hidden = {name for name, reason in why.items() if reason}
        kept = {cell: n for cell, n in cells.items() if _shown(dims, cell, hidden)}
        # Of a pair that is large enough, others may have taken most away.
        counted = _bases(dims, splits[len(dims) :], kept).items()
        small = {name for name, n in counted if 0 < n < min_base}
        if not small:
            break
        hidden |= small
    levels = [len(set(codes)) for codes in zip(*kept, strict=True)]
    if min(levels, default=0) < 2 or any("*" not in by for by, _ in hidden - published):
        raise DataError(
            f"too few share some combinations of {' and '.join(dims)} for them to be"
            " held equal",
            where=f"{asked.question.id}, wave {asked.wave}",
            remedy="Hold fewer dimensions equal, or put their small domains together.",
        )
    return hidden


def _pairs(asked: Asked, dims: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every two dimensions, named as their cross is, if it is published."""
    for a, b in combinations(dims, 2):
        yield (b, a) if (b, a) in asked.survey.crosses else (a, b)


def _hidden(asked: Asked, splits: Sequence[tuple[str, ...]]) -> Iterator[Domain]:
    """The domains that the estimates hide."""
    for split in splits:
        if len(split) == 1 or split in asked.survey.crosses:
            for domain in replace(asked, by=split).hidden():
                yield "*".join(split), domain


def _bases(
    dims: Sequence[str], splits: Sequence[tuple[str, ...]], cells: Cells
) -> Counter[Domain]:
    """How many are in each domain of each split."""
    found: Counter[Domain] = Counter()
    for split in splits:
        places = [dims.index(d) for d in split]
        for cell, n in cells.items():
            codes = [cell[i] for i in places]
            if all(codes):
                found["*".join(split), "*".join(codes)] += n
    return found


def _shown(dims: Sequence[str], cell: tuple[str, ...], hidden: set[Domain]) -> bool:
    """Whether a combination is known, and in no hidden domain."""
    code = dict(zip(dims, cell, strict=True))
    inside = (
        [code[d] for d in split.split("*")] == domain.split("*")
        for split, domain in hidden
    )
    return all(cell) and not any(inside)
