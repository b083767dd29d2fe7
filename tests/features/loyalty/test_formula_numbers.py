"""A formula as JSON: it comes back equal, and what is none is refused."""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import FormulaError
from features.loyalty.formula import Maxima, load_formula
from features.loyalty.formula_numbers import formula_numbers, formula_of_numbers


@given(
    day=st.dates(date(1, 1, 1)),
    reason=st.text(min_size=1).filter(str.strip),
    weight=st.floats(1e-6, 1e6),
    maximum=st.floats(1e-6, 1e6),
)
def test_a_formula_comes_back_from_json_to_the_last_bit(day, reason, weight, maximum):
    """Whatever its texts and numbers."""
    formula = load_formula()
    parts = (replace(formula.parts[0], weight=weight, maximum=maximum), *formula.parts[1:])
    changed = replace(formula, date=day, reason=reason, parts=parts, maxima=Maxima(maximum, 5, 3))
    assert formula_of_numbers(json.loads(json.dumps(formula_numbers(changed)))) == changed


@pytest.mark.parametrize("change", [{"date": "soon"}, {"parts": 3}, {"bands": [{"name": 4}]}, {"more": 1}])
def test_what_is_no_formula_is_one_line(change):
    """Wrong values, missing and unknown keys."""
    with pytest.raises(FormulaError) as caught:
        formula_of_numbers(formula_numbers(load_formula()) | change)
    assert "\n" not in str(caught.value)
