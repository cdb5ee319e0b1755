"""``vivado/``: the component, and what makes a board's project out of it: a block design, or a kernel of Vitis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boards import Board

from ..driver.pynq_board import IP_NAME
from .ip_xact import CLOCK, IP, REGISTER_BYTES, SOURCE, component_xml
from .template import fill

__all__ = ["FLOWS", "control_base", "vivado_files"]

#: Flows of boards that get a project.
FLOWS = ("vivado", "vitis")

#: Vivado's own names of the families of the parts (``supportedFamilies`` of a component).
_FAMILIES = {"xcup": ("zynquplus", "virtexuplus", "virtexuplusHBM", "kintexuplus"), "xc7": ("zynq",)}


@dataclass(frozen=True, kw_only=True)
class _System:
    """A processing system: the ports that the accelerator is joined to, and the properties that open them.

    The master port is the one of whose window no other part of the chip has a share; the slave port is a
    high-performance one, which reads and writes memory past the processor's caches.
    """

    ip: str
    automation: str
    properties: Mapping[str, int]
    frequency: str
    master: str
    slave: str
    clocks: tuple[str, str]
    clock: str
    reset: str
    interrupt: str
    segment: str
    base: int


_SYSTEMS = {
    "xcup": _System(
        ip="zynq_ultra_ps_e", automation="",
        properties={"PSU__USE__M_AXI_GP0": 0, "PSU__USE__M_AXI_GP1": 0, "PSU__USE__M_AXI_GP2": 1,
                    "PSU__USE__S_AXI_GP2": 1, "PSU__SAXIGP2__DATA_WIDTH": 128, "PSU__USE__IRQ0": 1},
        frequency="PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ", master="M_AXI_HPM0_LPD", slave="S_AXI_HP0_FPD",
        clocks=("maxihpm0_lpd_aclk", "saxihp0_fpd_aclk"), clock="pl_clk0", reset="pl_resetn0", interrupt="pl_ps_irq0",
        segment="SAXIGP2/HP0_DDR_LOW", base=0x8000_0000),
    "xc7": _System(
        ip="processing_system7", automation='make_external "FIXED_IO, DDR" Master Disable Slave Disable',
        properties={"PCW_USE_M_AXI_GP0": 1, "PCW_USE_S_AXI_HP0": 1, "PCW_S_AXI_HP0_DATA_WIDTH": 64,
                    "PCW_USE_FABRIC_INTERRUPT": 1, "PCW_IRQ_F2P_INTR": 1},
        frequency="PCW_FPGA0_PERIPHERAL_FREQMHZ", master="M_AXI_GP0", slave="S_AXI_HP0",
        clocks=("M_AXI_GP0_ACLK", "S_AXI_HP0_ACLK"), clock="FCLK_CLK0", reset="FCLK_RESET0_N", interrupt="IRQ_F2P",
        segment="S_AXI_HP0/HP0_DDR_LOWOCM", base=0x43C0_0000)}

#: Memory that lies below 4 GiB; a PYNQ image takes its contiguous buffers from there.
_LOW_MEBIBYTES = 2048
_CONTROL_RANGE = "64K"


def vivado_files(board: Board, design: Mapping[str, Any], verilog: str) -> dict[str, str]:
    """Files of ``vivado/``; none for a board of another flow.

    Parameters
    ----------
    board : Board
    design : mapping
        The content of ``design.json``.
    verilog : str
        Name of the file of the build folder that is to be synthesized.
    """
    if board.flow not in FLOWS:
        return {}
    megahertz = board.clock.assumed_mhz
    files = {
        "ip/component.xml": component_xml(design, _FAMILIES[board.family]),
        f"ip/{CLOCK}": f"create_clock -name {design['clock']} -period {1000 / megahertz:.3f} "
                       f"[get_ports {design['clock']}]\n"}
    if board.flow == "vitis":
        return {**files, "package.tcl": fill("alveo.tcl", {
            "TITLE": board.title, "DESIGN": f"../{verilog}", "SOURCE": SOURCE, "KERNEL": IP[2]}),
            "kernel.xml": _kernel(design), "link.cfg": _link(board)}
    return {**files, "build.tcl": _block_design(board, _SYSTEMS[board.family], design, verilog)}


def control_base(board: Board) -> int | None:
    """Physical address of the registers in the block design of a board; None where none is made."""
    return _SYSTEMS[board.family].base if board.flow == "vivado" else None


def _block_design(board: Board, system: _System, design: Mapping[str, Any], verilog: str) -> str:
    properties = {**system.properties, system.frequency: board.clock.assumed_mhz}
    return fill("zynq.tcl", {
        "TITLE": board.title, "DESIGN": f"../{verilog}", "SOURCE": SOURCE, "PART": board.part,
        "BOARD_PART": board.board_part or "{}", "PS": f"xilinx.com:ip:{system.ip}",
        "RULE": f"xilinx.com:bd_rule:{system.ip}", "AUTOMATION": system.automation,
        "PS_PROPERTIES": " ".join(f"CONFIG.{name} {value}" for name, value in properties.items()),
        "IP": ":".join(IP), "IP_NAME": IP_NAME, "CLOCK": design["clock"], "RESET": design["reset"]["name"],
        "CONTROL": design["control"], "MEMORY": design["memory"], "RESET_PIN": system.reset,
        "CLOCK_PIN": system.clock, "PS_CLOCKS": " ".join(f"ps/{pin}" for pin in system.clocks),
        "MASTER": system.master, "SLAVE": system.slave, "IRQ": system.interrupt,
        "CONTROL_BASE": f"0x{system.base:08X}", "CONTROL_RANGE": _CONTROL_RANGE, "SEGMENT": system.segment,
        "MEMORY_RANGE": f"0x{min(board.memory.mebibytes, _LOW_MEBIBYTES) << 20:08X}"})


def _kernel(design: Mapping[str, Any]) -> str:
    """``kernel.xml``: registers that the host manages itself, and the two addresses that lead to memory."""
    registers = {entry["name"]: entry["offset"] for entry in design["registers"]}
    memory = design["memory"]
    data = next(port["width"] for port in design["ports"] if port["name"] == f"{memory}_rdata")
    arguments = "\n".join(
        f'      <arg name="{name}" addressQualifier="1" id="{place}" port="{memory}" size="0x8" '
        f'offset="0x{registers[low]:03X}" hostOffset="0x0" hostSize="0x8" type="void*"/>'
        for place, (name, low) in enumerate((("load", "LOAD_BASE_LOW"), ("store", "STORE_BASE_LOW"))))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<root versionMajor="1" versionMinor="9">
  <kernel name="{IP[2]}" language="ip" vlnv="{":".join(IP)}" attributes="" preferredWorkGroupSizeMultiple="0" \
workGroupSize="1" interrupt="true" hwControlProtocol="user_managed">
    <ports>
      <port name="{design["control"]}" mode="slave" range="0x{REGISTER_BYTES:X}" dataWidth="32" \
portType="addressable" base="0x0"/>
      <port name="{memory}" mode="master" range="0xFFFFFFFFFFFFFFFF" dataWidth="{data}" portType="addressable" \
base="0x0"/>
    </ports>
    <args>
{arguments}
    </args>
  </kernel>
</root>
"""


def _link(board: Board) -> str:
    """Options of ``v++ --link``: how many, and at which clock."""
    return (f"kernel_frequency={board.clock.assumed_mhz}\n\n[connectivity]\n"
            f"nk={IP[2]}:1:{IP_NAME}\n")
