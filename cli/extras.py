"""Turns a missing library of an optional extra into an error that names the extra."""

from features.errors import MissingExtraError

EXTRAS = {
    "train": (
        *("altair", "jinja2", "joblib", "markupsafe", "matplotlib", "mlflow", "psutil", "scipy", "sklearn"),
        *("sqlalchemy", "vl_convert"),
    ),
    "serve": (
        *("anyio", "backports", "bentoml", "httptools", "limits", "prometheus_client"),
        *("starlette", "uvloop", "werkzeug"),
    ),
    "encrypt": ("cryptography",),
    "spark": ("pyspark",),
    "plan": ("icalendar", "openpyxl"),
    "lake": ("deltalake", "fsspec"),
    "telemetry": ("opentelemetry",),
    "client": ("httpx", "httpx_retries"),
    "mysql": ("pymysql",),
}
"""The modules that each extra installs beyond the base; a module of several extras is listed under the first."""


def missing_extra(error: ModuleNotFoundError) -> MissingExtraError | None:
    """Return the error that names the extra to install, or None if the module belongs to no extra.

    A module of Regulars itself that is missing is a fault, so it gives None.
    """
    library = (error.name or "").partition(".")[0]
    for extra, libraries in EXTRAS.items():
        if library in libraries:
            return MissingExtraError(
                f"needs regulars[{extra}], because {library} is not installed: run pip install 'regulars[{extra}]'"
            )
    return None
