"""Families of logic: how Yosys maps to each, how its cells are counted, and what of it the templates know.

The only place that knows a family. Boards name theirs; templates take :class:`Primitives` and hardware parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from boards import Board
from rtl_templates.cells.primitives import TWINS, Primitives

__all__ = ["FAMILIES", "Family", "family_of"]


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family.

    Parameters
    ----------
    name : str
        As boards have it, and in ``design_NAME.v``.
    title : str
    synth : str
        Yosys's command, without the top module. ``-nodsp`` on the 7 series: that pass changes DSP48E1 that are there.
    primitives : Primitives
        What the synthesized design instantiates.
    weights : mapping
        Resource -> cell -> how much of it one cell takes.
    free : frozenset of str
        Cells that cost nothing.
    units : mapping
        What a resource is called in reports, where that is not its own name.
    hardware : mapping
        Hardware parameters that follow from the family.
    models : tuple of str
        Files that simulate its cells: of ``sim/cells``, or of Yosys's own folder; none: netlists are not simulated.
    factors : mapping
        Resource -> how much more of it designs take than on UltraScale+, where the targets have no fitted costs for the
        family (hwgen/targets/costs.py): rough, and Yosys corrects it.
    """

    name: str
    title: str
    synth: str
    weights: Mapping[str, Mapping[str, float]]
    free: frozenset[str]
    primitives: Primitives = TWINS
    units: Mapping[str, str] = field(default_factory=dict)
    hardware: Mapping[str, int] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    factors: Mapping[str, float] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """How cells are counted, for people."""
        return f"Yosys {self.synth.partition(' -flatten')[0]}, out of context, flattened"

    def unit(self, resource: str) -> str:
        """What a resource is called."""
        return self.units.get(resource, resource.upper())


def family_of(board: Board) -> Family:
    """The family of a board, which its loader has checked."""
    return FAMILIES[board.family]


