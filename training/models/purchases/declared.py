"""Declared covariates: columns of the feature table whose definition names a transform (`covariate="log1p"`).

They are appended to the covariates of `training.models.purchases.covariates`, which compare a customer with BG/NBD. A
null, and a value for which the transform is not defined, counts as the mean over the training set: it raises or lowers
no forecast. A column that tells whether there is a value, such as a count, can be declared beside it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from features.definitions import FEATURE_COLUMNS
from features.errors import ModelError
from training.models.arrays import Floats
from training.models.purchases.transforms import TRANSFORMS


class DeclaredCovariate(NamedTuple):
    """A declared covariate as a fitted model keeps it.

    Attributes
    ----------
    column : str
        The column of the feature table.
    transform : str
        One of `features.definitions.specs.COVARIATE_TRANSFORMS`.
    fill : float
        The transformed value in place of a null: the mean over the training set.
    """

    column: str
    transform: str
    fill: float


def fit_declared(tables: Sequence[pd.DataFrame]) -> tuple[DeclaredCovariate, ...]:
    """Return the declared covariates that vary over feature tables, with their fills.

    A column that is constant, or null, over all tables says nothing about a customer and is left out: a log of
    purchases alone has none of the covariates of visits, feedback, usage and incentives.
    """
    declared = []
    for column in FEATURE_COLUMNS:
        if not column.covariate:
            continue
        values = np.concatenate([_transformed(table, column.name, column.covariate) for table in tables])
        known = values[np.isfinite(values)]
        if len(known) and known.min() < known.max():
            declared.append(DeclaredCovariate(column.name, column.covariate, float(known.mean())))
    return tuple(declared)


def with_declared(covariates: Floats, features: pd.DataFrame, declared: Sequence[DeclaredCovariate]) -> Floats:
    """Return the covariates of each customer with the declared ones appended, shape (n, covariates + declared).

    Raises
    ------
    ModelError
        The feature table lacks a declared column, or this version lacks its transform.
    """
    if not declared:
        return covariates
    if missing := [name for name, _, _ in declared if name not in features.columns]:
        raise ModelError(
            f"the features lack {', '.join(missing)}, covariates of the model: install the plugin that defines them"
        )
    if unknown := [transform for _, transform, _ in declared if transform not in TRANSFORMS]:
        raise ModelError(
            f"the model needs the transform {unknown[0]!r}, expected one of {', '.join(TRANSFORMS)}: "
            "install the version of its card"
        )
    columns = []
    for name, transform, fill in declared:
        values = _transformed(features, name, transform)
        columns.append(np.where(np.isfinite(values), values, fill))
    return np.column_stack([covariates, *columns])


def _transformed(table: pd.DataFrame, name: str, transform: str) -> Floats:
    return TRANSFORMS[transform](table[name].to_numpy(float))
