"""Build folders as far as the runtime reads them: no RTL."""

from designs import design_of

from hwgen.files import write_npz
from hwgen.flow.built import MODEL, PAIRS
from hwgen.flow.config import Config
from hwgen.flow.folder import to_json, write_files
from hwgen.flow.manifest import MANIFEST, manifest_text
from hwgen.network.sample import Limits, Sample
from hwgen.network.store import save_network
from rtl_templates.banked.registers import REGISTERS as BANKED_REGISTERS
from rtl_templates.lists.registers import REGISTERS
from rtl_templates.shell import registers
from rtl_templates.shell.status import Error, Stage

__all__ = ["build_folder"]


def build_folder(folder, network, batch, target="lists", *, windows=False, **hardware):
    """What the runtime reads of a build folder, without RTL."""
    limits = Limits.of(batch, network.input_bits)
    sample = Sample(batch=batch, labels=None, mask=None, logits=None, limits=limits)
    graphs = None if windows or target != "lists" else 2
    design = design_of(target, network, sample, graphs=graphs, windows=windows, limits=limits.to_dict(), **hardware)
    save_network(network, folder / MODEL)
    if design.dictionary is not None and len(design.dictionary.pairs):
        write_npz(folder / MODEL / PAIRS, {"pairs": design.dictionary.saved})
    config = Config(board="ultra96", target=target, runs=design.runs, hardware=design.hardware.to_dict(),
                    capacity=design.capacity, limits=limits)
    map_ = REGISTERS if target == "lists" else BANKED_REGISTERS
    fixed = registers.constants(design.hardware.to_dict(), map_)
    write_files(folder, {"config.json": config.to_text(), "design.json": to_json({
        "registers": [{**entry, **({"value": fixed[entry["name"]]} if entry["name"] in fixed else {})}
                      for entry in registers.to_dict(map_)],
        "errors": {error.name: error.value for error in Error},
        "meanings": {error.name: error.meaning for error in Error},
        "stages": {stage.name: stage.value for stage in Stage}})})
    facts = {"hwgen": "", "model": network.name, "board": "ultra96", "target": target, "inputs": {}, "capacities": {},
             "cycles": []}
    write_files(folder, {MANIFEST: manifest_text(folder, facts)})
    return design
