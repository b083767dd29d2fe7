"""The page of a look has what was found, in both languages, and fetches nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.simulate import simulate
from monitoring.challenger import Advice, ChallengerComparison
from monitoring.look_page import CHALLENGER_SECTION, SECTIONS, render_look, write_look_page
from monitoring.monitor import Look, look_at
from tests.monitoring.shops import FlatModel
from tests.training.logs import stored
from training.models.rollout import Role


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
    path = tmp_path / "seen" / "monitor.html"
    write_look_page(path, replace(look, version=None, fitted=None, weekly=None, matured=None, columns=None))
    text = path.read_text()
    assert "There is no champion" in text
    assert 'id="chart-weeks"' not in text
    assert "The log is too short to say how columns usually move." in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_challenger_has_a_section(look: Look, language: str) -> None:
    """With the advice and the losses; what is not known yet is said so. Without one there is none."""
    assert f'id="{CHALLENGER_SECTION}"' not in render_look(look, language)
    known = {"horizon_days": 7, "measure": "log_loss", "weeks": 9, "forecasts": 900}
    known |= {"champion": 0.3, "challenger": 0.25, "difference": -0.05, "low": -0.07, "high": -0.03}
    unknown = dict.fromkeys(known, np.nan) | {"horizon_days": 90, "measure": "deviance", "weeks": 0, "forecasts": 0}
    table = pd.DataFrame([known, unknown])
    beside = ChallengerComparison(Role.SHADOW, "5", "4", "2025-03-01", table, Advice.PROMOTE)
    text = render_look(replace(look, challenger=beside), language)
    assert f'id="{CHALLENGER_SECTION}"' in text
    assert "promote version 5" in text
    assert "0.2500" in text
    assert "nan" not in text.split('data-table="challenger"')[1].split("</table>")[0]
