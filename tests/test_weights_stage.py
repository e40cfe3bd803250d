"""The weigh stage: what survey.toml asks for is done, accounted for, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from small import DEFINITION, ingested, quiet, write_survey

from pipeline.errors import DataError, DefinitionError
from pipeline.weights import weigh
from pipeline.weights.stage import WaveWeights

BASE = DEFINITION[: DEFINITION.index('[[question]]\nid = "tools"')]
BASE = (
    BASE.replace("drop = ", "unused = ['*']\n#")
    + """
[[question]]
id = "site"
text = "Site?"
kind = "single"
columns = { 2025 = "site" }
options = [{ code = "x", label = "X" }, { code = "y", label = "Y" }]

[[dimension]]
id = "role"
label = "Role"
question = "role"

[[dimension]]
id = "site"
label = "Site"
question = "site"
"""
)
ROLE = """
[[target]]
wave = "2025"
dimension = "role"
source = "Register"
shares = { dev = 0.5, ops = 0.5 }
"""
SITE = """
[[target]]
wave = "2025"
dimension = "site"
source = "Register"
shares = { x = 0.6, y = 0.4 }
"""
PEOPLE = [
    ("Developer", "X", 1.0),
    ("Developer", "X", 4.0),
    ("Developer", "Y", 1.0),
    ("Ops", "X", 2.0),
    ("Ops", "Y", 1.0),
    ("Ops", "Y", 1.0),
    ("Ops", "", 1.0),
    ("", "Y", 1.0),
] * 5


def weighed(
    folder: Path, extra: str, *, weight: bool = False, people: Any = PEOPLE
) -> tuple[list[float], dict[str, Any]]:
    """The weights in order of respondent, and the wave's account."""
    definition = BASE + extra
    if weight:
        definition = definition.replace("files = ", 'weight = "w"\nfiles = ')
    rows = [f"{i},{r},{s},Yes,{w}" for i, (r, s, w) in enumerate(people)]
    raw = "\n".join(["id,role,site,ai,w", *rows, ""])
    survey, home = write_survey(folder, definition=definition, rows=raw)
    ingested(survey, home)
    weigh(survey, home / "build", quiet)
    found = duckdb.execute(
        "SELECT CAST(weight AS DOUBLE) FROM read_parquet($path) ORDER BY respondent",
        {"path": str(home / "build" / "weights.parquet")},
    ).fetchall()
    text = (home / "build" / "weights.json").read_bytes()
    (account,) = json.loads(text)
    assert msgspec.json.decode(text, type=list[WaveWeights])
    return [w for (w,) in found], account


METHODS = [
    "",
    'method = "linear"\nbounds = [0.2, 4]',
    'method = "logit"\nbounds = [0.2, 4]',
    'method = "rake"\nbounds = [0.2, 4]',
    'method = "linear"',
]


@pytest.mark.parametrize("settings", METHODS)
@pytest.mark.parametrize("weight", [False, True])
def test_every_method_meets_every_target(
    tmp_path: Path, settings: str, weight: bool
) -> None:
    extra = f"{ROLE}{SITE}[weighting]\n{settings}\n"
    weights, account = weighed(tmp_path, extra, weight=weight)
    assert sum(weights) == pytest.approx(len(weights), abs=1e-4)
    for row in account["margins"]:
        assert row["after"] == pytest.approx(row["target"], abs=1e-6)
        assert row["asmd_after"] <= row["asmd_before"]
    assert account["error"] < 1e-6
    assert account["smallest"] == min(weights)
    assert account["quantiles"]["99%"] == max(weights)
    assert account["design_effect"] >= 1
    assert account["rounds"] >= 1


def test_post_stratification_takes_one_target(tmp_path: Path) -> None:
    method = '[weighting]\nmethod = "post-stratify"\n'
    weights, account = weighed(tmp_path, ROLE + method)
    assert account["method"] == "post-stratify"
    assert weights[:4] == pytest.approx([7 / 6] * 3 + [7 / 8], abs=1e-6)
    with pytest.raises(
        DefinitionError, match="takes one target a wave, and 2025 has 2"
    ):
        weighed(tmp_path, ROLE + SITE + method)


