"""The bodies of /versions and /readyz."""

from typing import Literal

from msgspec import UNSET

from features.definitions import FEATURE_NAMES
from features.segments.segmentation import MEASURES, Segmentation
from serving.response_types import (
    ChallengerInService,
    FormulaInService,
    ModelInService,
    Readiness,
    SegmentsInService,
    Versions,
)
from serving.scoring import NO_MODEL
from serving.state import CurrentState, ServiceState

REFUSED = "the version published last was refused: /versions and the log say why"


def versions(state: ServiceState) -> Versions:
    """Return the formula, features, model, challenger, data and segments that score now."""
    formula, model = state.formula, state.model
    weights = {part.name: part.weight for part in formula.parts}
    body = Versions(
        FormulaInService(formula.version, formula.date.isoformat(), formula.reason, weights),
        list(FEATURE_NAMES),
        state.timezone,
        state.rating_maximum,
        state.since,
        refused=state.refused or UNSET,
    )
    if state.segmentation is not None:
        body.segments = _segments(state.segmentation)
    if model is None:
        body.absent = {"model": state.absent or NO_MODEL}
        return body
    card = model.card
    body.model = ModelInService(
        model.version,
        model.tag,
        model.digest,
        card.as_of,
        card.customers,
        list(card.horizons),
        card.formula_version,
        card.code_version,
        dict(card.libraries),
        card.model,
        model.compiled is not None,
    )
    if (challenger := state.challenger) is not None:
        other = challenger.model
        facts = (other.version, other.tag, other.digest, other.card.as_of)
        body.challenger = ChallengerInService(*facts, challenger.role.value, challenger.share)
    body.data = {"digest": card.data_digest, "as_of": card.as_of, "timezone": card.timezone}
    return body


def _segments(segmentation: Segmentation) -> SegmentsInService:
    boundaries = segmentation.learnt()
    return SegmentsInService(
        segmentation.version,
        [segment.name for segment in segmentation.segments],
        dict(segmentation.columns),
        {name: list(getattr(boundaries, name)) for name in MEASURES},
        boundaries.as_of,
        boundaries.data_digest,
    )


def readiness(current: CurrentState) -> Readiness:
    """Return `ready`, or `degraded` with the reasons, or `draining`; without a model the rule is still served.

    Readiness needs no key, so a reason names no path and repeats no content of a file; /versions and the log do.
    """
    state = current.state
    reasons = []
    if state.model is None:
        reasons.append(NO_MODEL if state.refused else state.absent or NO_MODEL)
    if state.refused:
        reasons.append(REFUSED)
    reasons += [trouble for find in current.troubles if (trouble := find())]
    status: Literal["ready", "degraded", "draining"] = "degraded" if reasons else "ready"
    return Readiness("draining" if current.draining else status, reasons or UNSET)
