"""Images: executing the load stream alone, decoded independently, computes what the reference computes."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from models import program_of, random_graph_model
from stream_reader import banked as interpreter

from hwgen.errors import CapacityError, HwgenError
from hwgen.targets.banked.execute import run
from hwgen.targets.banked.golden import expected, pass_facts, read_results
from hwgen.targets.banked.images import pack
from hwgen.targets.banked.schedule.schedule import schedule
from hwgen.targets.banked.sizes import choose
from hwgen.targets.words import ended, to_bytes
from rtl_templates.shell.checksum import end_beat

CASES = [
    # model, hardware
    ({}, {"groups": 1, "servers": 4, "digit": 4}),
    ({}, {"groups": 4, "servers": 16, "digit": 1}),
    ({"hidden": 16, "layers": 3}, {"groups": 2, "servers": 8, "digit": 2, "planes": 2}),
    ({"message_bits": 8}, {"groups": 1, "servers": 16, "digit": 1, "requant_lanes": 4}),
    ({"message_bits": 7, "weight_bits": 8}, {"groups": 2, "servers": 4, "digit": 2, "requant_lanes": 2}),
    ({"message_bits": 6, "classes": 7}, {"groups": 4, "servers": 8, "digit": 4, "requant_lanes": 4, "planes": 2}),
    ({"message_bits": 8}, {"groups": 3, "servers": 8, "digit": 8, "requant_lanes": 1}),
    ({"input_bits": 4}, {"groups": 1, "servers": 4, "digit": 4}),
    ({"input_bits": 5, "features": 21}, {"groups": 2, "servers": 16, "digit": 2, "planes": 2}),
    ({"input_bits": 8, "nodes": 9, "layers": 1}, {"groups": 1, "servers": 16, "digit": 1}),
    ({"nodes": 5, "bias": False}, {"groups": 4, "servers": 16, "digit": 4}),
    ({"layers": 1, "min_bits": 1}, {"groups": 1, "servers": 4, "digit": 4}),
    ({"max_bits": 3, "weight_bits": 2, "features": 90, "nodes": 70}, {"groups": 2, "servers": 8, "digit": 4}),
    ({"hidden": 24, "classes": 20, "layers": 4}, {"groups": 1, "servers": 8, "digit": 4, "requant_lanes": 8}),
    # source rows in both halves of the banks, above the node rows of each
    ({"features": 600, "density": 0.1}, {"groups": 1, "servers": 4, "digit": 4, "bank_depth": 64}),
    ({"zero_points": True, "classes": 5}, {"groups": 1, "servers": 4, "digit": 4}),
    ({"zero_points": True, "hidden": 16, "layers": 4, "prompt": True}, {"groups": 2, "servers": 8, "digit": 2}),
    ({"zero_points": True, "message_bits": 8, "input_bits": 4, "layers": 3, "weight_bits": 2},
     {"groups": 1, "servers": 4, "digit": 4}),
    ({"zero_points": True, "message_bits": 3, "weight_bits": 6}, {"groups": 1, "servers": 8, "digit": 8}),
    # sums of more than 18 bits
    ({"hidden": 40, "min_bits": 8, "weight_bits": 8, "message_bits": 8, "one_step": True},
     {"groups": 1, "servers": 4, "digit": 2}),
]


def built(seed, model, hardware):
    program = program_of(random_graph_model(seed, **model))
    design = choose(program, slots=2048, **hardware)
    plan = schedule(program, design)
    return program, design, plan, pack(program, design, plan)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "model", "hardware"), [(i, *case) for i, case in enumerate(CASES)])
def test_the_load_stream_computes_what_the_reference_computes(seed, model, hardware):
    program, design, plan, image = built(seed, model, hardware)
    trace = run(program)
    golden = expected(program, design, plan, [step.rows for step in trace.passes])
    done = interpreter.execute(image.beats, design)
    assert len(done) == len(program.passes)
    facts_of = pass_facts([(step.name, step.width) for step in program.passes], design)
    for index, (wrote, facts) in enumerate(zip(done, facts_of, strict=True)):
        assert facts.word_codes == (design.requant_lanes if facts.to_result else design.lanes)
        bits = facts.code_bits
        want = {tuple(key): int.from_bytes(data.tobytes(), "little") for *key, data in zip(
            *(golden[f"p{index}_{name}"].tolist() for name in ("unit", "bank", "address")), golden[f"p{index}_data"],
            strict=True)}
        got = {tuple(key): sum((code & (1 << bits) - 1) << bits * lane for lane, code in enumerate(codes.tolist()))
               for *key, codes in zip(wrote.server, wrote.bank, wrote.address, wrote.codes, strict=True)}
        assert got == want
        row, chunk = golden[f"p{index}_row"], golden[f"p{index}_chunk"]
        assert len({*zip(row.tolist(), chunk.tolist(), strict=True)}) == len(want)


def test_results_lie_where_they_are_said_to():
    program, design, plan, image = built(3, {"classes": 7}, {"groups": 2, "servers": 8, "requant_lanes": 4})
    wrote = interpreter.execute(image.beats, design)[-1]
    memory = {(s, a): codes for s, a, codes in zip(wrote.server, wrote.address, wrote.codes, strict=True)}
    trace = run(program)
    golden = expected(program, design, plan, [step.rows for step in trace.passes])
    assert image.result_words == max(address for _, address in memory) + 1
    np.testing.assert_array_equal(golden["results"], trace.logits)
    for row, word in zip(golden["results_row"], golden["results_word"], strict=True):
        words = [memory[divmod(word + chunk, image.result_words)] for chunk in range(2)]
        np.testing.assert_array_equal(np.concatenate(words)[golden["results_column"]], trace.logits[row])


@pytest.mark.parametrize("requant_lanes", [2, 4, 8, 16])
def test_results_are_read_as_they_were_stored(requant_lanes):
    program, design, plan, image = built(4, {"classes": 7}, {"groups": 2, "servers": 8, "requant_lanes": requant_lanes})
    wrote = interpreter.execute(image.beats, design)[-1]
    memory = np.full((design.servers * image.result_words, 8), 12345, dtype="<i2")  # beside the lanes lies anything
    for server, address, codes in zip(wrote.server, wrote.address, wrote.codes, strict=True):
        for part, some in enumerate(np.array_split(codes, design.result_parts)):
            memory[server * image.result_words + address * design.result_parts + part, :len(some)] = some
    np.testing.assert_array_equal(read_results(program, design, plan, memory.tobytes()), run(program).logits)


def test_bytes_are_little_endian_beats():
    *_, image = built(1, {}, {"groups": 1})
    raw = to_bytes(image.beats)
    assert len(raw) == 16 * len(image.beats)
    assert raw[0] == 1  # TASK, the first header's target
    assert int.from_bytes(raw[8:12], "little") == 3  # three passes
    beats = [int.from_bytes(raw[at:at + 16], "little") for at in range(0, len(raw), 16)]
    assert beats[-1] == end_beat(beats[:-1])


@pytest.mark.parametrize(("target", "bit"), [("SCHEDULE", 0), ("BANK", 0), ("PARAM", 12), ("COLUMN", 20), ("TABLE", 0)])
def test_the_interpreter_notices_a_flipped_bit(target, bit):
    """Every memory matters: one bit of it flipped changes a row, or is refused."""
    _, design, _, image = built(2, {}, {"groups": 2, "servers": 8})
    wanted = [step.codes for step in interpreter.execute(image.beats, design)]
    at = 0
    while int(image.beats[at, 0]) & 0xFF != interpreter.Target[target]:
        at += 1 + int(image.beats[at, 1])
    flipped = image.beats.copy()
    flipped[at + 1 : at + 1 + int(image.beats[at, 1]), 0] ^= np.uint64(1 << bit)
    with pytest.raises(interpreter.ImageError, match="checksum"):
        interpreter.execute(flipped, design)
    try:
        got = [step.codes for step in interpreter.execute(ended([flipped[:-1]]), design)]
    except interpreter.ImageError:
        return
    same = all(np.array_equal(a, b) for left, right in zip(got, wanted, strict=True)
               for a, b in itertools.zip_longest(left, right))
    assert not same


def test_the_interpreter_refuses_a_malformed_stream():
    _, design, _, image = built(1, {}, {"groups": 1})
    unknown = image.beats.copy()
    unknown[0, 0] = 99
    for beats, message in ((image.beats[:-1], "no END"), (np.vstack([image.beats, image.beats[-1:]]), "behind END"),
                           (unknown, "do not exist"), (image.beats[:2], "do not exist")):
        with pytest.raises(interpreter.ImageError, match=message):
            interpreter.execute(beats, design)


def _changed(program, index, stage, **fields):
    step = program.passes[index]
    step = replace(step, **{stage: replace(getattr(step, stage), **fields)})
    return replace(program, passes=(*program.passes[:index], step, *program.passes[index + 1 :]))


@pytest.mark.parametrize(("index", "stage", "fields", "message"), [
    (1, "q2", {"bias": np.ones((2, 7), dtype=np.int64)}, "bias by class"),
    (1, "q1", {"kind": "signed"}, "signed codes enter the MAC array"),
    (1, "q2", {"kind": "unsigned", "bits": 2}, "both stages are unsigned"),
    (0, "q1", {"bits": 6}, r"codes \[-31, 31\] do not fit rows of 4 bits"),
    (2, "q1", {"kind": "signed"}, "signed codes are the results"),
    (0, "q1", {"kind": "raw"}, "do not fit rows"),
])
def test_what_no_task_word_can_state_is_refused(index, stage, fields, message):
    program, design, plan, _ = built(0, {}, {"groups": 1})
    wrong = _changed(program, index, stage, **fields)
    with pytest.raises(HwgenError, match=message) as error:
        pack(wrong, design, plan)
    assert error.value.where == program.passes[index].name


def test_input_words_wider_than_a_beat_are_refused():
    program = program_of(random_graph_model(0, input_bits=4, hidden=72))
    design = choose(program, slots=2048, digit=1, planes=2)
    with pytest.raises(CapacityError, match=r"72 lanes of 2 planes are 144 bits") as error:
        pack(program, design, schedule(program, design))
    assert "--planes 1" in error.value.fix
