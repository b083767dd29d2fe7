"""The customer model: value adds up, a saved version forecasts the same, and another is refused."""

from dataclasses import replace
from importlib.metadata import version
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest

from features.definitions import FEATURE_NAMES
from features.errors import InvalidArgumentError, ModelError
from features.event_words import BUILT_IN_WORDS, EventWords
from tests.training.stand_in import customer_model as stand_in
from training.models.bundle import CARD_FILE, MODEL_FILE, OUTPUTS, model_digest
from training.models.customer_model import CustomerModel


@pytest.fixture(scope="module")
def model(purchase_model):
    """The simulated shop's counts, and one amount for every purchase."""
    return replace(stand_in(), purchases=purchase_model)


def test_value_without_interest_is_spend_in_the_horizon(model, windows):
    """In however many steps; with interest it is less, and with more of it lesser still."""
    customers, day = windows.now.features, windows.now.day
    spend = model.predict(customers, day, 720)["expected_spend"]
    for steps in (1, 6):
        np.testing.assert_allclose(model.customer_value(customers, day, 720, 0.0, steps), spend, rtol=1e-9)
    value = [model.customer_value(customers, day, 720, rate) for rate in (0.05, 0.3)]
    assert (value[0] < spend).all()
    assert (value[1] < value[0]).all()
    assert (value[1] > spend / 1.3**2).all()


def test_value_by_hand(model, windows):
    """A purchase every ten days, of 5 each: 182.5 a year, discounted at 21 % from the middle of each year."""
    purchases = SimpleNamespace(expected_purchases=lambda features, days: np.full(len(features), days / 10))
    spend = SimpleNamespace(expected_spend=lambda features: np.full(len(features), 5.0))
    customers = windows.now.features.iloc[:2].copy()
    customers.iloc[1] = 0.0
    value = replace(model, purchases=purchases, spend=spend).customer_value(customers, 20_000, 730, 0.21, steps=2)
    assert value[0] == pytest.approx(182.5 / 1.1 + 182.5 / 1.331)
    assert np.isnan(value[1])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"discount_rate": -1}, "discount_rate is -1; expected a finite number above -1"),
        ({"discount_rate": -1.5}, "discount_rate is -1.5; expected"),
        ({"discount_rate": np.nan}, "discount_rate is nan; expected"),
        ({"discount_rate": np.inf}, "discount_rate is inf; expected"),
        (
            {"discount_rate": -0.999999999, "horizon_days": 3650},
            "over 3650 days, which makes currency grow without limit",
        ),
        ({"horizon_days": 0}, "horizon_days is 0; expected a whole number from 1"),
        ({"horizon_days": -90}, "horizon_days is -90; expected"),
        ({"horizon_days": 90.5}, "horizon_days is 90.5; expected"),
        ({"horizon_days": np.nan}, "horizon_days is nan; expected"),
        ({"horizon_days": 90, "steps": 0}, "steps is 0; expected a whole number from 1 to 90"),
        ({"horizon_days": 5, "steps": 6}, "steps is 6; expected a whole number from 1 to 5"),
        ({"as_of_day": np.nan}, "as_of_day is nan; expected a whole number"),
    ],
)
def test_arguments_that_mean_nothing_are_refused_in_one_line(model, windows, wrong, message):
    """A value is never NaN because of an argument, and a forecast has the same checks of cutoff and horizon."""
    arguments = {"as_of_day": windows.now.day, "horizon_days": 90} | wrong
    with pytest.raises(InvalidArgumentError, match=message) as error:
        model.customer_value(windows.now.features, **arguments)
    assert "\n" not in str(error.value)
    if not wrong.keys() & {"discount_rate", "steps"}:
        with pytest.raises(InvalidArgumentError, match=message):
            model.predict(windows.now.features, **arguments)


def test_a_value_of_a_few_days_has_as_many_steps(model, windows):
    """Without `steps` there are six, or one for each day; a negative rate above -1 makes later currency worth more."""
    customers, day = windows.now.features, windows.now.day
    np.testing.assert_array_equal(
        model.customer_value(customers, day, 3), model.customer_value(customers, day, 3, steps=3)
    )
    np.testing.assert_array_equal(model.customer_value(customers, day), model.customer_value(customers, day, steps=6))
    assert (model.customer_value(customers, day, 90, -0.5) > model.customer_value(customers, day, 90, 0.0)).all()
    with pytest.raises(ModelError, match="lack purchase_days"):
        model.customer_value(customers.drop(columns="purchase_days"), day)


