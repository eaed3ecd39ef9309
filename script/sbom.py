"""The packages of requirements.lock as a CycloneDX list (SBOM) in JSON: `python -m script.sbom`."""

import json
import sys
from typing import Any

from mxlib import __version__
from script.lock import ROOT, Entry, entries


def document(lock: str) -> dict[str, Any]:
    """Return the list of a lock; the same lock gives the same list."""
    locked = entries(lock)
    references = {name: f"pkg:pypi/{name}@{entry.version}" for name, entry in locked.items()}
    requires: dict[str, list[str]] = {"mxm": []} | {name: [] for name in locked}
    for name, entry in locked.items():
        for by in entry.via:
            requires["mxm" if by.startswith("-r ") else by].append(name)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "mxm", "name": "mxm", "version": __version__}},
        "components": [_component(name, entry, references[name]) for name, entry in locked.items()],
        "dependencies": [
            {"ref": references.get(name, name), "dependsOn": [references[needed] for needed in sorted(needs)]}
            for name, needs in requires.items()
        ],
    }


def _component(name: str, entry: Entry, reference: str) -> dict[str, Any]:
    """Return one package.

    The hashes are those of its files at PyPI, several where it has files for several platforms.
    """
    return {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": entry.version,
        "scope": "optional" if entry.marker else "required",
        "purl": reference,
        "externalReferences": [
            {
                "type": "distribution",
                "url": reference,
                "hashes": [{"alg": "SHA-256", "content": content} for content in sorted(entry.hashes)],
            }
        ],
    }


def main() -> int:
    """Print the list of requirements.lock."""
    print(json.dumps(document((ROOT / "requirements.lock").read_text(encoding="utf-8")), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
