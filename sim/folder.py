"""What a build folder says: the design's interface, the images of a run, and the codes expected of each pass.

Everything that simulation knows, it reads here. The names are those of docs/banked.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import SimError

__all__ = ["Design", "ExpectedPass", "Images", "Port", "Probe", "Register"]

RESULT_BITS = 16  # of a code in a result word


@dataclass(frozen=True)
class Port:
    """A port of the design's top module."""

    name: str
    is_input: bool
    width: int


@dataclass(frozen=True)
class Register:
    """A 32-bit register, or ``count`` of them; ``fields`` maps a name to (lowest bit, width)."""

    name: str
    offset: int
    access: str
    count: int
    fields: Mapping[str, tuple[int, int]]

    @property
    def counts(self) -> bool:
        """Whether it is a single counter."""
        return self.access == "ro" and self.count == 1 and not self.fields

    def decode(self, word: int) -> dict[str, int]:
        """The fields of a value that was read."""
        return {name: word >> low & (1 << width) - 1 for name, (low, width) in self.fields.items()}


@dataclass(frozen=True)
class Probe:
    """A signal inside the design; ``path`` leads to it from the top module, with dots."""

    name: str
    path: str
    width: int


@dataclass(frozen=True, kw_only=True)
class Design:
    """``design.v`` and ``design.json``.

    Parameters
    ----------
    top : str
        Top module.
    verilog : Path
    ports : tuple of Port
    registers : mapping of str to Register
    probes : tuple of Probe
        Of all servers (or units) ``probe_row_valid``, and of each server s ``probe_row_<field>_s`` for every one of
        :attr:`row_fields`.
    hardware : mapping of str to int
    errors, stages : mapping of int to str
        Names of STATUS.error and STATUS.stuck_stage.
    organisation : "node" or "stream"
    """

    top: str
    verilog: Path
    ports: tuple[Port, ...]
    registers: Mapping[str, Register]
    probes: tuple[Probe, ...]
    hardware: Mapping[str, int]
    errors: Mapping[int, str]
    stages: Mapping[int, str]
    organisation: str

    @property
    def units(self) -> int:
        """Writers of rows: servers, or units of the graph-level organisation."""
        return self.hardware["units" if self.organisation == "stream" else "servers"]

    @property
    def row_fields(self) -> tuple[str, str, str]:
        """What a row write consists of."""
        return ("address", "data", "entry") if self.organisation == "stream" else ("bank", "address", "data")

    @classmethod
    def load(cls, build: Path) -> "Design":
        """Read a build folder's design; SimError if it is not one."""
        facts = read_json(build / "design.json")
        verilog = build / "design.v"
        if not verilog.is_file():
            raise SimError("the design's Verilog is missing", str(verilog), "build again")
        try:
            return cls(
                top=facts["top"], verilog=verilog, hardware=facts["hardware"],
                ports=tuple(Port(entry["name"], entry["direction"] == "input", entry["width"])
                            for entry in facts["ports"]),
                registers={entry["name"]: Register(
                    entry["name"], entry["offset"], entry["access"], entry["count"],
                    {field["name"]: (field["low"], field["width"]) for field in entry["fields"]})
                    for entry in facts["registers"]},
                probes=tuple(Probe(entry["name"], entry["path"], entry["width"]) for entry in facts["probes"]
                             if entry["name"].startswith("probe_row_")),
                errors={value: name for name, value in facts["errors"].items()},
                stages={value: name for name, value in facts["stages"].items()},
                organisation=facts.get("organisation", "node"),
            )
        except (KeyError, TypeError, AttributeError) as wrong:
            raise SimError(f"unexpected content: {wrong!r}", str(build / "design.json"),
                           "build again with this version of hwgen") from None


@dataclass(frozen=True, kw_only=True)
class ExpectedPass:
    """The codes one pass must write.

    Parameters
    ----------
    name : str
    node, server, bank, address : int64 [n]
        A node, the server that writes its row, and where: bank of the server and row, or first result word.
    codes : int64 [n, width]
    code_bits : int
        Bits of a code in a row or in a result word.
    word_codes : int
        Codes of a whole row, or of one result word; a node's codes fill ``ceil(width / word_codes)`` words.
    """

    name: str
    node: NDArray[np.int64]
    server: NDArray[np.int64]
    bank: NDArray[np.int64]
    address: NDArray[np.int64]
    codes: NDArray[np.int64]
    code_bits: int
    word_codes: int


@dataclass(frozen=True, kw_only=True)
class Images:
    """``images/`` and ``vectors/`` of one run.

    Parameters
    ----------
    load : Path
        The load stream, 16 bytes a beat.
    layout : mapping
        ``layout.json``.
    passes : tuple of ExpectedPass
    logits : int64 [n, c]
        Expected results.
    """

    load: Path
    layout: Mapping[str, Any]
    passes: tuple[ExpectedPass, ...]
    logits: NDArray[np.int64]

    @classmethod
    def load_from(cls, run: Path, hardware: Mapping[str, int]) -> "Images":
        """Read a run folder made for a design with these hardware parameters; SimError if it is not one."""
        layout = read_json(run / "images" / "layout.json")
        load, logits = run / "images" / "load.bin", run / "vectors" / "logits.npy"
        for path in (load, logits):
            if not path.is_file():
                raise SimError("a file of the run is missing", str(path), "build again")
        passes = []
        for index, facts in enumerate(layout["passes"]):
            path = run / "vectors" / f"pass{index}.npz"
            if not path.is_file():
                raise SimError("the expected codes of a pass are missing", str(path), "build again")
            with np.load(path) as arrays:
                columns = {key: arrays[key].astype(np.int64) for key in
                           ("node", "server", "bank", "address", "codes")}
            result = bool(facts["to_result"])
            passes.append(ExpectedPass(
                name=facts["name"], code_bits=RESULT_BITS if result else hardware["code_bits"],
                word_codes=hardware["requant_lanes"] if result else hardware["lanes"], **columns))
        return cls(load=load, layout=layout, passes=tuple(passes), logits=np.load(logits).astype(np.int64))

    @property
    def result_words(self) -> int:
        """Result words that each server stores."""
        return int(self.layout["result_words"])

    def results(self, stored: bytes) -> NDArray[np.int64]:
        """Logits out of what the store unit wrote: server 0's result words first, 16 bytes a word."""
        lanes = np.frombuffer(stored, dtype="<i2").reshape(-1, 8)[:, :self.passes[-1].word_codes].astype(np.int64)
        first = np.array(self.layout["server"], dtype=np.int64) * self.result_words
        first += np.array(self.layout["word"], dtype=np.int64)
        words = first[:, None] + np.arange(int(self.layout["words_per_result"]))
        codes: NDArray[np.int64] = lanes[words].reshape(len(first), -1)[:, :int(self.layout["classes"])]
        return codes


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; SimError if there is none."""
    try:
        content = json.loads(path.read_text())
    except OSError as wrong:
        raise SimError(f"cannot be read: {wrong.strerror}", str(path), "name a folder that hwgen build wrote") from None
    except ValueError as wrong:
        raise SimError(f"not JSON: {wrong}", str(path), "build again") from None
    if not isinstance(content, dict):
        raise SimError("not a JSON object", str(path), "build again")
    return content
