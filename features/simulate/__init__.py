"""Simulates event logs with known truth: purchases, visits and incentives whose effects are given."""

from features.simulate.event_log import BLOCK, blocks, simulate, write_log
from features.simulate.expected_outcomes import expected_in
from features.simulate.log_schema import LOG_SCHEMA
from features.simulate.seasonal_time import season_factors
from features.simulate.true_effect import true_effect
from features.simulate.truth import Action, Truth
from features.simulate.truth_file import load_truth
from features.simulate.world import World

__all__ = [
    "BLOCK",
    "LOG_SCHEMA",
    "Action",
    "Truth",
    "World",
    "blocks",
    "expected_in",
    "load_truth",
    "season_factors",
    "simulate",
    "true_effect",
    "write_log",
]
