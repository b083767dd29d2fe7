"""The peers that are started as a program: `python -m benchmarks.serving_peers NAME PORT`."""

import sys
from pathlib import Path


def starlette(port: int) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def echo(request: Request) -> JSONResponse:
        return JSONResponse(await request.json())

    uvicorn.run(Starlette(routes=[Route("/score", echo, methods=["POST"])]), port=port, access_log=False)


def fastapi(port: int) -> None:
    import numpy as np
    import uvicorn
    from fastapi import FastAPI
    from pydantic import create_model

    from benchmarks.serving_models import NAMES, saved

    row = create_model("Row", customer_id=(str, ...), **dict.fromkeys(NAMES, (float | None, None)))
    answer = create_model(
        "Answer", customer_id=(str, ...), expected_purchases=(float, ...), churn_probability=(float, ...)
    )
    app, models = FastAPI(), saved()

    def score(rows: list[row]) -> list[answer]:  # type: ignore[valid-type]
        table = np.array([[getattr(each, name) for name in NAMES] for each in rows], dtype=float)
        forecasts = zip(rows, models.predict(table), strict=True)
        return [
            answer(customer_id=each.customer_id, expected_purchases=count, churn_probability=churn)
            for each, (count, churn) in forecasts
        ]

    app.post("/score")(score)
    uvicorn.run(app, port=port, access_log=False)


def mlflow_model(folder: Path) -> None:
    """Fit the models, and save them as one for `mlflow models serve`."""
    import mlflow
    import numpy as np
    import pandas as pd

    from benchmarks.serving_models import NAMES, fit, saved

    fit()

    class Both(mlflow.pyfunc.PythonModel):
        def __init__(self) -> None:
            self.models = saved()

        def predict(self, context: object, model_input: pd.DataFrame, params: object = None) -> list:
            return self.models.predict(model_input.to_numpy(float))

    example = pd.DataFrame(np.ones((1, len(NAMES))), columns=NAMES)
    signature = mlflow.models.infer_signature(example)
    mlflow.pyfunc.save_model(folder, python_model=Both(), signature=signature, pip_requirements=["scikit-learn"])


if __name__ == "__main__":
    name, given = sys.argv[1:]
    if name == "mlflow_model":
        mlflow_model(Path(given))
    else:
        {"starlette": starlette, "fastapi": fastapi}[name](int(given))
