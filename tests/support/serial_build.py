"""A small design behind a serial line, simulated: a build folder with RTL, and the executable of its top."""

from network_models import gin_network, node_gcn_network
from networks import random_batch
from runtime_folders import build_folder

from hwgen.flow.bitstream.top import SERIAL_TOP, Clock, top_verilog
from hwgen.targets import find_target
from sim.serial_port import compile_top

__all__ = ["DIVISOR", "serial_build"]

DIVISOR, PATIENCE = 4, 20_000


def serial_build(folder, target="lists"):
    """The network and the executable of a design with one unit, or with one group and four servers."""
    if target == "lists":
        network = gin_network(1, features=5, hidden=8, layers=1)
        hardware = {"units": 1, "lanes": 8, "requant_lanes": 2}
        batch = random_batch(3, network, graphs=5, nodes=12, hub=9)
    else:
        network = node_gcn_network(2)
        hardware = {"groups": 1, "servers": 4, "digit": 2, "requant_lanes": 2, "lane_sets": 1}
        batch = random_batch(9, network, graphs=1, nodes=30, hub=9)
    design = build_folder(folder, network, batch, target, **hardware)
    verilog, _ = find_target(target).emit(design.hardware)
    clock = Clock(mhz=1, family="", pin_mhz=1)
    top = top_verilog(clock, divisor=DIVISOR, patience=PATIENCE)
    return network, compile_top(f"{top}\n{verilog}", SERIAL_TOP)
