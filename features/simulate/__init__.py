"""Event logs drawn from a known truth: purchases, visits and incentives whose effects are given."""

from features.simulate.clock import season_factors
from features.simulate.expectation import expected_in
from features.simulate.log import BLOCK, LOG_SCHEMA, blocks, simulate, write_log
from features.simulate.truth import Action, Truth

__all__ = [
    "BLOCK",
    "LOG_SCHEMA",
    "Action",
    "Truth",
    "blocks",
    "expected_in",
    "season_factors",
    "simulate",
    "write_log",
]
