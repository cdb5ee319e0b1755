"""One proof's design as RTLIL: ``python -m formal.emit MODULE NAME design.il PATCHES``, a process for each.

Reads patches as JSON, since they must be in place before the first component is imported.
"""

import importlib
import json
import sys
from pathlib import Path

from .patched import install
from .proof import Patch

__all__ = ["emit"]


def emit(module: str, name: str, path: Path, patches: list[Patch]) -> int:
    """Write the design of a proof; returns how many covers it has."""
    install(patches)
    import amaranth.back.rtlil as rtlil

    from .harness import Harness

    proofs = {proof.name: proof for proof in importlib.import_module(module).PROOFS}
    harness = Harness()
    proofs[name].build(harness)
    path.write_text(rtlil.convert(harness.m, name="top", ports=harness.ports), encoding="utf-8")
    return harness.covers


if __name__ == "__main__":
    print(emit(sys.argv[1], sys.argv[2], Path(sys.argv[3]), [Patch(*each) for each in json.loads(sys.argv[4])]))
