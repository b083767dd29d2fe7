"""A rollout file says who is beside whom; a trusted one cannot be changed, and a share is always the same customers."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InvalidArgumentError, SignatureError
from training.models.rollout import Role, Rollout, is_in_share, rollout_of_text, rollout_text
from training.models.signature import make_key_pair

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
CANARY = Rollout("3-0123456789ab", "4-ba9876543210", Role.CANARY, 0.1)
NAMES = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable())


@given(NAMES, st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_a_larger_share_has_all_of_a_smaller_one(name: str, one: float, other: float) -> None:
    """Whoever a canary of 5 % answers, one of 10 % answers too."""
    small, large = sorted((one, other))
    assert is_in_share(name, CANARY.challenger, small) <= is_in_share(name, CANARY.challenger, large)


def test_shares_are_as_large_as_stated_and_of_others_each_time() -> None:
    """Among 20,000 ids within five standard errors; those of two challengers overlap as by chance."""
    ids = [f"c{number}" for number in range(20_000)]
    first, second = ({name for name in ids if is_in_share(name, other, 0.1)} for other in ("4-a", "5-b"))
    assert abs(len(first) - 2_000) < 5 * (20_000 * 0.1 * 0.9) ** 0.5
    assert abs(len(first & second) - 200) < 5 * (20_000 * 0.01 * 0.99) ** 0.5


@pytest.mark.parametrize(("role", "share"), [(Role.CANARY, 0.0), (Role.CANARY, 1.0), (Role.SHADOW, 0.5)])
def test_a_share_that_the_role_cannot_have_is_refused(role: Role, share: float) -> None:
    """A canary answers some, a shadow forecasts for all."""
    with pytest.raises(InvalidArgumentError, match="expected"):
        Rollout("a", "b", role, share)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Signed or not, with the time of the signature where it is looked at."""
    assert rollout_of_text(rollout_text(CANARY).encode()) == CANARY
    public = make_key_pair(tmp_path / "key")
    text = rollout_text(CANARY, tmp_path / "key", NOON).encode()
    assert rollout_of_text(text, public) == replace(CANARY, signed_at=NOON)
    assert rollout_of_text(text) == CANARY
    with pytest.raises(InvalidArgumentError, match="signed_at"):
        rollout_text(CANARY, tmp_path / "key")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("champion", "2-0123456789ab"), ("challenger", "5-ba9876543210"), ("share", 0.9)),
        *(("signed_at", "2027-01-01T00:00:00+00:00"), ("signature", ""), ("signature", "AAAA")),
    ],
)
def test_a_changed_rollout_is_not_trusted(tmp_path: Path, name: str, value: object) -> None:
    """Whoever can write into the store can neither name another version nor widen the share."""
    public = make_key_pair(tmp_path / "key")
    content = json.loads(rollout_text(CANARY, tmp_path / "key", NOON))
    with pytest.raises(SignatureError):
        rollout_of_text(json.dumps(content | {name: value}).encode(), public)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b'{"champion": "a"}',
        b"\xff",
        b"[" * 100_000,
        rollout_text(CANARY).replace("0.1", "7").encode(),
        rollout_text(CANARY).replace("0.1", "1" + "0" * 400).encode(),
        rollout_text(CANARY).replace("0.1", '0.1, "signed_at": "2026-11-27T12:00:00"').encode(),
    ],
)
def test_what_is_no_rollout_is_refused(text: bytes) -> None:
    """One kind of error, whatever it holds."""
    with pytest.raises(ValueError, match="no rollout"):
        rollout_of_text(text)
