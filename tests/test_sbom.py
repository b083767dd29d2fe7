"""The SBOMs are those of the pins: the same packages, versions and hashes, and no address of an index."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SBOMS = sorted((ROOT / "requirements").glob("*.cdx.json"))


def pins(path: Path) -> dict[tuple[str, str], set[str]]:
    """The hashes of each name and version; read with no regard to how the SBOM's own reader does it."""
    found: dict[tuple[str, str], set[str]] = {}
    for line in path.read_text().splitlines():
        if line[:1].isalnum():
            name, _, version = line.split(" ")[0].partition("==")
            hashes = found.setdefault((name.partition("[")[0], version), set())
        elif "--hash=sha256:" in line:
            hashes.add(line.split("--hash=sha256:")[1].rstrip(" \\"))
    return found


@pytest.mark.parametrize("path", SBOMS, ids=lambda path: path.name)
def test_an_sbom_is_that_of_its_pins(path: Path) -> None:
    """Else: make sbom."""
    content: dict[str, Any] = json.loads(path.read_text())
    found = {
        (each["name"], each["version"]): {
            one["content"] for reference in each["externalReferences"] for one in reference["hashes"]
        }
        for each in content["components"]
    }
    assert found == pins(path.with_name(path.name.replace(".cdx.json", ".txt")))
    assert all(each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}" for each in content["components"])


@pytest.mark.parametrize("path", SBOMS, ids=lambda path: path.name)
def test_an_sbom_names_no_index_and_no_moment(path: Path) -> None:
    """So that the same pins give the same bytes; what depends on what is in it."""
    text = path.read_text()
    assert set(re.findall(r"https?://[^\s\"]+", text)) == {"http://cyclonedx.org/schema/bom-1.6.schema.json"}
    content = json.loads(text)
    assert (content["bomFormat"], content["specVersion"]) == ("CycloneDX", "1.6")
    assert "timestamp" not in content["metadata"]
    refs = {each["bom-ref"] for each in content["components"]} | {"regulars"}
    depends = {each["ref"]: set(each.get("dependsOn", ())) for each in content["dependencies"]}
    assert set(depends) == refs
    assert set().union(*depends.values()) == refs - {"regulars"}


def test_what_is_installed_has_an_sbom() -> None:
    """What the service, Spark and the other extras install."""
    assert [path.name for path in SBOMS] == ["dev.cdx.json", "service.cdx.json", "spark.cdx.json"]
