"""Keys of encrypted Parquet files: each file has data keys of its own, which are stored in it wrapped by a master key.

This is the key management of Parquet's modular encryption (envelope encryption), with the masters in files or in the
environment in place of a key server. A file says which master it needs by a hash of it.
"""

import base64
import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pyarrow.parquet import encryption

from features.encryption.settings import EncryptionSettings
from features.errors import SettingsError
from features.key_files import KEY_BYTES, key_of_hex, read_key
from features.settings_file import read_settings

KEY_VARIABLE = "REGULARS_PARQUET_KEY"

Keys = tuple[tuple[str, bytes], ...]
"""Names and bytes of master keys, that for writing first."""


def key_name(key: bytes) -> str:
    """Return the name of a key: a short hash, from which nobody learns the key."""
    return hashlib.blake2b(key, digest_size=4).hexdigest()


def configured_keys() -> Keys:
    """Return the keys of the settings and the environment; none where nothing is to be encrypted.

    Raises
    ------
    SettingsError
        When one cannot be read.
    """
    settings = read_settings("encryption", EncryptionSettings)
    keys = []
    if text := os.environ.get(KEY_VARIABLE):
        keys.append(_key_of_variable(text))
    elif settings.key_file is None and settings.older_key_files:
        raise SettingsError("[encryption] has older_key_files and no key_file: name the key to write with")
    files = [*([settings.key_file] if settings.key_file else []), *settings.older_key_files]
    for path in files:
        try:
            keys.append(read_key(path))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise SettingsError(
                f"{path} cannot be read as a key of [encryption] ({reason}): put it back, or make one with "
                f"`openssl rand -hex {KEY_BYTES} > {path}` and chmod 600"
            ) from None
    return tuple((key_name(key), key) for key in keys)


def _key_of_variable(text: str) -> bytes:
    try:
        return key_of_hex(text)
    except ValueError:
        raise SettingsError(
            f"{KEY_VARIABLE} is not {KEY_BYTES} bytes in hex: make one with openssl rand -hex {KEY_BYTES}"
        ) from None


class MasterKeys(encryption.KmsClient):  # type: ignore[misc]  # pyarrow has no types
    """Wraps data keys by AES key wrap (RFC 3394).

    Parameters
    ----------
    keys : mapping of str to bytes
        Master keys by name.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        super().__init__()
        self._keys = keys

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        """Return a data key that only the master key opens."""
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap  # of the extra `encrypt`

        return base64.b64encode(aes_key_wrap(self._keys[master_key_identifier], key_bytes))

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        """Return a data key; raises SettingsError when its master is not held, or the file was changed."""
        from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

        if master_key_identifier not in self._keys:
            raise SettingsError(
                f"needs the key {master_key_identifier}, found {', '.join(self._keys)}: name the file of that key in "
                "[encryption] older_key_files"
            )
        try:
            return aes_key_unwrap(self._keys[master_key_identifier], base64.b64decode(wrapped_key))
        except (InvalidUnwrap, ValueError):
            raise SettingsError("was changed after it was encrypted: put a copy of it back") from None


@lru_cache(maxsize=4)
def _factory(keys: Keys) -> encryption.CryptoFactory:
    """Return the factory of properties, which has to outlive them."""
    return encryption.CryptoFactory(lambda connection: MasterKeys(dict(keys)))


def encryption_properties(keys: Keys) -> Any:
    """Return how a file is encrypted: footer and all columns by AES-GCM with 256 bits, under the first key."""
    configuration = encryption.EncryptionConfiguration(
        footer_key=keys[0][0],
        uniform_encryption=True,
        plaintext_footer=False,
        encryption_algorithm="AES_GCM_V1",
        data_key_length_bits=256,
        double_wrapping=False,
        internal_key_material=True,
    )
    return _factory(keys).file_encryption_properties(encryption.KmsConnectionConfig(), configuration)


def decryption_properties(keys: Keys) -> Any:
    """Return how files are decrypted, with whichever of the keys they need."""
    configuration = encryption.DecryptionConfiguration()
    return _factory(keys).file_decryption_properties(encryption.KmsConnectionConfig(), configuration)
