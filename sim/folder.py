"""What a build folder says of every run on it: the design's interface, the model's image and its passes.

docs/formats.md has the files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, NotRequired, TypedDict

from hwgen.documents import read_json
from hwgen.kinds import Count, Within

from .errors import SimError

__all__ = ["AGAIN", "Design", "ImageLayout", "Images", "PassFacts", "PassLayout", "Port", "Probe", "Register",
           "image_layout", "read_stream"]

AGAIN = "build again, or pack again, with this version of hwgen"

_Width = Annotated[int, Within(1, 1 << 16)]
_Word = Annotated[int, Within(0, (1 << 32) - 1)]


class _Port(TypedDict):
    name: str
    direction: Literal["input", "output"]
    width: _Width
    signed: NotRequired[bool]


class _Field(TypedDict):
    name: str
    description: NotRequired[str]
    low: Annotated[int, Within(0, 31)]
    width: Annotated[int, Within(1, 32)]


class _Register(TypedDict):
    name: str
    offset: _Word
    access: str
    count: Annotated[int, Within(1, 1 << 16)]
    fields: list[_Field]
    description: NotRequired[str]
    reset: NotRequired[_Word]
    value: NotRequired[_Word]


@dataclass(frozen=True)
class Probe:
    """A signal inside the design; ``path`` leads to it from the top module, with dots."""

    name: str
    path: str
    width: _Width


class _Design(TypedDict):
    """What a simulation needs of ``design.json``."""

    top: str
    ports: list[_Port]
    registers: list[_Register]
    probes: list[Probe]
    errors: dict[str, Count]
    stages: dict[str, Count]
    hardware: dict[str, int]
    capacities: NotRequired[dict[str, Count]]
    row_fields: list[str]


class PassLayout(TypedDict):
    """A pass in ``layout.json``."""

    name: str
    domain: Literal["nodes", "graphs", "edges"]
    to_result: bool
    code_bits: Annotated[int, Within(1, 64)]
    word_codes: Annotated[int, Within(1, 1 << 16)]
    channels: Count
    signed: bool


class ImageLayout(TypedDict):
    """``images/layout.json``."""

    passes: list[PassLayout]
    model_beats: Count


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
    cells : Path or None
        Of a netlist: models of what it instantiates.
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
    cells: Path | None = None

    @property
    def units(self) -> int:
        """Writers of rows, each with a result memory of its own."""
        return next(probe.width for probe in self.probes if probe.name == "probe_row_valid")

    def mapped(self, netlist: Path, cells: Path) -> "Design":
        """The same design as a netlist of cells, with models of these."""
        return replace(self, verilog=netlist, cells=cells)

    @property
    def watched(self) -> bool:
        """Whether rows are compared as they are written: a netlist has no probes, and shows its results only."""
        return self.cells is None

    @classmethod
    def load(cls, build: Path) -> "Design":
        """Read a build folder's design; SimError if it is not one."""
        path, verilog = build / "design.json", build / "design.v"
        facts = read_json(_Design, path, AGAIN, more=True)
        if not verilog.is_file():
            raise SimError("the design's Verilog is missing", str(verilog), AGAIN)
        design = cls(
            top=facts["top"], verilog=verilog, hardware=facts["hardware"],
            ports=tuple(Port(entry["name"], entry["direction"] == "input", entry["width"])
                        for entry in facts["ports"]),
            registers={entry["name"]: Register(
                entry["name"], entry["offset"], entry["access"], entry["count"],
                {field["name"]: (field["low"], field["width"]) for field in entry["fields"]})
                for entry in facts["registers"]},
            probes=tuple(probe for probe in facts["probes"] if probe.name.startswith("probe_row_")),
            errors={value: name for name, value in facts["errors"].items()},
            stages={value: name for name, value in facts["stages"].items()},
            row_fields=tuple(facts["row_fields"]),
        )
        there = {probe.name for probe in design.probes}
        if "data" not in design.row_fields or "probe_row_valid" not in there:
            raise SimError("rows have no data, or nothing says when there are some", f"{path}: row_fields", AGAIN)
        return design


@dataclass(frozen=True, kw_only=True)
class PassFacts:
    """One pass of a model.

    Parameters
    ----------
    name : str
    domain : "node", "graph" or "edge"
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
    def of(cls, facts: PassLayout) -> "PassFacts":
        """Out of ``layout.json``."""
        return cls(name=facts["name"], domain=facts["domain"].removesuffix("s"), to_result=facts["to_result"],
                   code_bits=facts["code_bits"], word_codes=facts["word_codes"], channels=facts["channels"],
                   signed=facts["signed"])


def image_layout(build: Path) -> ImageLayout:
    """``images/layout.json`` of a build folder; HwgenError if it is none."""
    return read_json(ImageLayout, build / "images" / "layout.json", AGAIN)


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
        facts = image_layout(build)
        model = read_stream(build / "images" / "model.bin") if facts["model_beats"] else b""
        return cls(model=model, passes=tuple(map(PassFacts.of, facts["passes"])))


def read_stream(path: Path) -> bytes:
    """A load stream; SimError if there is none."""
    if not path.is_file():
        raise SimError("a load stream is missing", str(path), AGAIN)
    content = path.read_bytes()
    if not content or len(content) % 16:
        raise SimError(f"{len(content)} bytes are no load stream of 16-byte beats", str(path), AGAIN)
    return content
