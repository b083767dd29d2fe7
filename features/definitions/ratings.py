"""Features of the satisfaction and loyalty ratings that customers give, at visits and as feedback."""

from typing import Literal

from features.definitions.specs import Aggregate, FeatureColumn

RATINGS = ("satisfaction", "loyalty")
COVARIATES = {"satisfaction": "identity"}
"""The ratings whose mean is a covariate of the models, with its transform."""


def rating_aggregates(event_type: Literal["visit", "feedback"]) -> tuple[Aggregate, ...]:
    """Return count, sum and last of each rating over the events of a type."""
    return tuple(
        Aggregate(f"{event_type}_{rating}_{how}", event_type, how, rating, f"{rating} >= 0")
        for rating in RATINGS
        for how in ("count", "sum", "last")
    )


def rating_columns(
    event_type: Literal["visit", "feedback"], all_given: str, one_given: str
) -> tuple[FeatureColumn, ...]:
    """Return mean and last of each rating; `all_given` and `one_given` say in words where ratings come from."""
    columns = []
    for rating in RATINGS:
        name = f"{event_type}_{rating}"
        null = (f"{name}_count == 0", "null without such a rating")
        mean = f"{name}_sum / (1000 * {name}_count)"
        columns += [
            FeatureColumn(
                f"{name}_mean",
                "rating",
                f"mean {rating} rating given {all_given}",
                mean,
                *null,
                covariate=COVARIATES.get(rating, ""),
            ),
            FeatureColumn(
                f"{name}_last", "rating", f"last {rating} rating given {one_given}", f"{name}_last / 1000", *null
            ),
        ]
    return tuple(columns)
