"""A host at a serial line: the runtime over a model of the bridge, over lines that lose, change and add bytes."""

import json
import random

import numpy as np
import pytest
from board_stand_in import ListsMachine, StandIn
from network_models import gin_network
from networks import random_batch
from runtime_folders import build_folder
from serial_models import BridgeModel, Noise

from hwgen.driver import Device, serial_board, serial_frames
from hwgen.driver.serial_board import TRIES, SerialBoard, open_serial
from hwgen.errors import HwgenError
from hwgen.runtime import Accelerator
from hwgen.runtime.backends import Board
from rtl_templates.serial import protocol
from rtl_templates.serial.protocol import Operation
from rtl_templates.shell.status import Error


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder, network = tmp_path_factory.mktemp("built"), gin_network(1)
    batch = random_batch(3, network, graphs=5, nodes=6, hub=9)
    return network, batch, build_folder(folder, network, batch, units=2), folder


def bridge(design, folder, **ways):
    return BridgeModel(StandIn(design.hardware, ListsMachine, json.loads((folder / "design.json").read_text())), **ways)


def run(built, line, **options):
    """Logits of an accelerator at the end of a line."""
    _, batch, design, folder = built
    accelerator = Accelerator(folder)
    accelerator.backend = Board(Device(SerialBoard(line, "line"), folder), design)
    return accelerator.run(batch, **options)


def test_the_same_numbers_on_both_sides():
    assert {name: getattr(serial_frames, name) for name in protocol.Operation.__members__} == {
        name: int(code) for name, code in protocol.Operation.__members__.items()}
    assert (serial_frames.VERSION, serial_frames.BEAT_BYTES) == (protocol.VERSION, protocol.BEAT_BYTES)
    assert serial_frames.BARE == protocol.HEADER_BYTES + protocol.CRC_BITS // 8


def test_logits_of_the_reference(built):
    _, batch, design, folder = built
    wanted = Accelerator(folder).run(batch)
    line = bridge(design, folder)
    assert np.array_equal(run(built, line, batch_size=2), wanted)
    assert line.restarts == 2  # at the beginning of the model, and HELLO


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_noise_is_repaired_or_reported_and_never_a_wrong_result(built, seed):
    _, batch, design, folder = built
    wanted = Accelerator(folder).run(batch)
    rate = (1e-3, 3e-3, 1e-2, 5e-2)[seed]
    noise = Noise(seed, rate)
    line = bridge(design, folder, there=noise, back=noise)
    reported = 0
    for _ in range(4):
        try:
            found = run(built, line, batch_size=2)
        except HwgenError as error:
            reported += error.what == f"no answer to {TRIES} frames"
        else:
            assert np.array_equal(found, wanted)
    assert noise.done > 10
    assert reported == 0 or rate > 1e-2


class Fault:
    """Something that happens to one frame on the way, the others come."""

    def __init__(self, at, change):
        self.at, self.change, self.count = at, change, -1

    def __call__(self, content):
        self.count += 1
        return self.change(content) if self.count == self.at else content


@pytest.mark.slow
@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("change", [lambda content: b"", lambda content: content[:-1], lambda content: content[3:],
                                    lambda content: content[:9] + b"\x55" + content[10:]],
                         ids=["lost", "cut", "beheaded", "changed"])
def test_any_frame_may_be_lost_or_damaged_once(built, way, change):
    _, batch, design, folder = built
    wanted = Accelerator(folder).run(batch)
    line = bridge(design, folder)
    run(built, line, batch_size=3)
    frames = line.operations
    beats = [at for at, operation in enumerate(frames) if operation in (Operation.PUSH, Operation.PULL)]
    for at in {*random.Random(1).sample(range(len(frames)), 3), *random.Random(2).sample(beats, 3), beats[-2]}:
        line = bridge(design, folder, **{way: Fault(at, change)})
        assert np.array_equal(run(built, line, batch_size=3), wanted), at
        assert line.restarts == 2
        assert len(line.operations) <= len(frames) + 2


def test_the_answer_to_the_last_beats_of_a_model_is_lost(built):
    _, batch, design, folder = built
    line = bridge(design, folder)
    run(built, line)
    before = line.operations.index(Operation.READ, line.operations.index(Operation.PUSH))
    assert line.operations[before - 1] == Operation.PUSH
    line = bridge(design, folder, back=Fault(before - 1, lambda content: b""))
    assert np.array_equal(run(built, line), Accelerator(folder).run(batch))
    assert line.restarts == 2


def test_after_an_error_the_line_begins_anew(built):
    _, batch, design, folder = built
    wanted = Accelerator(folder).run(batch)
    line = bridge(design, folder)
    accelerator = Accelerator(folder)
    accelerator.backend = Board(Device(SerialBoard(line, "line"), folder), design)
    line.board.fail = Error.WATCHDOG
    with pytest.raises(HwgenError, match="WATCHDOG"):
        accelerator.run(batch)
    line.board.fail, restarts = 0, line.restarts
    assert np.array_equal(accelerator.run(batch), wanted)
    assert line.restarts == restarts + 1


def test_a_board_that_was_reset_meanwhile_is_noticed(built):
    _, batch, design, folder = built
    line = bridge(design, folder)
    accelerator = Accelerator(folder)
    accelerator.backend = Board(Device(SerialBoard(line, "line"), folder), design)
    line._restart()
    with pytest.raises(HwgenError, match="not where it was"):
        accelerator.run(batch)


class Silent(BridgeModel):
    def write(self, content):
        return len(content)


def test_nobody_answers(built):
    line = Silent(bridge(*built[2:]).board)
    with pytest.raises(HwgenError, match=f"no answer to {TRIES} frames\n  at line"):
        SerialBoard(line, "line")


def test_another_version_is_refused(built, monkeypatch):
    monkeypatch.setattr(serial_board, "VERSION", 2)
    with pytest.raises(HwgenError, match="speaks version 1 of the frames, not 2"):
        SerialBoard(bridge(*built[2:]), "line")


def test_the_port_goes_away(built):
    line = bridge(*built[2:])
    board = SerialBoard(line, "line")

    def gone(content):
        raise OSError("device disconnected")

    line.there = gone
    with pytest.raises(HwgenError, match="the port failed: device disconnected"):
        board.read(0)


def test_a_port_that_is_none(tmp_path):
    pytest.importorskip("serial")
    with pytest.raises(HwgenError, match="cannot be opened"):
        open_serial(str(tmp_path / "none"), 115_200)
