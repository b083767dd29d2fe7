"""Models pickled by earlier versions load, although their classes have moved since."""

from importlib import import_module
from pathlib import Path

import pytest

from training.models.bundle import COMPILED_FILE
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel
from training.models.moved_classes import MOVED_MODULES, RENAMED_CLASSES
from training.parity import require_equal
from training.synthetic_customers import synthetic_customers

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("module", sorted(set(MOVED_MODULES.values())))
def test_a_moved_module_is_where_the_table_says(module):
    """A typing error here would show only when an old model is loaded."""
    import_module(module)


@pytest.mark.parametrize("place", sorted(RENAMED_CLASSES.values()))
def test_a_renamed_class_is_where_the_table_says(place):
    """The same for classes."""
    module, _, name = place.rpartition(".")
    assert isinstance(getattr(import_module(module), name), type)


def test_no_current_class_is_renamed():
    """An entry for a class that exists would hide it."""
    for place, renamed in RENAMED_CLASSES.items():
        module, _, name = place.rpartition(".")
        value = getattr(import_module(module), name, None)
        assert value is None or f"{value.__module__}.{value.__name__}" == renamed


def test_a_model_of_the_first_layout_forecasts_what_its_compiled_form_does():
    """The frozen pack holds a version published before the modules moved; its compiled form is plain numbers."""
    [file] = (ROOT / "tests/frozen/pack/given/bento/models/regulars").glob(f"*/bundle/{COMPILED_FILE}")
    model, compiled = CustomerModel.load(file.parent), CompiledModel.load(file)
    require_equal(model, compiled, synthetic_customers(model.card.as_of, 200), model.purchases.day_, 90)
