"""The whole way from raw file to estimates, against R's `survey` on the same sample.

R's figures: svydesign(id=~1, strata=~stype, weights=~pw, fpc=~fpc, data=apistrat),
calibrate(…, ~sch.wide+stype, calfun=, bounds=) to 70 % of schools with their target
met, 15 % high and 20 % middle schools, then svyby(~awards, ~stype, svymean,
deff="replace"), for elementary, high and middle schools and all; survey 4.1-1.
"""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile

import duckdb
import pytest
from small import built

from pipeline.load import load_survey

ROOT = Path(__file__).parent.parent
TARGETS = """
[[target]]
wave = "2000"
dimension = "level"
shares = { elementary = 0.65, middle = 0.20, high = 0.15 }
source = "made up"

[[target]]
wave = "2000"
dimension = "target"
shares = { yes = 0.7, no = 0.3 }
source = "made up"
"""
R = {
    'method = "rake"\nbounds = [0.5, 2.0]': (
        [0.66777087903, 0.213759461212, 0.366235777335, 0.539362146018],
        [0.0422242752593, 0.0593186414961, 0.0672435392124, 0.0245784545628],
        [0.795599368400, 1.025882671703, 0.954572063832, 0.48386],
    ),
    'method = "linear"\nbounds = [0.6, 1.8]': (
        [0.664455910692, 0.206601337032, 0.381427178479, 0.5391719782],
        [0.0422677062201, 0.0590547324196, 0.0678562117428, 0.0245687719959],
        [0.793298791989, 1.042511609662, 0.956253044828, 0.48345],
    ),
    'method = "logit"\nbounds = [0.5, 2.0]': (
        [0.665126177531, 0.207492095873, 0.378820702219, 0.53921997022],
        [0.0422561572923, 0.0590584366883, 0.06773548356, 0.0245714132744],
        [0.793651708010, 1.039333231649, 0.955383800062, 0.48356],
    ),
}


@pytest.mark.parametrize("weighting", R, ids=lambda text: text.split('"')[1])
def test_calibrated_shares_are_those_of_r(
    shared: Path, tmp_path: Path, weighting: str
) -> None:
    home = tmp_path / "data" / "api-schools"
    (home / "raw").mkdir(parents=True)
    raw = shared / "reference" / "data" / "apistrat.csv"
    copyfile(raw, home / "raw" / "apistrat.csv")
    definition = (ROOT / "data" / "api-schools" / "survey.toml").read_text("utf-8")
    untargeted = definition.partition("[[target]]")[0]
    text = f"{untargeted}\n{TARGETS}\n[weighting]\n{weighting}\n"
    (home / "survey.toml").write_text(text, encoding="utf-8")
    build = built(load_survey(home / "survey.toml"), home)

    rows = duckdb.sql(
        f"SELECT domain, estimate, se, deff FROM '{build}/estimates.parquet'"
        " WHERE item = 'awards' AND term = 'yes' AND \"by\" IN ('', 'level')"
    ).fetchall()
    ours = {domain: figures for domain, *figures in rows}
    shares, errors, effects = R[weighting]
    for i, domain in enumerate(("elementary", "high", "middle", "")):
        estimate, se, deff = ours[domain]
        # Published weights have six decimals.
        assert estimate == pytest.approx(shares[i], abs=1e-6)
        assert se == pytest.approx(errors[i], rel=1e-5)
        assert deff == pytest.approx(effects[i], rel=2e-5)