@pytest.mark.parametrize("targets", ["", ROLE + SITE])
def test_trimmed_weights_stay_within_their_multiples_of_the_mean(
    tmp_path: Path, targets: str
) -> None:
    extra = targets + "[weighting]\ntrim = [0.5, 1.6]\n"
    weights, account = weighed(tmp_path, extra, weight=True)
    untrimmed, _ = weighed(tmp_path, targets, weight=True)
    assert max(weights) == 1.6
    assert min(weights) >= 0.5
    assert sum(weights) == pytest.approx(len(weights), abs=1e-4)
    outside = [w for w in untrimmed if not 0.5 <= w <= 1.6]
    assert account["trimmed"] == len(outside) > 0


def test_the_account_tells_the_distance_that_trimming_leaves(tmp_path: Path) -> None:
    extra = ROLE + SITE + "[weighting]\ntrim = [0.5, 1.6]\n"
    _, account = weighed(tmp_path, extra, weight=True)
    far = max(abs(row["after"] / row["target"] - 1) for row in account["margins"])
    assert account["error"] == pytest.approx(far, abs=1e-5)
    assert far > 0.01


def test_a_domain_without_respondents_is_an_error_unless_told_otherwise(
    tmp_path: Path,
) -> None:
    people = [p for p in PEOPLE if p[1] != "Y"]
    with pytest.raises(DataError, match=r"wave 2025: site 'y' has no respondents") as e:
        weighed(tmp_path, SITE, people=people)
    assert 'empty = "ignore"' in str(e.value)
    extra = ROLE + SITE + '[weighting]\nempty = "ignore"\n'
    _, account = weighed(tmp_path, extra, people=people)
    y = next(row for row in account["margins"] if row["domain"] == "y")
    assert (y["target"], y["after"]) == (0.4, 0)


def test_bounds_that_are_too_narrow_are_answered_with_wider_ones(
    tmp_path: Path,
) -> None:
    people = [("Developer", "X", 1.0)] * 19 + [("Ops", "X", 1.0)]
    extra = ROLE + '[weighting]\nmethod = "logit"\nbounds = [0.5, 2]\n'
    with pytest.raises(DataError, match="weighting of wave 2025: no weights") as caught:
        weighed(tmp_path, extra, people=people)
    assert "Bounds of" in str(caught.value)


def test_linear_weights_below_zero_are_refused(tmp_path: Path) -> None:
    people = [
        *[("Developer", "X", 1.0)] * 50,
        *[("Developer", "Y", 1.0)] * 20,
        *[("Ops", "X", 1.0)] * 10,
        *[("Ops", "Y", 1.0)] * 1,
    ]
    role = ROLE.replace("dev = 0.5, ops = 0.5", "dev = 0.05, ops = 0.95")
    site = SITE.replace("x = 0.6, y = 0.4", "x = 0.05, y = 0.95")
    extra = role + site + '[weighting]\nmethod = "linear"\n'
    with pytest.raises(DataError, match="50 respondents would get a weight of zero or"):
        weighed(tmp_path, extra, people=people)


def test_absurd_weights_are_named_by_row_and_column(tmp_path: Path) -> None:
    people = [*PEOPLE, ("Ops", "X", 5e6)]
    with pytest.raises(DataError, match="column 'w': row 42 weighs 5e\\+06 times"):
        weighed(tmp_path, "", weight=True, people=people)


