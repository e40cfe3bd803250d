"""The cube's variances, of all domains at once, are those of one table at a time."""

from __future__ import annotations

import duckdb
import msgspec
import numpy as np
import pytest
from small import DEFINITION

from pipeline.definition import Survey
from pipeline.design import Design, Replicates, Target, Weighting
from pipeline.estimates.cube import Slice, cube
from pipeline.estimates.linear import mean, share
from pipeline.estimates.pairs import covariances
from pipeline.estimates.sample import Sample
from pipeline.estimates.scheme import column_of, sample_of
from pipeline.load import load_survey
from pipeline.warehouse import lay_out

pytestmark = pytest.mark.slow

PEOPLE = 240
ITEMS = ("role", "ai", "tools.a", "tools.b", "depend", "band")
TARGETS = (
    Target(wave="2025", dimension="role", shares={"dev": 0.7, "ops": 0.3}, source=""),
    Target(wave="2025", dimension="band", shares={"low": 0.4, "high": 0.6}, source=""),
)
BAND = """
[[question]]
id = "band"
text = "Band?"
kind = "single"
columns = { 2025 = "band" }
options = [{ code = "low", label = "Low" }, { code = "high", label = "High" }]

[[dimension]]
id = "band"
label = "Band"
question = "band"
"""
DESIGNS = {
    "weights only": Design(),
    "stratified": Design(strata="s", fpc=("f",)),
    "stratified, without population sizes": Design(strata="s"),
    "clustered": Design(strata="s", clusters=("c",), fpc=("f",)),
    "two stages": Design(strata="s", clusters=("c", "d"), fpc=("f", "g")),
    "single units averaged": Design(strata="s", clusters=("e",), single_psu="average"),
    "single units adjusted": Design(strata="s", clusters=("e",), single_psu="adjust"),
    "replicates": Design(
        replicates=Replicates(columns="r*", kind="JK1", scale=0.9, rscales=(1.0,))
    ),
}


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """A made-up warehouse: answers, and people with columns for every design."""
    rng = np.random.default_rng(1)
    n = PEOPLE
    stratum = rng.integers(0, 4, n)
    cluster = rng.integers(0, 5, n)
    weights = np.round(rng.lognormal(0, 0.5, n), 6)
    role = np.where(rng.random(n) < 0.6, "dev", "ops").astype(object)
    role[rng.random(n) < 0.05] = None
    people = {
        "wave": np.full(n, "2025"),
        "respondent": np.arange(n),
        "role": role,
        "band": np.where(rng.random(n) < 0.5, "low", "high"),
        "#role": np.array([{"dev": 1, "ops": 2}.get(r, 0) for r in role]),
        "base_weight": np.round(rng.lognormal(0, 0.1, n), 6),
        "weight": weights,
        "untrimmed": np.round(weights * rng.uniform(0.8, 1.25, n), 6),
        "_stratum": stratum,
        "_cluster1": cluster,
        "_cluster2": rng.integers(0, 3, n),
        "_single": np.where(stratum == 2, 0, cluster),
        "_fpc1": 400 + 100 * stratum,
        "_fpc2": np.full(n, 9),
    }
    people |= {f"_replicate{i}": weights * rng.uniform(0.5, 1.5, n) for i in range(12)}
    items = {
        "ai": rng.integers(1, 3, n),
        "depend": np.minimum(10, rng.integers(0, 9, n) + (stratum > 1)),
        "tools.a": rng.integers(0, 2, n),
        "tools.b": (rng.random(n) < 0.2).astype(int),
    }
    people["#band"] = np.where(people["band"] == "low", 1, 2)
    con = duckdb.connect()
    con.register("given", people)
    con.execute("CREATE TABLE people AS SELECT * REPLACE"
                " (CAST(weight AS DECIMAL(9,6)) AS weight,"
                "  CAST(untrimmed AS DECIMAL(18,6)) AS untrimmed,"
                "  CAST(wave AS TEXT) AS wave, CAST(band AS TEXT) AS band,"
        "  CAST(base_weight AS DECIMAL(18,6)) AS base_weight) FROM given")  # fmt: skip
    con.execute("CREATE TABLE answers(wave TEXT, respondent INT, item TEXT,"
                " value DECIMAL(18,4), status TEXT, number INT)")  # fmt: skip
    for item, values in items.items():
        status = np.where(rng.random(n) < 0.9, "answered", "skipped")
        said = {"respondent": np.arange(n), "value": values, "status": status}
        if item.startswith("tools"):
            said["status"] = np.where(people["band"] == "low", "answered", "not_asked")
        con.register("said", said)
        con.execute(
            f"INSERT INTO answers SELECT '2025', respondent, '{item}', value, status,"
            f" {ITEMS.index(item)} FROM said"
        )
    return con


