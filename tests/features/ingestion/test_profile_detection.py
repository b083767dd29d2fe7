"""What a profile leaves open is read off a sample; what it says is not."""

import pyarrow as pa
import pytest

from features.errors import AmbiguousSourceError
from features.ingestion.profile import SourceProfile
from features.ingestion.profile_detection import detect_profile


def test_formats_marks_ids_and_the_currency_are_detected() -> None:
    """Each is named for the report."""
    sample = {
        "customer_id": pa.array(["1.0", "2.0", None]),
        "event_time": pa.array(["21/05/2014", "22/05/2014", None]),
        "amount": pa.array(["1.234,50", "2", None]),
        "=Currency": pa.array(["eur", "EUR", None]),
    }
    profile, found = detect_profile("log.csv", SourceProfile(), sample)
    assert profile.times.format == ("day_first",)
    assert (profile.amounts.decimal, profile.amounts.thousands) == (",", ".")
    assert profile.ids.whole_numbers
    assert (profile.currency.column, profile.currency.keep) == ("Currency", "EUR")
    assert found == {
        "times": "day_first",
        "decimal": ",",
        "thousands": ".",
        "customer_id": "1.0 is 1",
        "currency": "EUR",
    }


def test_a_plain_sample_needs_nothing() -> None:
    """Not even an amount."""
    sample = {"customer_id": pa.array(["a"]), "event_time": pa.array(["2024-01-01"])}
    profile, found = detect_profile("log.csv", SourceProfile(), sample)
    assert profile == SourceProfile()  # rows after the sample may be the first with a mark
    assert found == {"decimal": "."}
    assert detect_profile("log.csv", SourceProfile(), {})[1] == {"decimal": "."}


@pytest.mark.parametrize(
    ("sections", "sample", "message"),
    [
        ({}, {"event_time": ["1/2/2024"]}, "--time-format day_first"),
        ({}, {"amount": ["1.500"]}, "--decimal"),
        ({"amounts": {"expression": "n * p"}}, {"=n": ["1"], "=p": ["1.500"]}, "--decimal"),
        ({}, {"amount": ["1"] * 2, "=currency": ["EUR", "USD"]}, "log.csv: amounts are in EUR, USD"),
        ({"currency": {"column": "c"}}, {"amount": ["1"] * 2, "=c": ["EUR", "USD"]}, "--currency EUR"),
    ],
)
def test_a_question_names_the_source(
    sections: dict[str, dict[str, object]], sample: dict[str, list[str]], message: str
) -> None:
    """And the option."""
    columns = {name: pa.array(values) for name, values in sample.items()}
    with pytest.raises(AmbiguousSourceError, match=message):
        detect_profile("log.csv", SourceProfile().with_values(**sections), columns)


def test_what_is_given_is_not_asked() -> None:
    """Format, marks and currency."""
    given = SourceProfile().with_values(
        times={"format": ("month_first",)}, amounts={"decimal": "."}, currency={"keep": "USD"}
    )
    sample = {
        "event_time": pa.array(["1/2/2024"] * 2),
        "amount": pa.array(["1.500"] * 2),
        "=currency": pa.array(["EUR", "USD"]),
    }
    profile, found = detect_profile("log.csv", given, sample)
    assert profile == given.with_values(currency={"column": "currency"})
    assert found == {"decimal": ".", "currency": "USD"}


def test_ids_with_other_digits_are_left_alone() -> None:
    """One id that is no whole number with .0 is enough."""
    sample = {"customer_id": pa.array(["1.0", "2.5"])}
    assert not detect_profile("log.csv", SourceProfile(), sample)[0].ids.whole_numbers


def test_words_for_nobody_and_totals_are_no_ids() -> None:
    """They leave the detection to the ids; alone they are none."""
    ids = ["guest", "Summe:", "House", "12346.0", ""]
    given = SourceProfile().with_values(ids={"nobody": ("house",)})
    profile, found = detect_profile("log.csv", given, {"customer_id": pa.array(ids)})
    assert profile.ids.whole_numbers
    assert found["customer_id"] == "12346.0 is 12346"
    assert not detect_profile("log.csv", given, {"customer_id": pa.array(ids[:3])})[0].ids.whole_numbers
