"""What a build folder says of every run on it: the design's interface, the model's image and its passes.

docs/formats.md has the files.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import SimError

__all__ = ["AGAIN", "Design", "Images", "PassFacts", "Port", "Probe", "Register", "read_json", "read_stream"]

AGAIN = "build again, or pack again, with this version of hwgen"


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
        Of all units ``probe_row_valid``, and of each unit u ``probe_row_<field>_u`` for every one of ``row_fields``.
    row_fields : tuple of str
        What a unit writes at once: where to, then ``data``, the codes, then what else is compared.
    hardware : mapping of str to int
    errors, stages : mapping of int to str
        Names of STATUS.error and STATUS.stuck_stage.
    """

    top: str
    verilog: Path
    ports: tuple[Port, ...]
    registers: Mapping[str, Register]
    probes: tuple[Probe, ...]
    row_fields: tuple[str, ...]
    hardware: Mapping[str, int]
    errors: Mapping[int, str]
    stages: Mapping[int, str]

    @property
    def units(self) -> int:
        """Writers of rows, each with a result memory of its own."""
        return next(probe.width for probe in self.probes if probe.name == "probe_row_valid")

    @classmethod
    def load(cls, build: Path) -> "Design":
        """Read a build folder's design; SimError if it is not one."""
        facts = read_json(build / "design.json")
        verilog = build / "design.v"
        if not verilog.is_file():
            raise SimError("the design's Verilog is missing", str(verilog), AGAIN)
        try:
            design = cls(
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
                row_fields=tuple(facts["row_fields"]),
            )
            if "data" not in design.row_fields or not design.units:
                raise KeyError("data")
        except (KeyError, TypeError, AttributeError, StopIteration) as wrong:
            raise SimError(f"unexpected content: {wrong!r}", str(build / "design.json"), AGAIN) from None
        return design


@dataclass(frozen=True, kw_only=True)
class PassFacts:
    """One pass of a model.

    Parameters
    ----------
    name : str
    domain : "node" or "graph"
        What its rows are.
    to_result : bool
        Whether it writes the results.
    code_bits : int
        Bits of a code in a word.
    word_codes : int
        Codes in a word; in the words of results that are stored, too.
    channels : int
        Codes of a row; its last word may have room for more, which are not compared.
    signed : bool
    """

    name: str
    domain: str
    to_result: bool
    code_bits: int
    word_codes: int
    channels: int
    signed: bool

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "PassFacts":
        """Out of ``layout.json``."""
        return cls(name=str(facts["name"]), domain=str(facts["domain"]).removesuffix("s"),
                   to_result=bool(facts["to_result"]), code_bits=int(facts["code_bits"]),
                   word_codes=int(facts["word_codes"]), channels=int(facts["channels"]), signed=bool(facts["signed"]))


@dataclass(frozen=True, kw_only=True)
class Images:
    """``images/``: what is loaded before any batch, and the passes of the model.

    Parameters
    ----------
    model : bytes
        A load stream, 16 bytes a beat; empty where batches bring everything along.
    passes : tuple of PassFacts
    """

    model: bytes
    passes: tuple[PassFacts, ...]

    @classmethod
    def load_from(cls, build: Path) -> "Images":
        """Read a build folder; SimError if it has no images."""
        path = build / "images" / "layout.json"
        facts = read_json(path)
        try:
            passes, beats = tuple(map(PassFacts.of, facts["passes"])), int(facts["model_beats"])
        except (KeyError, TypeError, ValueError) as wrong:
            raise SimError(f"unexpected content: {wrong!r}", str(path), AGAIN) from None
        return cls(model=read_stream(build / "images" / "model.bin") if beats else b"", passes=passes)


def read_stream(path: Path) -> bytes:
    """A load stream; SimError if there is none."""
    if not path.is_file():
        raise SimError("a load stream is missing", str(path), AGAIN)
    content = path.read_bytes()
    if not content or len(content) % 16:
        raise SimError(f"{len(content)} bytes are no load stream of 16-byte beats", str(path), AGAIN)
    return content


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
