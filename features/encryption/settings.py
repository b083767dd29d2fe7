"""Settings of encryption at rest, a section of `regulars.toml`."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class EncryptionSettings:
    """Encryption at rest, of Parquet files and of the volume of a store.

    Attributes
    ----------
    key_file : Path, optional
        A file with 32 random bytes in hex, mode 600, as `openssl rand -hex 32` writes them. With it Parquet files that
        are exported, those of plans and those of the forecast log are encrypted; others stay as they are. The variable
        REGULARS_PARQUET_KEY may hold the hex in place of a file.
    older_key_files : tuple of Path
        Keys that files may still be encrypted with; nothing is written with them.
    require_encrypted_volume : bool
        Whether a store on a volume that is not known to be encrypted is refused.
    """

    key_file: Path | None = field(default=None, metadata={"example": "parquet.key"})
    older_key_files: tuple[Path, ...] = ()
    require_encrypted_volume: bool = False
