"""Builds whose files a test changes: sealed again, they are what hwgen could have written, and differ from the RTL."""

from pathlib import Path

from hwgen.flow.manifest import MANIFEST, manifest_text, read_manifest

__all__ = ["reseal"]


def reseal(build: Path) -> None:
    """Write the manifest anew for the files as they are."""
    facts = {key: value for key, value in read_manifest(build).items() if key not in ("files", "sha256")}
    (build / MANIFEST).write_text(manifest_text(build, facts))
