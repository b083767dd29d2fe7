"""Shares are in per cent wherever a measure is written; MLflow's names have the unit that its numbers lack."""

import pytest

from reporting.number_formats import measure
from training.evaluation.catalog import BUILT_IN
from training.evaluation.measure_formats import PERCENT, format_of, logged


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_page_terminal_and_mlflow_have_the_same_figure(name: str) -> None:
    """The digits on the page are those on the terminal, and those of MLflow when rounded alike."""
    for value in (-0.1234, 0.0, 0.987):
        page = measure(value, name).replace("−", "-").replace(" %", "%")
        terminal = format(value, format_of(name))
        key, kept = logged(name, value)
        assert page.lstrip("+") == terminal.lstrip("+").replace("+0.0%", "0.0%")
        assert key == (f"{name}_percent" if terminal.endswith("%") else name)
        assert f"{kept:.{1 if name in PERCENT else 3}f}" == terminal.strip("+%")


def test_shares_are_built_in() -> None:
    """No name in the list stands for nothing."""
    assert set(PERCENT) <= BUILT_IN.keys()
