"""What is in service, told to programs: as versions, and as readiness."""

from msgspec import UNSET

from features.definitions import FEATURE_NAMES
from serving.response_types import FormulaInService, ModelInService, Readiness, Versions
from serving.scoring import NO_MODEL
from serving.state import InService


def versions(now: InService) -> Versions:
    """Return what scores now: formula, features, model and the data it learnt from."""
    formula, champion = now.formula, now.champion
    said = Versions(
        FormulaInService(
            formula.version,
            formula.date.isoformat(),
            formula.reason,
            {part.name: part.weight for part in formula.parts},
        ),
        list(FEATURE_NAMES),
        now.timezone,
        now.since,
        refused=now.refused or UNSET,
    )
    if champion is None:
        said.absent = {"model": now.absent or NO_MODEL}
        return said
    card = champion.model.card
    said.model = ModelInService(
        champion.version,
        champion.tag,
        champion.digest,
        card.as_of,
        card.customers,
        list(card.horizons),
        card.formula_version,
        card.code_version,
        dict(card.libraries),
    )
    said.data = {"digest": card.data_digest, "as_of": card.as_of, "timezone": card.timezone}
    return said


def readiness(now: InService) -> Readiness:
    """Return whether all is as it should be: without a model the rule is served all the same, so that is degraded."""
    reasons = [] if now.champion else [now.absent or NO_MODEL]
    reasons += [f"a newer version was refused: {now.refused}"] if now.refused else []
    return Readiness("degraded", reasons) if reasons else Readiness("ready")
