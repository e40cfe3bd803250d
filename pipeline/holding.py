"""Domains compared with other dimensions held equal, of what may be shown.

A model of main effects depends on the answers only through their totals in each domain
of each dimension (its score equations are Σ w x y = Σ w x μ), and on how many are in
each combination of domains, which is no secret. Totals of domains that may be shown
are published. Those that are hidden go into the model as one, with whoever is in no
domain: together they are what is left of everyone, and large enough to be known.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from pipeline.asked import Asked, Row
from pipeline.errors import NotFound

# All that are hidden, as one level; a domain's code has no space.
REST = "the rest"


def adjusted_rows(asked: Asked, term: str, holding: Sequence[str]) -> list[Row]:
    """Means or shares by domain, as they are and with other dimensions held equal.

    `n` is the published base, that of `unadjusted`; `n_model` are all in the model.
    """
    from pipeline.estimates.linear import mean
    from pipeline.estimates.regression import adjusted, fit, wald_test
    from pipeline.estimates.terms import Category

    dimension, dims = asked.dimension, (asked.dimension, *holding)
    _check(dims)
    asked.require_base()
    sample, y = asked.sample(), asked.measure(term)
    family = "logistic" if term else "linear"
    terms = [Category(_levels(asked, d), d) for d in dims]
    model = fit(sample, y, terms, family)  # type: ignore[arg-type]
    held = adjusted(model, dimension)
    low, high = held.interval()
    test = wald_test(model, [dimension])
    plain = mean(sample, [y], [f'"{dimension}"'], asked.shown())
    place = {key[0]: i for i, key in enumerate(plain.keys)}
    return [
        {
            "domain": key[0],
            "estimate": held.values[i],
            "se": held.se[i],
            "low": low[i],
            "high": high[i],
            "unadjusted": plain.values[place[key[0]]],
            "df": held.df,
            "n": plain.n[place[key[0]]],
            "n_model": model.n,
            "p_value": test.p_value,
            "method": f"predictive margins, {family}",
        }
        for i, key in enumerate(held.keys)
        if key[0] != REST
    ]


def _check(dims: Sequence[str]) -> None:
    if len(set(dims)) < len(dims):
        raise NotFound(
            f"{', '.join(dims)} has a dimension twice",
            remedy="Hold other dimensions equal than the one compared.",
        )


def _levels(asked: Asked, dimension: str) -> str:
    """SQL: the domain, or that it is one of the rest; NULL leaves out unknown ones."""
    hidden = replace(asked, by=(dimension,)).hidden()
    if not hidden:
        return f'"{dimension}"'
    listed = ", ".join(f"'{domain}'" for domain in sorted(hidden))
    return (
        f'CASE WHEN "{dimension}" IS NULL OR "{dimension}" IN ({listed})'
        f" THEN '{REST}' ELSE \"{dimension}\" END"
    )
