"""A look as JSON has every figure, and null where a number is not known."""

import json
from pathlib import Path

from features.simulate import simulate
from monitoring.look_file import look_as_dict, write_look
from monitoring.monitor import look_at
from monitoring.recommendation import EXIT_CODES
from tests.monitoring.shops import FlatModel
from tests.training.logs import stored


def test_a_look_is_written_whole(tmp_path: Path) -> None:
    """What is read back is what was found."""
    store = stored(simulate(customers=250, seed=6)[0], tmp_path)
    look = look_at(store, (FlatModel("2025-01-01", 0.1), "7"), "2025-06-01", horizons=[28])
    write_look(tmp_path / "out" / "monitor.json", look)
    found = json.loads((tmp_path / "out" / "monitor.json").read_text())
    assert found == json.loads(json.dumps(look_as_dict(look)))
    assert found["exit_code"] == EXIT_CODES[look.recommendation.action]
    assert {"intake", "columns", "forecasts", "windows", "estimates", "reasons"} <= set(found)
    assert found["forecasts"]["weeks"][0]["deviation"] is None
    assert "columns" in look_as_dict(look_at(store, None, "2025-06-01"))
