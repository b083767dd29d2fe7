"""Options become a profile, on top of one that comes along or is in a file."""

import pytest
import typer

from cli.source_options import profiles_of_options
from features.ingestion.profile import SourceProfile, load_profile


def test_no_option_is_the_plain_profile() -> None:
    """Of every source."""
    assert profiles_of_options(None) == {"": SourceProfile()}


def test_options_stand_above_the_profile() -> None:
    """Each goes into its section; what is not given stays."""
    [profile] = profiles_of_options(
        ["plain"],
        time_format=["%d/%m/%Y"],
        thousands=",",
        cents=True,
        kinds=["order=purchase"],
        leave_out=["s=a", "s=b"],
    ).values()
    expected = load_profile("plain").with_values(
        times={"format": ("%d/%m/%Y",)},
        amounts={"thousands": ",", "unit": "cents"},
        event_types={"values": {"order": "purchase"}},
        rows={"leave_out": {"s": ("a", "b")}},
    )
    assert profile == expected


def test_a_column_of_order_numbers_is_the_reference() -> None:
    """Unless it is called so."""
    [profile] = profiles_of_options(None, one_event_per="Invoice").values()
    assert (profile.columns, profile.rows.one_event_per) == ({"reference": "Invoice"}, "reference")
    [profile] = profiles_of_options(None, one_event_per="reference").values()
    assert (profile.columns, profile.rows.one_event_per) == ({}, "reference")


def test_a_pattern_chooses_the_sources_of_a_profile() -> None:
    """Options are for all of them."""
    profiles = profiles_of_options(["pos*.csv:plain"], cents=True)
    assert profiles["pos*.csv"].columns["customer_id"] == "customer"
    assert {profile.amounts.unit for profile in profiles.values()} == {"cents"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profiles": ["plan"]}, "did you mean plain"),
        ({"profiles": None, "time_format": ["dayfirst"]}, "expected one like"),
        ({"profiles": None, "kinds": ["order"]}, "write VALUE=TYPE"),
        ({"profiles": None, "kinds": ["order=buy"]}, "event_types.values.order is 'buy'"),
        ({"profiles": None, "amount": "a.b"}, "expected column names"),
    ],
)
def test_a_wrong_option_is_a_wrong_argument(options: dict[str, object], message: str) -> None:
    """Told before anything is read."""
    with pytest.raises(typer.BadParameter, match=message):
        profiles_of_options(**options)  # type: ignore[arg-type]
