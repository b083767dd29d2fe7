"""A challenger beside the champion: one file in the model store names both, the challenger's role and its share.

The file holds for one champion. Where another one is the latest version, it means nothing: to publish a champion ends
the rollout of a challenger beside an earlier one in the same step.
"""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from features.errors import InvalidArgumentError, SignatureError
from features.key_files import keyed_hash
from training.models.signature import private_key_of, public_key_of

ROLLOUT_FILE = "rollout.json"
PURPOSE = "regulars rollout"
"""It begins what is signed, so that no other signature of the key passes for one of a rollout."""
_HASHES = 2**64


class Role(StrEnum):
    """What a challenger does: forecast for the log alone, or answer some customers."""

    SHADOW = "shadow"
    CANARY = "canary"


@dataclass(frozen=True)
class Rollout:
    """A challenger beside a champion.

    Attributes
    ----------
    champion, challenger : str
        The names of their folders in the model store, like `4-0123456789ab`.
    role : Role
    share : float
        The share of the customers that the challenger forecasts for, above 0; that of a shadow is 1.
    signed_at : datetime or None
        When it was signed, in UTC; None without a signature.

    Raises
    ------
    InvalidArgumentError
        For a share that its role cannot have.
    """

    champion: str
    challenger: str
    role: Role
    share: float = 1.0
    signed_at: datetime | None = None

    def __post_init__(self) -> None:
        if not (self.share == 1 if self.role is Role.SHADOW else 0 < self.share < 1):
            raise InvalidArgumentError(
                f"the share of a canary is {self.share}, expected a number above 0 and below 1"
                if self.role is Role.CANARY
                else f"the share of a shadow is {self.share}, expected 1: it forecasts for every customer"
            )


def rollout_text(rollout: Rollout, private_key: Path | None = None, signed_at: datetime | None = None) -> str:
    """Return the content of a `ROLLOUT_FILE`.

    Parameters
    ----------
    rollout : Rollout
    private_key : Path, optional
        The publisher's private key; without it the rollout is not signed.
    signed_at : datetime, optional
        The present time, with its offset; needed with a key.

    Raises
    ------
    SignatureError
        When the key cannot be used.
    InvalidArgumentError
        For a key without a time.
    """
    content: dict[str, object] = {
        "champion": rollout.champion,
        "challenger": rollout.challenger,
        "role": rollout.role.value,
        "share": rollout.share,
    }
    if private_key is not None:
        if signed_at is None:
            raise InvalidArgumentError("a signing key needs signed_at, the present time")
        time = signed_at.astimezone(UTC)
        signature = private_key_of(private_key).sign(_signed(replace(rollout, signed_at=time)))
        content |= {"signed_at": time.isoformat(), "signature": b64encode(signature).decode()}
    return json.dumps(content, indent=1) + "\n"


def rollout_of_text(text: bytes, public_key: Path | None = None) -> Rollout:
    """Return the rollout of a file's content.

    Parameters
    ----------
    text : bytes
    public_key : Path, optional
        The key that must have signed it; without it a signature is not looked at.

    Raises
    ------
    ValueError
        When it is no rollout.
    SignatureError
        When it is not signed by the key.
    """
    try:
        content = json.loads(text)
        time = content.get("signed_at")
        signed_at = None if time is None else datetime.fromisoformat(time)
        if signed_at is not None and signed_at.tzinfo is None:
            raise ValueError("its time has no offset")
        rollout = Rollout(
            str(content["champion"]),
            str(content["challenger"]),
            Role(content["role"]),
            float(content["share"]),
            signed_at,
        )
        signature = b64decode(content.get("signature", ""), validate=True)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, InvalidArgumentError):
        raise ValueError("it holds no rollout") from None
    if public_key is None:
        return replace(rollout, signed_at=None)
    from cryptography.exceptions import InvalidSignature

    if not signature:
        raise SignatureError("it is not signed")
    try:
        public_key_of(public_key).verify(signature, _signed(rollout))
    except InvalidSignature:
        raise SignatureError("its signature is not by the trusted key, or of another rollout") from None
    return rollout


def is_in_share(customer_id: str, challenger: str, share: float) -> bool:
    """Return whether a customer is among the share of the customers whom a challenger answers.

    A customer's place follows from a hash of the id under the challenger's name. So it is the same in all requests and
    workers, a larger share has all customers of a smaller one, and the next challenger has others.

    Parameters
    ----------
    customer_id : str
    challenger : str
        The name of its folder in the model store.
    share : float

    Examples
    --------
    >>> ids = [str(number) for number in range(1000)]
    >>> fifth = {name for name in ids if is_in_share(name, "4-0123456789ab", 0.2)}
    >>> tenth = {name for name in ids if is_in_share(name, "4-0123456789ab", 0.1)}
    >>> len(fifth), len(tenth), tenth < fifth
    (220, 95, True)
    """
    return int.from_bytes(keyed_hash(customer_id, challenger.encode())[:8]) < share * _HASHES


def _signed(rollout: Rollout) -> bytes:
    time = rollout.signed_at and rollout.signed_at.isoformat()
    content = [PURPOSE, rollout.champion, rollout.challenger, rollout.role.value, float(rollout.share), time]
    return json.dumps(content, separators=(",", ":")).encode()
