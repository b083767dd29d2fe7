"""Whether a folder lies on a volume that is known to be encrypted, as far as Linux tells."""

import fcntl
import os
import re
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from features.encryption.settings import EncryptionSettings
from features.errors import SettingsError
from features.settings_file import read_settings

ENCRYPTING_FILE_SYSTEMS = ("ecryptfs", "fuse.gocryptfs", "fuse.cryfs", "fuse.encfs", "fuse.securefs")
POLICY_REQUEST, POLICY_BYTES = 0xC0096616, 24
"""FS_IOC_GET_ENCRYPTION_POLICY_EX of the kernel's fscrypt, and the size of its largest policy."""


class Volume(NamedTuple):
    """What a folder lies on.

    Attributes
    ----------
    encrypted : bool
        Whether it is known to be encrypted.
    finding : str
        What was found, for people.
    """

    encrypted: bool
    finding: str


def check_volume(path: str | Path) -> None:
    """Refuse a path on a volume that is not known to be encrypted, where `[encryption]` of the settings demands one.

    Raises
    ------
    SettingsError
    """
    if not read_settings("encryption", EncryptionSettings).require_encrypted_volume:
        return
    volume = volume_of(path)
    if not volume.encrypted:
        raise SettingsError(
            f"{path} lies on {volume.finding}, and [encryption] require_encrypted_volume asks for an encrypted one: "
            "move it to a LUKS, fscrypt, eCryptfs or gocryptfs volume"
        )


def volume_of(path: str | Path, root: Path = Path("/")) -> Volume:
    """Return whether a path lies on an encrypted volume.

    Known are block devices of dm-crypt (LUKS), also below LVM or RAID, folders of fscrypt, and encrypting file systems
    such as eCryptfs and gocryptfs. Whether a ZFS dataset, a network share, a container's overlay or the disk of a cloud
    is encrypted cannot be seen from here: such a volume counts as not known to be.

    Parameters
    ----------
    path : str or Path
        It need not exist: its nearest folder counts.
    root : Path
        Where `proc` and `sys` are.
    """
    place = Path(path).resolve()
    folder = next(each for each in (place, *place.parents) if each.exists())
    if _has_policy(folder):
        return Volume(True, "a folder that fscrypt encrypts")
    try:
        deepest = _mount_of(folder, (root / "proc/self/mountinfo").read_text("utf-8"))
    except (OSError, ValueError):
        deepest = None
    if deepest is None:
        return Volume(False, "a volume of which this system tells nothing")
    mount, kind, source, device = deepest
    if kind in ENCRYPTING_FILE_SYSTEMS:
        return Volume(True, f"{mount} ({kind})")
    with suppress(OSError):  # a file system of several devices, such as Btrfs, has a number that is no device's
        number = Path(source).stat().st_rdev
        device = f"{os.major(number)}:{os.minor(number)}" if number else device
    block = root / "sys/dev/block" / device
    if not block.exists():
        return Volume(False, f"{mount} ({kind} of {source}), of which is not known whether it is encrypted")
    if _is_crypt(block.resolve()):
        return Volume(True, f"{mount} ({kind} of {source}, dm-crypt)")
    return Volume(False, f"{mount} ({kind} of {source}), which is not encrypted")


def _has_policy(folder: Path) -> bool:
    request = bytearray(struct.pack("Q", POLICY_BYTES) + bytes(POLICY_BYTES))
    with suppress(OSError):
        descriptor = os.open(folder if folder.is_dir() else folder.parent, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, POLICY_REQUEST, request)
            return True
        finally:
            os.close(descriptor)
    return False


def _mount_of(folder: Path, mounts: str) -> tuple[str, str, str, str] | None:
    """Return mount point, file system, source and device number of the mount that a folder lies on.

    The last of those with the longest mount point hides the others. None without any.
    """
    deepest = None
    for line in mounts.splitlines():
        own, _, rest = line.partition(" - ")
        _, _, device, _, mount = own.split()[:5]
        kind, source = rest.split()[:2]
        mount, source = _unescaped(mount), _unescaped(source)
        if folder.is_relative_to(mount) and (deepest is None or len(mount) >= len(deepest[0])):
            deepest = (mount, kind, source, device)
    return deepest


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), text)


def _is_crypt(block: Path) -> bool:
    """Return whether a block device is one of dm-crypt, or all that it is made of are."""
    with suppress(OSError):
        if (block / "dm/uuid").read_text("ascii").startswith("CRYPT-"):
            return True
    parts = [each.resolve() for each in (block / "slaves").glob("*")]
    if not parts and (block / "partition").exists():
        return _is_crypt(block.parent)
    return bool(parts) and all(map(_is_crypt, parts))
