"""The bodies of /versions and /readyz."""

from msgspec import UNSET

from features.definitions import FEATURE_NAMES
from features.segments.segmentation import MEASURES, Segmentation
from serving.response_types import FormulaInService, ModelInService, Readiness, SegmentsInService, Versions
from serving.scoring import NO_MODEL
from serving.state import ServiceState


def versions(state: ServiceState) -> Versions:
    """Return the formula, features, model, data and segments that score now."""
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
    card = model.customer_model.card
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


def readiness(state: ServiceState) -> Readiness:
    """Return `ready`, or `degraded` with the reasons; without a model the rule is still served."""
    reasons = [] if state.model else [state.absent or NO_MODEL]
    reasons += [f"a newer version was refused: {state.refused}"] if state.refused else []
    return Readiness("degraded", reasons) if reasons else Readiness("ready")
