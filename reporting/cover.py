"""The cover of a report's workbook: what was compared, when, by which versions, and the verdict."""

from datetime import datetime, timedelta

from reporting.build import Report
from reporting.log_warnings import Notice
from reporting.translations import catalogue, plain_text
from reporting.version_comparison import VersionComparison
from reporting.workbook import Cover


def report_cover(report: Report, language: str = "en") -> Cover:
    """Return the cover of the report on rule and model, in a language of the page."""
    texts = catalogue(language)
    comparison = report.comparison
    compared, formula = comparison.compared_model, comparison.formula
    last = comparison.cutoff.date + timedelta(days=comparison.horizon_days - 1)
    card = compared.model.card
    trained = {"as_of": str(card.as_of), "version": str(compared.version)}
    model = "about.model_trained" if compared.version is None else "about.model_champion"
    rule = {"version": formula.version, "date": str(formula.date), "reason": formula.reason}
    facts: list[tuple[str, object]] = [
        (texts["about.as_of"], datetime.fromisoformat(comparison.as_of)),
        (texts["about.horizon"], f"{comparison.as_of} – {last} ({comparison.horizon_days})"),
        (texts["about.customers"], f"{len(comparison.purchases):,}"),
        (texts["about.rule"], plain_text(texts, "about.rule_value", rule)),
        (texts["about.model"], plain_text(texts, model, trained)),
        (texts["about.data"], f"{comparison.data_digest[:12]}, {comparison.timezone}"),
        ("Regulars", card.code_version),
    ]
    notices = [*report.advice, *report.warnings]
    return Cover(texts["page.title"], facts, [_sentence(texts, notice) for notice in notices])


def versions_cover(compared: VersionComparison, warnings: list[Notice]) -> Cover:
    """Return the cover of a comparison of two registered versions."""
    first, second = (compared.versions[side].number for side in ("first", "second"))
    facts: list[tuple[str, object]] = [
        ("Cutoff", datetime.fromisoformat(compared.as_of)),
        ("Days", str(compared.horizon_days)),
        ("Versions", f"{first}, {second}"),
    ]
    texts = catalogue("en")
    return Cover(f"Version {second} against version {first}", facts, [_sentence(texts, each) for each in warnings])


def _sentence(texts: dict[str, str], notice: Notice) -> str:
    key, values = notice
    return plain_text(texts, key, {name: str(value) for name, value in values.items()}).replace("*", "")
