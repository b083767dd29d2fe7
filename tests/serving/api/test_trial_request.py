"""The service's own trial is told from requests of clients by a token that only its processes know."""

import pytest
from starlette.datastructures import Headers

from serving.api.trial_request import HEADER, VARIABLE, is_trial, make_token


def test_only_the_token_of_the_start_makes_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other, none at all, a text that is not ASCII, and none where the service made no token."""
    monkeypatch.setenv(VARIABLE, "")
    assert not is_trial(Headers({HEADER: ""}))
    token = make_token()
    assert is_trial(Headers({HEADER: token}))
    for headers in ({}, {HEADER: ""}, {HEADER: token[:-1]}, {HEADER: "é"}):
        assert not is_trial(Headers(headers))
    monkeypatch.delenv(VARIABLE)
    assert not is_trial(Headers({HEADER: token}))
