"""The whole path: hwgen.Accelerator, a terminal, the bridge and a design in Verilator."""

import numpy as np
import pytest
from networks import random_batch
from serial_build import DIVISOR, serial_build
from serial_models import Noise

from hwgen.errors import HwgenError
from hwgen.runtime import Accelerator
from sim.serial_port import simulated_port

pytest.importorskip("serial")
pytestmark = pytest.mark.verilator

BAUD = 38_400  # a terminal has any; it says how long the host waits: a second, and simulation takes tenths of one


@pytest.fixture(scope="module", params=["lists", "banked"])
def built(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return folder, *serial_build(folder, request.param)


def graphs(network, folder):
    """Graphs that the build takes."""
    if network.name == "gin":
        return random_batch(11, network, graphs=3, nodes=6, hub=5)
    return random_batch(9, network, graphs=1, nodes=14, hub=6)


def test_logits_of_the_reference(built):
    folder, network, executable = built
    batch = graphs(network, folder)
    wanted = Accelerator(folder).run(batch)
    with simulated_port(executable, DIVISOR) as port:
        for _ in range(2):  # a port may be closed and opened again
            accelerator = Accelerator(folder, backend="serial", port=port, baud=BAUD)
            assert np.array_equal(accelerator.run(batch), wanted)
            accelerator.backend.device.ports.line.close()


@pytest.mark.parametrize("built", ["lists"], indirect=True)  # the line is the same in front of any target
def test_a_line_that_loses_changes_and_adds_bytes(built):
    folder, network, executable = built
    batch = graphs(network, folder)
    wanted = Accelerator(folder).run(batch)
    noise = Noise(5, 5e-4)
    with simulated_port(executable, DIVISOR, there=noise, back=noise) as port:
        accelerator = Accelerator(folder, backend="serial", port=port, baud=BAUD)
        assert np.array_equal(accelerator.run(batch), wanted)
        assert accelerator.backend.device.ports.again > 0
    assert noise.done > 0


@pytest.mark.parametrize("built", ["lists"], indirect=True)
def test_one_program_at_a_time(built):
    folder, network, executable = built
    with simulated_port(executable, DIVISOR) as port:
        first = Accelerator(folder, backend="serial", port=port, baud=BAUD)
        with pytest.raises(HwgenError, match="cannot be opened"):
            Accelerator(folder, backend="serial", port=port, baud=BAUD)
        assert np.array_equal(first.run(graphs(network, folder)), Accelerator(folder).run(graphs(network, folder)))


def test_a_build_without_a_bitstream_has_no_baud_rate(built):
    with pytest.raises(HwgenError, match="this build has no bitstream"):
        Accelerator(built[0], backend="serial", port="/dev/null")
    with pytest.raises(HwgenError, match="backend serial needs a port"):
        Accelerator(built[0], backend="serial")
