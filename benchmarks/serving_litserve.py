"""LitServe in front of the two scikit-learn models: `python -m benchmarks.serving_litserve PORT`."""

import sys

import litserve
import numpy as np

from benchmarks.serving_models import NAMES, saved


class Scores(litserve.LitAPI):
    """As its documentation begins; its worker is a process of its own, which takes the class by name."""

    def setup(self, device: str) -> None:
        """Load the models."""
        self.models = saved()

    def decode_request(self, request: dict) -> np.ndarray:
        """Return the rows as a table."""
        return np.array([[row[name] for name in NAMES] for row in request["rows"]], dtype=float)

    def predict(self, table: np.ndarray) -> list[tuple[float, float]]:
        """Score the table."""
        return self.models.predict(table)

    def encode_response(self, found: list[tuple[float, float]]) -> dict:
        """Return the scores as JSON."""
        return {"scores": found}


if __name__ == "__main__":
    server = litserve.LitServer(Scores(api_path="/score"), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
