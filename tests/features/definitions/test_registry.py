"""The registry: built-in families, those of plugins and generic ones, in which order, and what the service takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from features.definitions import AGGREGATES, FAMILIES, FEATURE_COLUMNS, FEATURE_NAMES, Aggregate, Family, FeatureColumn
from features.definitions.expressions import names_in, parse
from features.definitions.registry import BUILT_IN, FeatureSet, default_features
from features.errors import DefinitionError
from tests.features.installed import install, packages

__all__ = ["packages"]
ROOT = Path(__file__).parents[3]
PLUGIN = """
    from features.definitions import Aggregate, CausalColumn, Family, FeatureColumn

    FAMILY = Family(
        "balance",
        (
            Aggregate("paid_cents", "purchase", "sum", "cents", "cents >= 0 and use_before > 0"),
            Aggregate("given_cents", "return", "sum", "cents", "cents >= 0"),
        ),
        (
            FeatureColumn(
                "balance", "currency", "paid after a use less given back", "(paid_cents - given_cents) / 100"
            ),
        ),
        (CausalColumn("use_before", "purchase", "followed", of="usage", days=30),),
    )
"""


def python(text: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process of its own in which the packages of a folder are installed."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", **environment}
    return subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=False)


def test_the_lists_are_those_of_the_families_in_order() -> None:
    """Families come in the order of docs/columns.md, and the names are those of the columns."""
    assert [family.name for family in FAMILIES] == ["purchases", "visits", "feedback", "usage", "incentives"]
    assert list(AGGREGATES) == [a for family in FAMILIES for a in family.aggregates]
    assert list(FEATURE_COLUMNS) == [c for family in FAMILIES for c in family.columns]
    assert [c.name for c in FEATURE_COLUMNS] == list(FEATURE_NAMES)
    assert default_features() is default_features()


def test_every_aggregate_is_read_by_a_column() -> None:
    """None is computed for nothing, and no causal column either."""
    read = set()
    for c in FEATURE_COLUMNS:
        read |= names_in(parse(c.expression)) | (names_in(parse(c.null_when)) if c.null_when else set())
    assert {a.name for a in AGGREGATES} - read == set()
    of_events = [names_in(parse(text)) for a in AGGREGATES for text in (a.value, a.where) if text]
    assert {c.name for c in default_features().causal} <= set().union(*of_events)


def test_a_set_of_features_has_the_parts_of_its_families_alone() -> None:
    """Sets are made for other families without a change to those of the process."""
    aggregate = Aggregate("rides", "usage", "count", where="age <= 9")
    rides = Family("rides", (aggregate,), (FeatureColumn("rides", "rides", "rides", "rides"),))
    features = FeatureSet((*BUILT_IN, rides))
    assert features.names == (*FEATURE_NAMES, "rides")
    assert features.aggregates[-1] == aggregate
    assert features.limits["rides"] == (0.0, 1e9, True)
    assert "rides" not in FEATURE_NAMES
    with pytest.raises(DefinitionError):
        FeatureSet((rides, rides))


def test_the_service_takes_what_columns_can_be() -> None:
    """Counts are whole and not negative, differences may be negative, gaps are at least a day."""
    limits = default_features().limits
    assert limits["purchase_count"] == (0.0, 1e9, True)
    assert limits["gap_mean"] == (1.0, 110166.0, False)
    assert limits["return_share"] == (0.0, 1e15, False)
    assert limits["visit_loyalty_mean"] == (0.0, 10.0, False)
    assert {name for name, (least, _, _) in limits.items() if least < 0} == {*("purchase_trend", "feedback_trend")}
    assert {name for name, (least, _, _) in limits.items() if least == 1} == {
        *("gap_mean", "gap_median", "gap_max", "gap_last")
    }
    assert all(least < greatest for least, greatest, _ in limits.values())


def test_a_family_of_an_installed_package_is_one_of_the_features(packages: Path) -> None:
    """Its column is computed online, documented with its origin and served with the limits of its definition."""
    install(packages, "acme_balance", PLUGIN, features={"balance": "acme_balance:FAMILY"})
    text = """
import json
from datetime import datetime
from features.definitions.__main__ import page
from features.engines.python_engine import customer_features
from serving.request_types import FEATURE_TYPES, feature_limits
from features.definitions import FEATURE_COLUMNS, FEATURE_NAMES
bought = {"event_type": "purchase", "event_time": datetime(2024, 1, 2), "amount": 5.0}
returned = {"event_type": "return", "event_time": datetime(2024, 1, 3), "amount": 7.5}
used = {"event_type": "usage", "event_time": datetime(2024, 1, 1)}
found = [customer_features(log, "2024-02-01")["balance"] for log in ([bought, returned, used], [bought, returned])]
print(json.dumps([found, FEATURE_NAMES[-1], feature_limits(FEATURE_COLUMNS[-1]), "balance" in FEATURE_TYPES, page()]))
"""
    ended = python(text, packages)
    assert ended.returncode == 0, ended.stderr
    found, name, limits, served, page = json.loads(ended.stdout)
    assert (found, name, limits, served) == ([-2.5, -7.5], "balance", [-1e15, 1e15, False], True)
    assert "### Balance\n\nFrom the plugin balance.\n\n| column |" in page
    assert "| `balance` | currency | paid after a use less given back | never |" in page


def test_a_module_of_a_plugin_can_be_imported_first(packages: Path) -> None:
    """As the plugin's own tests do: features are gathered when they are first used, not when a module is imported."""
    install(packages, "acme_balance", PLUGIN, features={"balance": "acme_balance:FAMILY"})
    text = "import acme_balance; from features.definitions import FEATURE_NAMES; print('balance' in FEATURE_NAMES)"
    ended = python(text, packages)
    assert (ended.stdout, ended.stderr) == ("True\n", "")


def test_a_wrong_family_of_a_plugin_is_one_line_of_the_command(packages: Path, tmp_path: Path) -> None:
    """The command ends with 1 and says which plugin's definition is wrong."""
    wrong = PLUGIN.replace("paid_cents - given_cents", "paid_cents - givn_cents")
    install(packages, "acme_balance", wrong, features={"balance": "acme_balance:FAMILY"})
    text = "import sys; sys.argv[1:] = ['features', 'log.csv', '--as-of', '2024-01-01', '--out', 'x.parquet']; "
    ended = python(text + "from cli.main import run; run()", packages)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "regulars: family 'balance' (plugin balance), column 'balance': expression: unknown name 'givn_cents'; "
        "did you mean given_cents?\n"
    )