def test_value_grows_with_the_days(model, windows):
    """More days are never worth less."""
    customers, day = windows.now.features, windows.now.day
    values = [model.customer_value(customers, day, days, steps=days // 90) for days in (90, 180, 360, 720)]
    assert (np.diff(values, axis=0) >= 0).all()


def test_a_saved_model_forecasts_the_same(model, windows, tmp_path):
    """To the last bit; its card lies beside it, and its file is a few megabytes at most."""
    saved = model.save(tmp_path)
    again = CustomerModel.load(tmp_path, saved)
    customers, day = windows.now.features, windows.now.day
    pd.testing.assert_frame_equal(
        again.predict(customers, day, 90), model.predict(customers, day, 90), check_exact=True
    )
    assert (tmp_path / CARD_FILE).is_file()
    assert model_digest(tmp_path) == saved
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 1e6


def test_a_model_holds_no_customer(model, windows, tmp_path):
    """Nobody's id is in its file, compressed or not."""
    model.save(tmp_path)
    joblib.dump(model, tmp_path / "plain")
    ids = windows.now.features.index.tolist()
    assert not any(name.encode() in file.read_bytes() for file in tmp_path.iterdir() for name in ids)


def test_another_digest_or_none_is_refused(model, tmp_path):
    """In one line that says what was found."""
    with pytest.raises(ModelError, match="holds no model"):
        CustomerModel.load(tmp_path)
    model.save(tmp_path)
    with pytest.raises(ModelError, match="expected 000000000000"):
        CustomerModel.load(tmp_path, "0" * 64)


def test_a_model_of_other_event_words_is_refused(model, tmp_path):
    """Whoever loads it, publication among them, gets the line of the card."""
    words = BUILT_IN_WORDS.plus(EventWords(types=("deposit",)), "here")
    replace(model, card=replace(model.card, words=words)).save(tmp_path)
    with pytest.raises(ModelError, match="the event type 'deposit', not known here: add it to"):
        CustomerModel.load(tmp_path)


def test_absent_columns_are_named(model, windows):
    """A table of another make is no table to forecast from."""
    with pytest.raises(ModelError, match="lack gap_mean"):
        model.predict(windows.now.features.drop(columns="gap_mean"), windows.now.day, 30)


def test_a_table_of_strangers_has_no_forecasts(model, windows):
    """Nobody with a purchase: every column null, a row each; and no rows at all give none."""
    strangers = pd.DataFrame(0.0, pd.Index(["x", "y"], name="customer_id"), list(FEATURE_NAMES))
    found = model.predict(strangers, windows.now.day, 30)
    assert list(found) == list(OUTPUTS)
    assert found.isna().all(axis=None)
    assert found.index.tolist() == ["x", "y"]
    assert model.predict(strangers.iloc[:0], windows.now.day, 30).empty


def test_customers_may_come_twice_and_strangers_among_them(model, windows):
    """Each row has its forecast where it stands, whatever the index."""
    customers = windows.now.features.iloc[[3, 3, 0]].copy()
    customers.iloc[2] = 0.0
    found = model.predict(customers, windows.now.day, 30)
    assert found.index.tolist() == customers.index.tolist()
    assert found.iloc[2].isna().all()
    alone = model.predict(windows.now.features.iloc[[3]], windows.now.day, 30).to_numpy()
    np.testing.assert_array_equal(found.iloc[:2].to_numpy(), np.repeat(alone, 2, axis=0))


@pytest.mark.parametrize(("made_with", "told"), [("0.1.2", r"with scikit-learn 0\.1\.2 \(here "), ("1", "fit it anew")])
@pytest.mark.parametrize("content", [b"cstring\nno_such_thing\n.", b"no pickle"])
def test_a_pickle_that_cannot_be_read_says_with_what_it_was_made(model, tmp_path, content, made_with, told):
    """The line names the libraries that are another release here."""
    replace(model, card=replace(model.card, libraries={"scikit-learn": made_with})).save(tmp_path)
    (tmp_path / MODEL_FILE).write_bytes(content)
    with pytest.raises(ModelError, match=f"cannot be read .*: .*{told}"):
        CustomerModel.load(tmp_path)


def test_the_libraries_of_an_unreadable_model_are_named_in_one_line(model, tmp_path):
    """Another release, or none at all, each with what is installed."""
    libraries = {"scikit-learn": "0.1.2", "numpy": version("numpy"), "no-such": "2.0"}
    replace(model, card=replace(model.card, libraries=libraries)).save(tmp_path)
    (tmp_path / MODEL_FILE).write_bytes(b"no pickle")
    with pytest.raises(ModelError) as error:
        CustomerModel.load(tmp_path)
    assert str(error.value).endswith(
        f"it was made with scikit-learn 0.1.2 (here {version('scikit-learn')}), no-such 2.0 (here none): "
        "install those releases, or fit it anew"
    )
