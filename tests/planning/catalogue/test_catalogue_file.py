"""Catalogues are read from TOML; what is wrong in one is named by file and key, in one line."""

from importlib import resources
from pathlib import Path

import pytest

from features.errors import CatalogueError
from planning.catalogue.catalogue_file import PRESETS, columns_of, load_catalogue

TEXT = resources.files("planning.catalogue").joinpath("presets/retail.toml").read_text("utf-8")


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_is_whole(preset: str) -> None:
    """Both kinds of action, every pool used, a last rule for everybody, each reason in two languages."""
    catalogue = load_catalogue(preset)
    assert {action.kind for action in catalogue.actions} == {"visit", "incentive"}
    assert {name for action in catalogue.actions for name in action.pools} == {pool.name for pool in catalogue.pools}
    assert catalogue.content_rules[-1].when == ""
    assert all(rule.reason_zh for rule in catalogue.content_rules)
    assert catalogue.horizon_days >= max(action.acts_days for action in catalogue.actions)


def test_retail_is_the_default_and_one_line_adds_an_action(tmp_path: Path) -> None:
    """A line more below [actions] is an action more."""
    line = 'letter = { kind = "visit", channel = "email", effect = 0.01, effect_width = 0.02, pools = ["emails"] }\n'
    file = tmp_path / "actions.toml"
    file.write_text(TEXT.replace("[actions]\n", "[actions]\n" + line))
    more = load_catalogue(file)
    assert load_catalogue() == load_catalogue("retail")
    assert len(more.actions) == len(load_catalogue().actions) + 1
    assert more.action("letter").pools == ("emails",)


def test_a_bank_has_event_types_of_its_own() -> None:
    """Conditions may use the features of event types that the catalogue names."""
    finance = load_catalogue("finance")
    assert finance.events.types == ("deposit", "loan")
    assert {"deposit_amount_365", "days_since_last_loan"} <= set(columns_of(finance))
    assert "deposit_amount_365" not in columns_of(load_catalogue("retail"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "horizon_days",
            "horizon_day",
            "unknown key 'horizon_day': did you mean 'horizon_days'|horizon_days is missing",
        ),
        ("margin = 0.35", "margin = 1.35", "Expected `?float`? <= 1.0.*margin|margin"),
        ("margin = 0.35", "margin = nan", "margin"),
        ('currency = "EUR"', 'currency = "euro"', "currency"),
        ('["segment"]', '["segment", "frequency"]', "attributes: frequency is a column of Regulars"),
        ('amount = 1800, per = "rep"', 'amount = 1800, per = "day"', "pools.rep_minutes: per day is for contacts"),
        ("margin = 0.35", "margin = 0.35\nworth_of_loyalty_point = 2", "no action has loyalty_points"),
        (
            'phone = { kind = "visit"',
            'phone = { kin = "visit"',
            "actions.phone: unknown key 'kin': did you mean 'kind'",
        ),
        ('phone = { kind = "visit"', 'phone = { kind = "call"', "actions.phone: Invalid enum value 'call', in kind"),
        ("minutes = 15", 'minutes = "15"', "actions.phone: Expected float, got str, in minutes"),
        ("minutes = 15", "minutes = 0", "actions.phone: minutes is 0"),
        ('"calls", "budget"', '"call", "budget"', "actions.phone: pools: unknown pool 'call': did you mean 'calls'"),
        ('channel = "phone"', 'channel = "fone"', "actions.phone: channel: unknown channel 'fone'"),
        ("effect = 0.12, ", "", "actions.phone: Object missing required field effect"),
        ("frequency >= 2 and days", "frequancy >= 2 and days", "actions.visit: eligible: unknown name 'frequancy'"),
        ('unit = "minutes"', 'unit = "hours"', "pools.rep_minutes: Invalid enum value 'hours', in unit"),
        ("emails = { unit", "emails = 3 #", "pools.emails: found '3', expected a table of keys"),
        (
            'when = "complaint_open"',
            'when = "complain_open"',
            r"content_rules\[1\]: when: unknown name 'complain_open'",
        ),
        ('when = "complaint_open"', 'wen = "complaint_open"', r"content_rules\[1\]: unknown key 'wen'"),
        ('content = "needs"', 'content = "need"', r"content_rules\[1\]: content: no action has 'need': did you mean"),
        ("a complaint is open", "{complaint_opn} open", r"content_rules\[1\]: reason: unknown column 'complaint_opn'"),
        ("a complaint is open", "{needs!r} open", r"content_rules\[1\]: reason: .* formats needs with 'r'"),
        ("a complaint is open", "a { open", r"content_rules\[1\]: reason: .* brace"),
        ("[actions]", "[action]", "actions is missing or empty"),
        ("[pools]", "[events]\ntypes = ['Bad']\n[pools]", "events: types has 'Bad'"),
        ("[pools]", "[events]\nkinds = ['x']\n[pools]", "events: "),
        ('version = "1"', 'version = "1', "line"),
        (
            "[[content_rules]]",
            '[[minimums]]\ngoal = "loyalty"\npool = "call"\nshare = 0.1\n\n[[content_rules]]',
            "minimums",
        ),
    ],
)
def test_a_fault_is_one_line_with_file_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    """The message begins with the file; the key's path and, where it is near, the right word follow."""
    file = tmp_path / "actions.toml"
    assert old in TEXT
    file.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(CatalogueError, match=message) as caught:
        load_catalogue(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_is_not_there_names_the_presets(tmp_path: Path) -> None:
    """A misspelt preset is read as a path, so the message lists the presets; a folder is refused too."""
    with pytest.raises(CatalogueError, match=r"retial: there is no such file.* retail, travel, finance"):
        load_catalogue("retial")
    with pytest.raises(CatalogueError, match="check the path"):
        load_catalogue(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogueError, match=r"bytes.toml: .*decode"):
        load_catalogue(tmp_path / "bytes.toml")
