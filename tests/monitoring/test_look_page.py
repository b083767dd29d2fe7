"""The page of a look has what was found, in both languages, and fetches nothing."""

from pathlib import Path

import pytest

from features.simulate import simulate
from monitoring.look_page import SECTIONS, render_look, write_look_page
from monitoring.monitor import Look, look_at
from tests.monitoring.shops import FlatModel, stored


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Look:
    """A look at a shop of 300 customers."""
    store = stored(simulate(customers=300, seed=7)[0], tmp_path_factory.mktemp("shop"))
    return look_at(store, (FlatModel("2025-01-01", 0.1), "7"), "2025-06-01", horizons=[28])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_has_every_part(look: Look, language: str) -> None:
    """Each section, the chart of weeks, and the reasons as they are printed."""
    text = render_look(look, language)
    for name in SECTIONS:
        assert f'id="{name}"' in text
    assert 'id="chart-weeks"' in text
    assert look.recommendation.reasons[0].split(":")[0] in text
    assert f'<html lang="{language}">' in text
    assert "http://" not in text.split("<script")[0]
    assert text.count('class="how short"') == text.count('class="how') == 5  # two columns are for longer ones
    before = look.matured.measures.query("before_fit and segment == 'all'") if look.matured else ()
    assert text.count(" *</th>") == len(before) > 0


def test_a_look_without_a_champion_has_a_page(look: Look, tmp_path: Path) -> None:
    """It says that there is none; the file is written whole."""
    from dataclasses import replace

    path = tmp_path / "seen" / "monitor.html"
    write_look_page(path, replace(look, version=None, fitted=None, weekly=None, matured=None, columns=None))
    text = path.read_text()
    assert "There is no champion" in text
    assert 'id="chart-weeks"' not in text
    assert "The log is too short to say how columns usually move." in text
