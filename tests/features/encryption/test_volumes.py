"""A volume counts as encrypted when the system says so, and as not when it says nothing."""

from pathlib import Path

import pytest

from features.encryption.volumes import Volume, check_volume, volume_of
from features.errors import SettingsError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system with a plain disk, LUKS on it, LVM on LUKS, LVM half on LUKS, and mounts of each."""
    root = tmp_path / "root"
    (root / "sys/dev/block").mkdir(parents=True)
    (root / "proc/self").mkdir(parents=True)
    blocks = {"8:0": ("", []), "8:1": ("", []), "252:0": ("CRYPT-LUKS2-0a-luks", ["8:0"])}
    blocks |= {"252:1": ("LVM-abc", ["252:0"]), "252:2": ("LVM-def", ["252:0", "8:1"])}
    for device, (uuid, below) in blocks.items():
        block = root / "devices" / device.replace(":", "-")
        (block / "slaves").mkdir(parents=True)
        if uuid:
            (block / "dm").mkdir()
            (block / "dm/uuid").write_text(uuid + "\n")
        for part in below:
            (block / "slaves" / part.replace(":", "-")).symlink_to(root / "devices" / part.replace(":", "-"))
        (root / "sys/dev/block" / device).symlink_to(block)
    return root


def mounted(root: Path, *mounts: tuple[Path | str, str, str, str]) -> None:
    lines = [
        f"{n} 1 {device} / {str(mount).replace(' ', chr(92) + '040')} rw - {kind} {source} rw"
        for n, (mount, device, kind, source) in enumerate(mounts)
    ]
    (root / "proc/self/mountinfo").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("device", "kind", "encrypted"),
    [
        ("8:0", "ext4", False),
        ("252:0", "ext4", True),
        ("252:1", "xfs", True),
        ("252:2", "xfs", False),
        ("0:40", "fuse.gocryptfs", True),
        ("0:41", "zfs", False),
        ("0:42", "overlay", False),
        ("0:43", "nfs4", False),
    ],
)
def test_what_the_system_says_counts(root: Path, tmp_path: Path, device: str, kind: str, encrypted: bool) -> None:
    """Of stacked devices all parts have to be encrypted; what is not known is not."""
    mounted(root, ("/", "8:0", "ext4", "none"), (tmp_path, device, kind, "none"))
    volume = volume_of(tmp_path / "store" / "not yet there", root)
    assert volume.encrypted == encrypted
    assert str(tmp_path) in volume.finding
    assert kind in volume.finding


def test_the_nearest_and_last_mount_counts(root: Path, tmp_path: Path) -> None:
    """A mount over another hides it; white space in its name is no hindrance."""
    inner = tmp_path / "a b"
    inner.mkdir()
    mounted(root, (inner, "8:0", "ext4", "none"), (inner, "252:0", "ext4", "none"), (tmp_path, "8:0", "ext4", "none"))
    assert volume_of(inner / "store", root).encrypted
    assert not volume_of(tmp_path, root).encrypted


def test_a_system_that_tells_nothing_is_not_trusted(root: Path, tmp_path: Path) -> None:
    """Without a list of mounts, or with one that is cut off."""
    assert volume_of(tmp_path, root) == Volume(False, "a volume of which this system tells nothing")
    (root / "proc/self/mountinfo").write_text("1 2 3\n")
    assert not volume_of(tmp_path, root).encrypted


def test_the_setting_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Off by default; on, a plain volume is refused in one line that says what was found."""
    monkeypatch.setenv("REGULARS_CONFIG", "")
    check_volume("/proc")
    monkeypatch.setenv("REGULARS_ENCRYPTION_REQUIRE_ENCRYPTED_VOLUME", "true")
    with pytest.raises(SettingsError, match=r"/proc lies on /proc \(proc of \S+\), of which is not known"):
        check_volume("/proc")