def test_weights_without_targets_are_the_supplied_ones_with_mean_one(
    tmp_path: Path,
) -> None:
    weights, account = weighed(tmp_path, "", weight=True)
    assert weights[:4] == pytest.approx([1 / 1.5, 4 / 1.5, 1 / 1.5, 2 / 1.5], abs=1e-6)
    assert (account["method"], account["margins"], account["weighted"]) == (
        "",
        [],
        True,
    )


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    extra = ROLE + SITE + '[weighting]\nmethod = "linear"\ntrim = [0.5, 2]\n'
    contents = []
    for name in ("a", "b"):
        weighed(tmp_path / name, extra, weight=True)
        build = tmp_path / name / "data" / "small" / "build"
        files = (build / "weights.parquet", build / "weights.json")
        contents.append([path.read_bytes() for path in files])
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (ROLE.replace("dev = 0.5", "dev = 0.6"), "add up to 1, not 1.1"),
        (ROLE.replace("dev = 0.5, ops = 0.5", "dev = 50, ops = 50"), "percentages"),
        (ROLE.replace("dev = 0.5", "dev = 1.0, op = -0.5"), "no domain 'op'; Did you"),
        (ROLE.replace("dev = 0.5, ops = 0.5", "dev = 1.0"), "'ops' has no share"),
        (ROLE.replace("dev = 0.5", "dev = nan"), "above zero"),
        (ROLE.replace("dev = 0.5, ops = 0.5", "dev = 1.0, ops = 0"), "above zero"),
        (ROLE.replace('"role"', '"rol"'), "no dimension 'rol'; Did you mean role?"),
        (ROLE.replace('"2025"', '"2024"'), "there is no wave '2024'"),
        (ROLE + ROLE, "target 2025/role: is defined 2 times"),
        ("[weighting]\nbounds = [1.2, 3]", "weighting.bounds: must be around 1"),
        ("[weighting]\nbounds = [-1, 3]", "weighting.bounds: must be around 1"),
        ("[weighting]\ntrim = [0.2, 0.9]", "weighting.trim: must be around 1"),
        ('[weighting]\nmethod = "logit"', "logit needs two numbers"),
        ('[weighting]\nmethod = "logit"\nbounds = [0.5, inf]', "needs two numbers"),
        ('[weighting]\nmethod = "post-stratify"\nbounds = [0.5, 2]', "has none"),
        ('[weighting]\nmethod = "raking"', "Invalid enum value 'raking'"),
        ("[weighting]\ntrim = 3", "weighting.trim"),
    ],
)  # fmt: skip
def test_a_weighting_that_cannot_be_is_refused_when_read(
    tmp_path: Path, extra: str, says: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        write_survey(tmp_path, definition=BASE + extra)
    assert says in str(caught.value)


def test_an_answer_that_a_wave_did_not_offer_has_no_target(tmp_path: Path) -> None:
    closed = BASE.replace('label = "Y" }', 'label = "Y", waves = ["2024"] }')
    closed = closed.replace('[[wave]]\nid = "2025"', EARLIER + '[[wave]]\nid = "2025"')
    with pytest.raises(DefinitionError, match="'y' could not be answered in 2025"):
        write_survey(tmp_path, definition=closed + SITE)
    only_x = SITE.replace("x = 0.6, y = 0.4", "x = 1")
    assert write_survey(tmp_path, definition=closed + only_x)


EARLIER = """
[[wave]]
id = "2024"
files = ["2024.csv"]
start = 2024-01-01
end = 2024-02-01

"""


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e12])
def test_the_unit_of_supplied_weights_is_no_matter(tmp_path: Path, unit: float) -> None:
    people = [(role, site, weight * unit / 7) for role, site, weight in PEOPLE]
    weights, _ = weighed(tmp_path, "", weight=True, people=people)
    assert weights[:4] == pytest.approx([1 / 1.5, 4 / 1.5, 1 / 1.5, 2 / 1.5], abs=1e-6)


def test_weights_too_small_for_their_decimals_are_refused(tmp_path: Path) -> None:
    people = [*PEOPLE, ("Ops", "X", 1e-4)]
    with pytest.raises(DataError, match=r"from 6\.8e-05 to .* times their mean"):
        weighed(tmp_path, "", weight=True, people=people)
