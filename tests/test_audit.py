"""The audit finds an advisory that affects a pin, and none that does not, as the lists of its database say."""

import importlib.util
import json
import urllib.request
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "requirements" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def advisory(events: list[dict[str, str]], versions: tuple[str, ...] = (), ecosystem: str = "PyPI") -> dict[str, Any]:
    package = {"name": "Some.Package", "ecosystem": ecosystem}
    ranges = [{"type": "ECOSYSTEM", "events": events}] if events else []
    return {
        "id": "T-1",
        "modified": "2026-11-20T08:00:00Z",
        "affected": [{"package": package, "ranges": ranges, "versions": list(versions)}],
    }


@pytest.mark.parametrize(
    ("events", "affected", "others"),
    [
        ([{"introduced": "0"}], ("0.1", "9"), ()),
        ([{"introduced": "1.2"}, {"fixed": "1.10"}], ("1.2", "1.9.9"), ("1.1", "1.10", "2")),
        ([{"introduced": "1"}, {"last_affected": "1.5"}], ("1", "1.5"), ("0.9", "1.5.1")),
        ([{"fixed": "2"}, {"introduced": "3"}, {"introduced": "0"}, {"fixed": "4"}], ("1", "3.5"), ("2", "2.5", "4")),
        ([{"introduced": "0"}, {"fixed": "no version"}], ("1",), ()),
    ],
)
def test_ranges_are_those_of_versions(
    audit: ModuleType, events: list[dict[str, str]], affected: tuple[str, ...], others: tuple[str, ...]
) -> None:
    """1.10 comes after 1.9; of a range that cannot be read all versions count."""
    advisories = {"some-package": [advisory(events)]}
    assert [version for version in (*affected, *others) if audit.affecting(advisories, "some_package", version)] == [
        *affected
    ]


def test_listed_versions_count_and_other_ecosystems_do_not(audit: ModuleType) -> None:
    """Whatever ranges say."""
    listed, other = advisory([], ("1.0",)), advisory([{"introduced": "0"}], ecosystem="npm")
    assert audit.affecting({"some-package": [listed]}, "Some-Package", "1.0") == [listed]
    assert audit.affecting({"some-package": [listed]}, "some-package", "1.1") == []
    assert audit.affecting({"some-package": [other]}, "some-package", "1.0") == []


def test_a_database_is_read_and_asked_on_the_loopback(audit: ModuleType, tmp_path: Path) -> None:
    """As pip-audit asks; one that is too old is refused before anything is looked at."""
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("T-1.json", json.dumps(advisory([{"introduced": "0"}]) | {"modified": "2020-01-01T00:00:00Z"}))
    advisories, latest = audit.read_advisories(tmp_path / "all.zip")
    assert latest.year == 2020
    with audit.serve(advisories) as server:
        for name, found in (("some-package", 1), ("another", 0)):
            asked = json.dumps({"package": {"name": name, "ecosystem": "PyPI"}, "version": "1"}).encode()
            address = f"http://127.0.0.1:{server.server_port}/v1/query"
            with urllib.request.urlopen(urllib.request.Request(address, asked), timeout=10) as answer:
                assert len(json.load(answer).get("vulns", ())) == found
        server.shutdown()
    assert audit.main(str(tmp_path / "all.zip")) == 1
