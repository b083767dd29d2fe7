"""Signatures of versions: only the owner of the key can make one, and it holds for exactly these files and this tag."""

import json
import os
import shutil
from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from features.errors import SignatureError
from training.models.signature import (
    PURPOSE,
    SIGNATURE_FILE,
    make_key_pair,
    public_key_of,
    require_signature,
    sign_version,
)

TAG = "regulars:1-0123456789ab"
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A publisher's private key."""
    make_key_pair(tmp_path / "publisher.key")
    return tmp_path / "publisher.key"


@pytest.fixture
def public(key: Path) -> Path:
    """Its public key."""
    return key.with_name("publisher.key.pub")


@pytest.fixture
def version(tmp_path: Path, key: Path) -> Path:
    """A signed version."""
    folder = tmp_path / "version"
    (folder / "bundle").mkdir(parents=True)
    (folder / "model.yaml").write_text("name: regulars")
    (folder / "bundle" / "model.joblib").write_bytes(b"pickle")
    (folder / "bundle" / "compiled.json").write_text("{}")
    sign_version(folder, TAG, key, NOON)
    return folder


def test_a_signed_version_is_accepted(version: Path, public: Path, key: Path) -> None:
    """With the digests of all its files; the private key checks it as well as the public one."""
    signature = require_signature(version, TAG, public)
    assert set(signature.files) == {"model.yaml", "bundle/model.joblib", "bundle/compiled.json"}
    assert signature.signed_at == NOON
    assert require_signature(version, TAG, key) == signature


def test_the_time_is_signed(version: Path, public: Path, key: Path) -> None:
    """In UTC; one that is changed or taken away breaks the signature. A release before signed none, and that holds."""
    sign_version(version, TAG, key, NOON.astimezone(timezone(timedelta(hours=9))))
    content = json.loads((version / SIGNATURE_FILE).read_text())
    assert content["signed_at"] == "2026-11-27T12:00:00+00:00"
    for forged in (content | {"signed_at": "2027-01-01T00:00:00+00:00"}, {**content, "signed_at": None}):
        (version / SIGNATURE_FILE).write_text(json.dumps(forged))
        with pytest.raises(SignatureError, match="not by the trusted key"):
            require_signature(version, TAG, public)
    bytes_before = json.dumps([PURPOSE, TAG, content["files"]], sort_keys=True, separators=(",", ":")).encode()
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    assert isinstance(private, Ed25519PrivateKey)
    del content["signed_at"]
    earlier = content | {"signature": b64encode(private.sign(bytes_before)).decode()}
    (version / SIGNATURE_FILE).write_text(json.dumps(earlier))
    assert require_signature(version, TAG, public).signed_at is None


def change(version: Path) -> None:
    (version / "bundle" / "compiled.json").write_text("{ }")


def remove(version: Path) -> None:
    (version / "bundle" / "compiled.json").unlink()


def add(version: Path) -> None:
    (version / "bundle" / "extra.py").write_text("import os")


def link(version: Path) -> None:
    """The same content, elsewhere: it could be another a moment later."""
    moved = version.parent / "elsewhere.json"
    shutil.move(version / "bundle" / "compiled.json", moved)
    (version / "bundle" / "compiled.json").symlink_to(moved)


def link_folder(version: Path) -> None:
    shutil.move(version / "bundle", version.parent / "elsewhere")
    (version / "bundle").symlink_to(version.parent / "elsewhere")


@pytest.mark.parametrize("tamper", [change, remove, add, link, link_folder])
def test_what_changed_after_the_signature_is_refused(version: Path, public: Path, tamper) -> None:
    """By its name."""
    tamper(version)
    with pytest.raises(SignatureError, match="after it was signed"):
        require_signature(version, TAG, public)


def test_new_digests_without_the_key_are_refused(version: Path, public: Path) -> None:
    """Whoever can write into the store can write digests, and no signature of them."""
    change(version)
    content = json.loads((version / SIGNATURE_FILE).read_text())
    other = version.parent / "other.key"
    make_key_pair(other)
    sign_version(version, TAG, other, NOON)
    with pytest.raises(SignatureError, match="not by the trusted key"):
        require_signature(version, TAG, public)
    forged = json.loads((version / SIGNATURE_FILE).read_text()) | {"signature": content["signature"]}
    (version / SIGNATURE_FILE).write_text(json.dumps(forged))
    with pytest.raises(SignatureError, match="not by the trusted key"):
        require_signature(version, TAG, public)


def test_a_version_cannot_pass_for_another(version: Path, public: Path) -> None:
    """An old version under a new name has no signature of that name."""
    with pytest.raises(SignatureError, match="or of another version"):
        require_signature(version, "regulars:2-0123456789ab", public)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "3", "{}", "[" * 100_000, '{"files": 3}', '{"files": {}, "signature": "*"}'),
        '{"files": {"a": 1}, "signature": ""}',
        '{"files": {"a": "b"}, "signature": ""}',
        '{"files": {}, "signature": "", "signed_at": {"a": 1}}',
        " " * (2**20 + 1),
    ],
)
def test_what_is_no_signature_is_one_line(version: Path, public: Path, text: str) -> None:
    """Whatever stands in the file."""
    (version / SIGNATURE_FILE).write_text(text)
    with pytest.raises(SignatureError) as caught:
        require_signature(version, TAG, public)
    assert "\n" not in str(caught.value)


def test_a_version_without_signature_is_refused(version: Path, public: Path) -> None:
    """The line says how to sign it; a pipe in its place is not waited for."""
    (version / SIGNATURE_FILE).unlink()
    with pytest.raises(SignatureError, match="is not signed: publish it again with --signing-key"):
        require_signature(version, TAG, public)
    os.mkfifo(version / SIGNATURE_FILE)
    with pytest.raises(SignatureError, match="no regular file"):
        require_signature(version, TAG, public)


def test_a_private_key_is_its_owner_s_alone(key: Path, public: Path, version: Path) -> None:
    """Mode 600 whatever the umask; with another mode it does not sign."""
    assert key.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in public.read_bytes()
    key.chmod(0o640)
    with pytest.raises(SignatureError, match="mode 640, so others can sign with it: chmod 600"):
        sign_version(version, TAG, key, NOON)


def test_no_key_is_replaced(key: Path) -> None:
    """Neither the private one nor the public one."""
    before = key.read_bytes()
    with pytest.raises(SignatureError, match="is there already"):
        make_key_pair(key)
    assert key.read_bytes() == before
    with pytest.raises(SignatureError, match="cannot be written"):
        make_key_pair(key.parent / "none" / "publisher.key")


def test_what_is_no_key_is_one_line(tmp_path: Path, key: Path) -> None:
    """Absent, too long, no PEM, of another algorithm, or encrypted: each is named by its file."""
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    rsa = generate_private_key(65537, 2048)
    secret = Ed25519PrivateKey.generate().private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"word"))
    public_rsa = rsa.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    contents = [b"", b"ssh-ed25519 AAAA", b"x" * 20_000, public_rsa, secret]
    contents.append(rsa.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    for number, content in enumerate(contents):
        file = tmp_path / f"{number}.key"
        file.write_bytes(content)
        file.chmod(0o600)
        for use in (public_key_of, lambda path: sign_version(tmp_path, TAG, path, NOON)):
            with pytest.raises(SignatureError, match=f"{number}.key") as caught:
                use(file)
            assert "\n" not in str(caught.value)
    with pytest.raises(SignatureError, match="there is no key file"):
        public_key_of(tmp_path / "none.pub")
