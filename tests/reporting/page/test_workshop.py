"""The rule workshop: its arithmetic, run by Node, is Python's to the bit, and what it saves is a formula."""

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from importlib import resources

import pytest

from features.loyalty.formula import Formula, load_formula
from features.loyalty.scoring import score
from reporting.page.workshop import formula_data, workshop_data

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node (Debian: apt-get install nodejs)")
SCRIPT = resources.files("reporting.page").joinpath("formula.js").read_text(encoding="utf-8")


def run_node(code: str, given: object) -> object:
    """Run the page's formula with an expression over `given`, and return its value."""
    text = f"{SCRIPT}\nconst given = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"
    text += f"process.stdout.write(JSON.stringify({code}));"
    ended = subprocess.run([NODE, "-e", text], input=json.dumps(given), capture_output=True, text=True, check=True)
    return json.loads(ended.stdout)


def other_rule(rule: Formula) -> Formula:
    """Weights, maxima and bands that divide to no round figures, and a part switched off."""
    changed = {"purchases": (3.7, 9.1), "amount": (2.9, 333.3), "feedback": (0.0, 4.0), "visits": (1.1, 0.7)}
    parts = [
        replace(part, weight=changed[part.name][0], maximum=changed[part.name][1]) if part.name in changed else part
        for part in rule.parts
    ]
    bands = [replace(band, at_least=at) for band, at in zip(rule.bands, (0, 33.3, 66.6), strict=True)]
    return replace(rule, parts=tuple(parts), bands=tuple(bands))


@pytest.mark.parametrize("change", [lambda rule: rule, other_rule], ids=["the rule", "another"])
def test_scores_and_bands_are_those_of_python(report, change):
    """Of every customer of the report, by the rule and by another one: the same bits, the same bands."""
    rule = change(report.comparison.formula)
    bench = workshop_data(report.comparison)
    code = """given.customers.map((_, row) => {
      const values = Object.fromEntries(Object.entries(given.values).map(([name, all]) => [name, all[row]]));
      const score = scoreOf(values, given.rule);
      return [score, bandOf(score, given.rule)];
    })"""
    found = run_node(code, {**bench, "rule": formula_data(rule)})
    expected = score(report.comparison.features, rule)
    assert [None if value is None else float(value).hex() for value, _ in found] == [
        None if value != value else value.hex() for value in expected["loyalty_score"].tolist()
    ]
    assert [band for _, band in found] == [None if band != band else band for band in expected["band"].astype("object")]


def test_what_is_saved_is_the_formula(tmp_path):
    """The file is read as the formula with its version, date and reason, whatever these hold."""
    rule = other_rule(load_formula())
    version, reason = 'two "and" a half', "quiet\\ customers\n金\x7f"
    text = run_node(
        "formulaToml(given.formula, given.version, given.reason, '2026-11-27')",
        {"formula": formula_data(rule), "version": version, "reason": reason},
    )
    (tmp_path / "formula.toml").write_text(str(text), encoding="utf-8")
    saved = load_formula(tmp_path / "formula.toml")
    assert saved == replace(rule, version=version, reason=reason, date=date(2026, 11, 27))


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ("rule", True),
        ("{...rule, parts: rule.parts.map((part) => ({...part, weight: 0}))}", False),
        ("{...rule, parts: rule.parts.map((part) => ({...part, weight: -1}))}", False),
        ("{...rule, parts: rule.parts.map((part) => ({...part, maximum: 0}))}", False),
        ("{...rule, parts: rule.parts.map((part) => ({...part, maximum: NaN}))}", False),
        ("{...rule, bands: rule.bands.map((band) => ({...band, at_least: 0}))}", False),
        ("{...rule, bands: rule.bands.map((band, at) => ({...band, at_least: 60 * at}))}", False),
    ],
)
def test_what_python_would_refuse_is_refused(change, valid):
    """Weights, maxima and bands are checked as `Formula` checks them."""
    given = {"rule": formula_data(load_formula())}
    assert run_node(f"((rule) => formulaIsValid({change}))(given.rule)", given) is valid


def test_the_workshop_has_every_customer_of_a_small_base(report):
    """Ids, outcomes and the columns of the rule, in the order of the comparison."""
    bench = workshop_data(report.comparison)
    assert bench["customers"] == [str(name) for name in report.comparison.features.index]
    assert bench["purchases"] == report.comparison.purchases.tolist()
    assert set(bench["values"]) == set(report.comparison.formula.columns)
