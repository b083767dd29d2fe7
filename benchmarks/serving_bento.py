"""A plain BentoML service with types, as its documentation begins; two scikit-learn models behind it."""

import bentoml
import numpy as np
from pydantic import create_model

from benchmarks.serving_models import NAMES, saved

Row = create_model("Row", customer_id=(str, ...), **dict.fromkeys(NAMES, (float | None, None)))
Answer = create_model("Answer", customer_id=(str, ...), expected_purchases=(float, ...), churn_probability=(float, ...))


@bentoml.service(name="plain", http={"host": "127.0.0.1"}, logging={"access": {"enabled": False}})
class Plain:
    """Scores rows of features."""

    def __init__(self) -> None:
        self.models = saved()

    @bentoml.api
    def score(self, rows: list[Row]) -> list[Answer]:
        """Return counts and churn of each customer."""
        table = np.array([[getattr(row, name) for name in NAMES] for row in rows], dtype=float)
        scores = zip(rows, self.models.predict(table), strict=True)
        return [
            Answer(customer_id=row.customer_id, expected_purchases=count, churn_probability=churn)
            for row, (count, churn) in scores
        ]
