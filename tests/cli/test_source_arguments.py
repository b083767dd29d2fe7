"""The options of sources are the same for every verb that reads sources, and all reach the reading."""

from collections.abc import Callable
from dataclasses import fields
from inspect import signature
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from cli.main import app
from cli.source_arguments import PROFILE_OPTIONS, SETTINGS_FILE_OPTIONS, SourceOptions
from cli.source_options import profiles_of_options
from features.ingestion.ingest import append, ingest
from features.store.event_store import open_store
from tests.cli.conftest import Ended

Regulars = Callable[..., Ended]


def options_of(verb: str) -> dict[str, list[str]]:
    command = get_command(app).commands[verb]  # type: ignore[attr-defined]
    return {option.name: [*option.opts, option.help] for option in command.params}


def test_both_verbs_have_every_option_of_sources() -> None:
    """By one name and with one help."""
    ours, theirs = options_of("ingest"), options_of("append")
    for field in fields(SourceOptions):
        assert ours[field.name] == theirs[field.name]
    of_every_verb = {"help", "quiet", "json"}
    assert set(theirs) - {field.name for field in fields(SourceOptions)} - of_every_verb == {"sources", "store"}


def test_every_option_reaches_the_reading() -> None:
    """As an argument of `ingest`, of the profile, or of the settings."""
    known = set(signature(ingest).parameters) | {"set", "password_file"}
    assert {field.name for field in fields(SourceOptions)} <= known.union(PROFILE_OPTIONS)
    assert set(SETTINGS_FILE_OPTIONS) <= set(signature(ingest).parameters)
    options = SourceOptions(thousands=",", kinds=["order=purchase"], sheet="s", set=["amount=1"])
    arguments = options.arguments()
    assert arguments["profile"] == profiles_of_options(None, thousands=",", kinds=["order=purchase"])
    assert (arguments["sheet"], arguments["constants"]) == ("s", {"amount": "1"})
    settings = options.settings({"timezone": "Asia/Tokyo", "buckets": None}, None)
    assert (settings["timezone"], settings["buckets"]) == ("Asia/Tokyo", 1)
    assert append.__kwdefaults__ is None
    with pytest.raises(typer.BadParameter, match="given twice"):
        SourceOptions(map=["a=b", "a=c"]).arguments()


def test_an_export_is_appended_with_the_options_that_ingest_has(regulars: Regulars) -> None:
    """The same file by both verbs gives the same events."""
    lines = [
        "Invoice,client,when,Quantity,Price,Status",
        "1,ann,03/02/2024 10:00,2,1.50,paid",
        "1,ann,03/02/2024 10:00,1,5.00,paid",
        "2,bob,04/02/2024 11:00,-1,5.00,paid",
        "3,cem,05/02/2024 12:00,1,9.00,voided",
    ]
    Path("week.csv").write_text("\n".join(lines) + "\n")
    Path("first.csv").write_text("customer_id,event_time,event_type,amount\nzoe,2024-01-01,purchase,1\n")
    options = (
        *("--map", "customer_id=client", "--map", "event_time=when", "--set", "event_type=purchase"),
        *("--amount", "Quantity * Price", "--negative", "return", "--time-format", "day_first"),
        *("--one-event-per", "Invoice", "--leave-out", "Status=voided", "--strict"),
    )
    assert regulars("ingest", "first.csv", "--out", "store").code == 0
    ended = regulars("append", "week.csv", "--store", "store", *options)
    assert ended.code == 0, ended.error
    assert regulars("ingest", "week.csv", "--out", "alone", *options).code == 0
    store, alone = open_store("store"), open_store("alone")
    assert store.customer_ids.to_pylist() == ["ann", "bob", "zoe"]
    assert alone.columns["cents"].tolist() == store.columns["cents"].tolist()[:2] == [800, 500]


def test_an_addition_of_which_nothing_is_kept_shows_why(regulars: Regulars) -> None:
    """As ingest does: the report, then the line of the error, exit code 1."""
    Path("first.csv").write_text("customer_id,event_time,event_type,amount\nzoe,2024-01-01,purchase,1\n")
    Path("bad.csv").write_text("customer_id,event_time,event_type,amount\nzoe,2024-01-01,buy,1\n")
    assert regulars("ingest", "first.csv", "--out", "store").code == 0
    ended = regulars("append", "bad.csv", "--store", "store")
    assert ended.code == 1
    assert "none of 1 rows is kept" in ended.error
    assert regulars("append", "--store", "store").code == 2
