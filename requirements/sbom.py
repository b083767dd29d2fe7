"""Writes a CycloneDX SBOM of each list of pins: what is installed, with the hashes of all its distributions.

    python requirements/sbom.py            # requirements/NAME.cdx.json for each of LISTS
    python requirements/sbom.py --check    # exit code 1 where one is not that of its pins

The same pins give the same bytes: there is no time and no random number in it. Packages are named by package URLs, and
no address of an index is in it. `make sbom` installs what this needs.
"""

import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from uuid import UUID, uuid5

from cyclonedx.contrib.hash.factories import HashTypeFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

FOLDER = Path(__file__).parent
LISTS = ("service", "spark", "dev")
"""What a Bento installs, what the extra `spark` adds, and all other extras with what tests and docs need."""
PIN = re.compile(
    r"^(?P<name>[\w.-]+)(?:\[[\w,.-]+\])?==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\\n]+?))? \\\n"
    r"(?P<hashes>(?:    --hash=.*\n)+)(?P<via>(?:    #.*\n)*)",
    re.MULTILINE,
)
SPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""That of names that are URLs (RFC 4122)."""


def sbom(name: str) -> str:
    """Return the SBOM of a list of pins as JSON."""
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text("utf-8"))["project"]
    root = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        purl=PackageURL("pypi", None, project["name"], project["version"]),
        bom_ref=project["name"],
    )
    text = (FOLDER / f"{name}.txt").read_text("utf-8")
    bom = Bom(serial_number=uuid5(SPACE, text))
    bom.metadata.timestamp = None
    bom.metadata.component = root
    by_name: dict[str, list[Component]] = defaultdict(list, {project["name"]: [root]})
    pins = list(PIN.finditer(text))
    for pin in pins:
        purl = PackageURL("pypi", None, pin["name"], pin["version"])
        hashes = [HashTypeFactory().from_composite_str(each) for each in re.findall(r"--hash=(\S+)", pin["hashes"])]
        component = Component(
            name=pin["name"],
            version=pin["version"],
            purl=purl,
            bom_ref=str(purl),
            external_references=[
                ExternalReference(
                    type=ExternalReferenceType.DISTRIBUTION,
                    url=XsUri(str(purl)),
                    comment="hashes of its distributions, of which one is installed",
                    hashes=hashes,
                )
            ],
            properties=[Property(name="python:marker", value=pin["marker"])] if pin["marker"] else [],
        )
        by_name[pin["name"]].append(component)
        bom.components.add(component)
    needed = defaultdict(set)
    for pin in pins:
        for via in re.findall(r"#\s+(?:via\s+)?([\w.-]+)", pin["via"]):
            for dependent in by_name.get(via, ()) if via not in ("via", "-c") else ():
                needed[dependent.bom_ref.value].update(by_name[pin["name"]])
    for dependent in [root, *bom.components]:
        bom.register_dependency(dependent, needed[dependent.bom_ref.value])
    written = JsonV1Dot6(bom).output_as_string(indent=1) + "\n"
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(written)
    if fault is not None:
        raise SystemExit(f"the SBOM of {name} is not valid CycloneDX 1.6: {fault}")
    return written


def main() -> int:
    """Write or check all of them; return the exit code."""
    stale = []
    for name in LISTS:
        path, content = FOLDER / f"{name}.cdx.json", sbom(name)
        if "--check" not in sys.argv:
            path.write_text(content, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != content:
            stale.append(path.name)
    if stale:
        print(f"{', '.join(stale)} is not that of the pins: run make sbom", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