def survey(tmp: pytest.TempPathFactory, **given: object) -> Survey:
    """The small survey with two dimensions, their cross, and a design."""
    folder = tmp.mktemp("data") / "small"
    folder.mkdir()
    path = folder / "survey.toml"
    text = DEFINITION.replace("min_base", 'crosses = [["role", "band"]]\nmin_base')
    path.write_text(text + BAND, encoding="utf-8")
    found = load_survey(path)
    design = given.pop("design", Design())
    wave = msgspec.structs.replace(found.waves[0], design=design)
    return msgspec.structs.replace(found, waves=(wave,), **given)


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize(
    "method", ["none", "rake", "linear", "rake, trimmed", "linear, trimmed"]
)
def test_the_cube_and_the_sample_agree(
    con: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    method: str,
) -> None:
    targets = () if method == "none" else TARGETS
    weighting = Weighting(
        method="linear" if "linear" in method else "rake",
        trim=(0.3, 3.0) if "trimmed" in method else None,
    )
    made = survey(
        tmp_path_factory, design=DESIGNS[name], targets=targets, weighting=weighting
    )
    compared = 0
    if "single" in name:
        con.execute("ALTER TABLE people RENAME _cluster1 TO _kept;"
                    " ALTER TABLE people RENAME _single TO _cluster1")  # fmt: skip
    try:
        lay_out(con, made)
        for part in cube(con, made):
            for i, question in enumerate(part.batch.questions):
                if question.id in ("ai", "depend", "tools"):
                    compared += compare(con, made, part, i)
    finally:
        if "single" in name:
            con.execute("ALTER TABLE people RENAME _cluster1 TO _single;"
                        " ALTER TABLE people RENAME _kept TO _cluster1")  # fmt: skip
    assert compared == 12


def compare(
    con: duckdb.DuckDBPyConnection, made: Survey, part: Slice, number: int
) -> int:
    """Shares (and means of a scale) of one question of a slice against `Sample`."""
    question = part.batch.questions[number]
    by = part.by.split("*") if part.by else []
    mine = part.question == number
    domains = part.domain[mine].tolist()
    p = part.w / part.W[:, None]
    shares, se = p[mine], np.sqrt(part.spread.of_shares(p, part.W))[mine]
    items = question.items()
    for i, item in enumerate(items):
        sample = sample_of(con, made, made.waves[0], [item])
        y = column_of(item)
        if question.kind == "select-all":
            found = mean(sample, [y], by)
            theirs = {"*".join(k[:-1]): (v, s) for k, v, s in
                      zip(found.keys, found.values, found.se, strict=True)}  # fmt: skip
            assert len(domains) == len(theirs)
            for d, domain in enumerate(domains):
                assert (shares[d, i], se[d, i]) == pytest.approx(theirs[domain], 1e-9)
            continue
        found = share(sample, y, by)
        given = {("*".join(k[:-1]), k[-1]): (v, s) for k, v, s in
                 zip(found.keys, found.values, found.se, strict=True)}  # fmt: skip
        for d, domain in enumerate(domains):
            for v, value in enumerate(part.values.tolist()):
                expected = given.get((domain, value), (0, 0))
                assert (shares[d, v], se[d, v]) == pytest.approx(expected, 1e-9, 1e-12)
    if question.scale:
        means(sample, part, by, y)
    if len(by) == 1:
        between_domains(con, made, part, number)
    return 1


def between_domains(
    con: duckdb.DuckDBPyConnection, made: Survey, part: Slice, number: int
) -> None:
    """The covariance of a share in two domains."""
    question = part.batch.questions[number]
    blocks = [b for b in covariances(part) if question.id in b["question"]]
    if (part.question == number).sum() < 2:  # asked in one domain only
        assert not blocks
        return
    assert len(blocks) == 1
    compared = 0
    for term, first, second, ours in zip(
        *(
            blocks[0][name][blocks[0]["question"] == question.id]
            for name in ("term", "first", "second", "covariance")
        ),
        strict=True,
    ):
        many = question.kind == "select-all"
        item = f"{question.id}.{term}" if many else question.id
        sample = sample_of(con, made, made.waves[0], [item])
        terms = part.batch.terms[number].tolist()
        y = column_of(item)
        if many:
            found = mean(sample, [y], [part.by])
            keys = [(first, y), (second, y)]
        else:
            found = share(sample, y, [part.by])
            value = part.values[terms.index(term)]
            keys = [(first, value), (second, value)]
        if not set(keys) <= set(found.keys):  # nobody gave it there
            assert ours == pytest.approx(0, abs=1e-12)
            continue
        i, k = (found.at(*key) for key in keys)
        assert ours == pytest.approx(found.cov[i, k], 1e-8, 1e-12)
        compared += 1
    assert compared


def means(sample: Sample, part: Slice, by: list[str], column: str) -> None:
    """The mean of a scale, which is alone in its batch."""
    found = mean(sample, [column], by)
    theta = (part.w * part.values).sum(axis=1) / part.W
    y = np.broadcast_to(part.values, part.w.shape)
    se = np.sqrt(part.spread.of_means(y, theta, part.W))
    names = ["*".join(key[:-1]) for key in found.keys]
    order = [names.index(domain) for domain in part.domain]
    assert theta == pytest.approx(found.values[order], 1e-9)
    assert se == pytest.approx(found.se[order], 1e-9)
