"""Weights: what each respondent counts for, and what that costs in precision.

margins ───── whose domain is whose, and the population's shares
raking ────── each margin in turn, and post-stratification
calibration ─ nearest weights that meet all totals, within bounds if asked; with its
              parts distances, newton, and reach for when there are none
trimming ──── no weight outside given limits
diagnostics ─ sound weights, their spread, and how far from the population they are
stage ─────── weights.parquet and weights.json

All but the stage are functions of arrays. A row may be a respondent or a cell of
respondents who share their auxiliary values: the factors are the same, so raking a
million respondents costs what their few hundred cells cost.
"""

from pipeline.weights.calibration import calibrate, indicators
from pipeline.weights.diagnostics import balance, check_weights, spread
from pipeline.weights.margins import Fit, Margin, margin
from pipeline.weights.raking import post_stratify, rake
from pipeline.weights.stage import weigh
from pipeline.weights.trimming import trim

__all__ = [
    "Fit",
    "Margin",
    "balance",
    "calibrate",
    "check_weights",
    "indicators",
    "margin",
    "post_stratify",
    "rake",
    "spread",
    "trim",
    "weigh",
]
