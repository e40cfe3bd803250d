"""A sentence tests what a notebook's `compare` tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import DEFINITION, built, quiet, write_survey
from test_findings import DESIGN, TARGET, rows

from pipeline import open_survey
from pipeline.narrative.differences import difference_p
from pipeline.narrative.facts import load_estimates
from pipeline.trends import trend


def test_a_difference_of_clustered_groups_has_their_covariance(tmp_path: Path) -> None:
    """Groups from the same towns, weighted to targets, by t on the towns."""
    text = DEFINITION.replace("missing =", DESIGN, 1) + TARGET
    survey, home = write_survey(tmp_path, definition=text, rows=rows())
    build = built(survey, home)
    trend(survey, build, quiet)
    (expected,) = (
        open_survey("small", tmp_path)
        .compare("ai", by="role", term="yes")
        .to_dict("records")
    )

    source = load_estimates(build, crossed=False)
    dev, ops = (
        source.row("2025", "ai", "share", "yes", "role", domain)
        for domain in ("dev", "ops")
    )
    assert dev is not None
    assert ops is not None
    assert difference_p(source, dev, ops) == pytest.approx(expected["p_value"], 1e-9)
    assert dev.se is not None
    assert ops.se is not None
    assert expected["se"] < 0.8 * np.hypot(dev.se, ops.se)
