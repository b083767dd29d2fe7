"""Tells the request with which `regulars serve` tries itself from those of clients.

Its header has a token that is made at the start and that only the processes of the service know.
"""

import os
import secrets

from starlette.datastructures import Headers

HEADER = "Regulars-Trial"
VARIABLE = "REGULARS_TRIAL_TOKEN"


def make_token() -> str:
    """Make the token of this process and of those that it starts, and return it."""
    os.environ[VARIABLE] = token = secrets.token_hex(16)
    return token


def is_trial(headers: Headers) -> bool:
    """Return whether a request is the trial of this service; no client can say so."""
    given, token = headers.get(HEADER), os.environ.get(VARIABLE)
    return bool(given and token) and secrets.compare_digest(str(given).encode(), str(token).encode())