_LUT6 = dict.fromkeys(("LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "LUT6_2"), 1)
_LUT4 = dict.fromkeys(("LUT1", "LUT2", "LUT3", "LUT4"), 1)
_LUTRAM = {  # look-up tables of a distributed RAM: its sites
    "RAM32X1S": 1, "RAM32X1D": 2, "RAM64X1S": 1, "RAM64X1D": 2, "RAM128X1S": 2, "RAM128X1D": 4, "RAM256X1S": 4,
    "RAM256X1D": 8, "RAM512X1S": 8, "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM32X16DR8": 8,
    "RAM64X8SW": 8,
}
_SRL = dict.fromkeys(("SRL16", "SRL16E", "SRLC16", "SRLC16E", "SRLC32E"), 1)
_XILINX_FF = dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE"), 1)
#: Wide multiplexers sit in the slice, inverters and buffers vanish.
_XILINX_FREE = frozenset({"MUXF7", "MUXF8", "MUXF9", "INV", "BUFG", "GND", "VCC", "$scopeinfo"})

_FAMILIES = (
    Family(
        name="xcup", title="UltraScale+", synth="synth_xilinx -family xcup -abc9 -flatten -noiopad -noclkbuf",
        primitives=Primitives(carry="CARRY8", multiplexers=True, multiply_add="DSP48E2"),
        weights={"lut": _LUT6 | _LUTRAM | _SRL, "ff": _XILINX_FF, "bram36": {"RAMB36E2": 1, "RAMB18E2": 0.5},
                 "uram": {"URAM288": 1}, "dsp": {"DSP48E2": 1}, "lutram": _LUTRAM | _SRL,
                 # Yosys maps some adders to the older, shorter chain
                 "carry8": {"CARRY8": 1, "CARRY4": 0.5}},
        free=_XILINX_FREE,
        models=("dsp48e2.v", "block_memory.v", "blocks_xilinx.v", "xilinx/cells_sim.v")),
    Family(
        name="xc7", title="7 series", synth="synth_xilinx -family xc7 -abc9 -nodsp -flatten -noiopad -noclkbuf",
        primitives=Primitives(carry="CARRY4", multiplexers=True, multiply_add="DSP48E1"),
        weights={"lut": _LUT6 | _LUTRAM | _SRL, "ff": _XILINX_FF, "bram36": {"RAMB36E1": 1, "RAMB18E1": 0.5},
                 "uram": {}, "dsp": {"DSP48E1": 1}, "lutram": _LUTRAM | _SRL, "carry8": {"CARRY4": 0.5}},
        free=_XILINX_FREE, models=("block_memory.v", "blocks_xilinx.v", "xilinx/cells_sim.v")),
    Family(
        name="ecp5", title="ECP5", synth="synth_ecp5",
        # A memory of 16 words takes three slices: two of data, one of the write port (Lattice FPGA-TN-02204,
        # "ECP5 and ECP5-5G Memory Usage Guide"). A slice's adder cell has its two look-up tables.
        weights={"lut": {**_LUT4, "CCU2C": 2, "TRELLIS_DPR16X4": 6}, "ff": {"TRELLIS_FF": 1},
                 "bram36": {"DP16KD": 0.5, "PDPW16KD": 0.5}, "uram": {}, "dsp": {"MULT18X18D": 1, "MULT9X9D": 0.5},
                 "lutram": {"TRELLIS_DPR16X4": 4}, "carry8": {}},
        free=frozenset({"PFUMX", "L6MUX21", "INV", "GND", "VCC", "$scopeinfo"}),
        units={"lut": "LUT4", "bram36": "pairs of DP16KD (18 kbit)", "dsp": "MULT18X18D", "lutram": "LUT4 as memory"},
        hardware={"table_words": 16},
        models=("mult18x18d.v", "block_memory.v", "blocks_ecp5.v", "ecp5/cells_sim.v", "ecp5/common_sim.vh",
                "ecp5/ccu2c_sim.vh")),
    Family(
        name="gw5a", title="Gowin Arora V", synth="synth_gowin -family gw5a -noiopads",
        primitives=Primitives(product="MULTALU27X18"),
        # A memory of 16 words is four look-up tables of data and two of the write port; an adder's bit is one.
        weights={"lut": {**_LUT4, "ALU": 1, "RAM16SDP1": 6, "RAM16SDP2": 6, "RAM16SDP4": 6},
                 "ff": dict.fromkeys((f"DFF{edge}{kind}" for edge in ("", "N") for kind in (
                     "", "E", "S", "SE", "R", "RE", "P", "PE", "C", "CE")), 1),
                 "bram36": dict.fromkeys(("SDPX9B", "SDPB", "DPX9B", "DPB", "SP", "SPX9"), 0.5), "uram": {},
                 "dsp": {"MULTALU27X18": 1, "MULT12X12": 0.5},
                 "lutram": dict.fromkeys(("RAM16SDP1", "RAM16SDP2", "RAM16SDP4"), 4), "carry8": {}},
        free=frozenset({"MUX2_LUT5", "MUX2_LUT6", "MUX2_LUT7", "MUX2_LUT8", "INV", "GND", "VCC", "$scopeinfo"}),
        units={"lut": "LUT4", "bram36": "pairs of BSRAM (18 kbit)", "dsp": "MULTALU27X18", "lutram": "LUT4 as memory"},
        hardware={"table_words": 16},
        models=("multalu27x18.v", "block_memory.v", "blocks_gowin.v", "gowin/cells_sim.v")),
    Family(
        name="gatemate", title="GateMate", synth="synth_gatemate -luttree -noiopad -noclkbuf",
        primitives=Primitives(distributed=False),
        # Half of a CPE is a tree of look-up tables with four inputs, or a full adder; a whole one multiplies two bits
        # by two (Cologne Chip DS1001, "CCGM1A1 Datasheet", 2.2). Yosys does not say how large a CC_MULT is: counted as
        # one of 27 by 18 bits, the largest there is.
        weights={"lut": {"CC_LUT1": 1, "CC_LUT2": 1, "CC_LUT3": 1, "CC_LUT4": 1, "CC_L2T4": 1, "CC_L2T5": 2,
                         "CC_MX2": 1, "CC_MX4": 2, "CC_MX8": 4, "CC_ADDF": 1, "CC_MULT": 2 * 14 * 9},
                 "ff": {"CC_DFF": 1, "CC_DLT": 1}, "bram36": {"CC_BRAM_20K": 0.5, "CC_BRAM_40K": 1}, "uram": {},
                 "dsp": {}, "lutram": {}, "carry8": {}},
        free=frozenset({"$scopeinfo"}),
        units={"lut": "halves of a CPE", "bram36": "CC_BRAM_40K"},
        factors={"lut": 2.5, "ff": 1.8, "lutram": 0, "dsp": 0, "bram36": 1.3}),
)

#: By name.
FAMILIES: Mapping[str, Family] = {family.name: family for family in _FAMILIES}
