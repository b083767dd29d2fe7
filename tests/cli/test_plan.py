"""`regulars plan`: a plan folder and its files, made again to the byte, never over another."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import features.loyalty
from features.ingestion.ingest import ingest
from features.simulate import write_log
from planning.plan_folder import CUSTOMERS_FILE, MANIFEST_FILE, PLAN_FILE, read_plan


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated shop of 400 customers, which ends on the last day of 2025."""
    folder = tmp_path_factory.mktemp("shop")
    write_log(folder / "log.parquet", customers=400, seed=3)
    ingest([folder / "log.parquet"], folder / "store")
    return folder / "store"


def test_from_a_store_to_files(regulars, shop: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Without a champion and a table of customers: the sentences in order, and every file."""
    ended = regulars("plan", shop, "--out", "plans/w02", "--week", "2026-W02", "--home", "none")
    assert ended.code == 0, ended.error
    wanted = ("for week 2026-W02; expected +", "are guesses of the catalogue", "No other choice within these limits")
    wanted += ("is left alone at random", "customers were passed over", "There is no champion", "plan.html")
    places = [" ".join(ended.error.split()).find(piece) for piece in wanted]
    assert -1 not in places, ended.error
    assert places == sorted(places)
    folder = tmp_path / "plans" / "w02"
    assert {each.name for each in folder.iterdir()} == {
        MANIFEST_FILE,
        PLAN_FILE,
        CUSTOMERS_FILE,
        "plan.html",
        "crm.csv",
        "reps",
    }
    plan = read_plan(folder)
    control = set(plan.items.loc[plan.items["arm"] == "leave", "customer_id"])
    assert control
    listed = (folder / "crm.csv").read_text(encoding="utf-8-sig")
    assert not [customer for customer in control if f",{customer}," in listed]


def test_a_plan_of_nothing_is_an_answer(regulars, shop: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Without a budget nothing can be planned: the plan says so, and has its page."""
    ended = regulars("plan", shop, "--out", "plans/w02", "--week", "2026-W02", "--home", "none", "--budget", "0")
    assert ended.code == 0, ended.error
    assert "Nothing is planned for week 2026-W02" in " ".join(ended.error.split())
    folder = tmp_path / "plans" / "w02"
    assert read_plan(folder).items.empty
    assert (folder / "plan.html").exists()


def test_made_again_it_is_equal_to_the_byte(regulars, shop: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """From its manifest; another seed or budget makes another plan."""
    assert regulars("plan", shop, "--out", "plans/a", "--budget", 20, "--home", "none").code == 0
    again = ("--again", "plans/a", "--plans", "plans")
    assert regulars("plan", shop, "--out", "other/b", *again, "--home", "none").code == 0
    for name in (PLAN_FILE, MANIFEST_FILE):
        assert (tmp_path / "plans/a" / name).read_bytes() == (tmp_path / "other/b" / name).read_bytes()
    assert regulars("plan", shop, "--out", "third/c", "--seed", 1, "--budget", 20, "--home", "none").code == 0
    first, third = read_plan(tmp_path / "plans/a"), read_plan(tmp_path / "third/c")
    assert first.plan_id != third.plan_id
    assert first.assigned["cost_expected"].sum() <= 20


def test_again_takes_nothing_beside_the_manifest(regulars, shop: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Other options are refused; plans made later change nothing; a changed customers' table is named, exit code 1."""
    own = tmp_path / "own"
    shutil.copytree(shop, own)
    common = ("--week", "2026-W02", "--as-of", "2026-01-01", "--home", "none")
    assert regulars("plan", own, "--out", "plans/a", *common).code == 0
    again = ("--again", "plans/a", "--plans", "plans", "--home", "none")
    for option in (("--budget", 5), ("--week", "2026-W03"), ("--as-of", "2026-01-01"), ("--seed", 0)):
        ended = regulars("plan", own, "--out", "b", *again, *option)
        assert ended.code == 2
        assert option[0] in ended.error
    (tmp_path / "reps.csv").write_text("customer_id,rep\n" + "".join(f"{each},R1\n" for each in ids_of(tmp_path)))
    rows = "".join(f"{each},R2,2025-07-01\n" for each in ids_of(tmp_path))
    (tmp_path / "known.csv").write_text("customer_id,rep,recorded_at\n" + rows)
    ended = regulars("customers", "reps.csv", "--store", own, "--recorded-at", "2025-06-01")
    assert ended.code == 0, ended.error
    assert regulars("plan", own, "--out", "c", "--customers", "known.csv", *common).code == 0
    assert set(read_plan(tmp_path / "c").items["rep"].dropna()) == {"R2"}
    ended = regulars("plan", own, "--out", "b", *again)
    assert ended.code == 1
    assert "what it was made from has changed since (the customers' table); put that back" in " ".join(
        ended.error.split()
    )
    assert not (tmp_path / "b").exists()


def ids_of(folder: Path) -> list[str]:
    return read_plan(folder / "plans/a").items["customer_id"].tolist()


def test_a_second_plan_leaves_alone_who_is(regulars, shop: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A hold-out stays one for its horizon, and contacts planned last week keep their gap."""
    common = ("--as-of", "2026-01-01", "--home", "none")
    assert regulars("plan", shop, "--out", "plans/w02", "--week", "2026-W02", *common).code == 0
    assert regulars("plan", shop, "--out", "plans/w03", "--week", "2026-W03", *common).code == 0
    first, second = (read_plan(tmp_path / "plans" / name).items for name in ("w02", "w03"))
    held_out = set(first.loc[first["arm"] == "leave", "customer_id"])
    assert held_out
    assert not held_out & set(second["customer_id"])
    visited = set(first.loc[(first["arm"] == "do") & (first["channel"] == "phone"), "customer_id"])
    assert not visited & set(second.loc[second["channel"] == "phone", "customer_id"])


def test_refusals_are_one_line(regulars, shop: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A folder that is taken, a week that is none or over, a catalogue that is not there, a log without repeats."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    for arguments, message in (
        (("--out", "full"), "name a new folder"),
        (("--out", "p", "--week", "2025-W02"), "is over at 2026-01-01"),
        (("--out", "p", "--catalogue", "none.toml"), "there is no such file"),
        (("--out", "p", "--as-of", "2022-01-01"), "too small for forecasts"),
    ):
        ended = regulars("plan", shop, *arguments, "--home", "none")
        assert ended.code == 1
        assert message in ended.error
        assert len([line for line in ended.error.splitlines() if line.startswith("regulars:")]) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["full"]


@pytest.mark.parametrize(
    ("week", "reason"), [("W48", "write it like 2026-W48"), ("2026-W54", "no week"), ("9998-W01", "years 1900 to 2200")]
)
def test_a_week_is_checked_before_any_work(regulars, shop: Path, week: str, reason: str) -> None:  # type: ignore[no-untyped-def]
    """A text that is no week is a bad argument, exit code 2; one that is over is refused before a feature is made."""
    ended = regulars("plan", shop, "--out", "p", "--week", week)
    assert ended.code == 2
    assert reason in " ".join(ended.error.split())
    assert "features" not in regulars("plan", shop, "--out", "p", "--week", "2025-W02", "--home", "none").error


def test_far_weeks_are_warned_of(regulars, shop: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """With the distance and what to do, on the terminal and the page; a near week is not."""
    common = ("--home", "none", "--budget", 0)
    ended = regulars("plan", shop, "--out", "far/a", "--week", "2027-W01", *common)
    words = " ".join(ended.error.split())
    assert ended.code == 0, ended.error
    assert "Week 2027-W01 begins 368 days after the cutoff, 2026-01-01" in words
    assert "so none of the week. Append the newer events first, or plan 2026-W02." in words
    assert "begins 368 days after" in (tmp_path / "far/a/plan.html").read_text(encoding="utf-8")
    ended = regulars("plan", shop, "--out", "past/a", "--as-of", "2025-06-02", *common)
    assert "Week 2025-W23 was over 206 days before the log's end, 2026-01-01" in " ".join(ended.error.split())
    near = regulars("plan", shop, "--out", "near/a", *common).error
    assert "after the cutoff" not in near
    assert "before the log's end" not in near


def test_offers_by_rule_are_a_plan_like_any_other(regulars, shop: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """With hold-out, cost within the budget, files and --again; each customer has the offer of the band."""
    common = ("--as-of", "2026-01-01", "--week", "2026-W02", "--home", "none")
    ended = regulars("plan", shop, "--out", "plans/rule", "--by-rule", "--scenario", "travel", "--budget", 50, *common)
    assert ended.code == 0, ended.error
    words = " ".join(ended.error.split())
    assert "Offers follow from the band of the loyalty score alone" in words
    assert "No other choice" not in words
    plan = read_plan(tmp_path / "plans/rule")
    bands = plan.items["action"].str.partition("_")[0]
    score = plan.items["loyalty_score"]
    assert bands.tolist() == np.where(score < 40, "bronze", np.where(score < 70, "silver", "gold")).tolist()
    assert set(plan.items["arm"]) == {"do", "leave"}
    assert plan.items["cost_expected"].sum() <= 50
    assert (tmp_path / "plans/rule/crm.csv").read_text(encoding="utf-8-sig").count("P") > 1
    again = regulars("plan", shop, "--out", "b", "--again", "plans/rule", "--plans", "plans", "--home", "none")
    assert again.code == 0, again.error
    assert (tmp_path / "b" / MANIFEST_FILE).read_bytes() == (tmp_path / "plans/rule" / MANIFEST_FILE).read_bytes()
    both = regulars("plan", shop, "--out", "c", "--by-rule", "--catalogue", "travel", "--home", "none")
    assert both.code == 2
    assert "leave out --catalogue" in " ".join(both.error.split())


def test_a_plan_is_compared_with_offers_by_rule(regulars, shop: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """In one line; a formula with bands of its own is compared with nothing, unless somebody asks for it."""
    ended = regulars("plan", shop, "--out", "a", "--week", "2026-W02", "--home", "none")
    assert "Offers by the band of the loyalty score, with the same budget, would go to" in " ".join(ended.error.split())
    assert read_plan(tmp_path / "a").manifest["comparison"]["by_rule"]["chosen"] > 0
    text = Path(features.loyalty.__file__).with_name("formula.toml").read_text("utf-8")
    (tmp_path / "own.toml").write_text(text.replace('"gold"', '"top"').replace("gold", "top"))
    own = ("--week", "2026-W02", "--home", "none", "--formula", "own.toml")
    ended = regulars("plan", shop, "--out", "b", *own)
    assert ended.code == 0, ended.error
    assert read_plan(tmp_path / "b").manifest["comparison"] is None
    ended = regulars("plan", shop, "--out", "c", *own, "--by-rule")
    assert ended.code == 1
    assert "unknown band 'gold'" in " ".join(ended.error.split())
