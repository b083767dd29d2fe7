"""The result of a look at a sample: nothing is known before it, and two looks share nothing."""

from features.ingestion.inspection_result import Inspection
from features.ingestion.profile import SourceProfile


def test_two_looks_share_nothing() -> None:
    """What is found in one source is no finding of another."""
    first, second = Inspection(SourceProfile()), Inspection(SourceProfile())
    first.sure["columns.amount"] = "certain"
    first.questions.append("is it net?")
    assert (second.sure, second.questions, second.known) == ({}, [], "")
