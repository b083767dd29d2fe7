"""Nothing is encrypted or demanded unasked."""

from features.encryption.settings import EncryptionSettings


def test_all_is_off() -> None:
    """Without a key files are plain, and any volume will do."""
    assert EncryptionSettings() == EncryptionSettings(None, (), False)
