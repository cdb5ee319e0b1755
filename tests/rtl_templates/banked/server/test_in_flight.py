# amaranth: UnusedElaboratable=no
"""Row parameters and flags against the nodes' own, in order, each where its stage wants it."""

import random

import pytest
from axi_models import simulate

from rtl_templates.banked.requantize_timing import REQUANT_CODE, REQUANT_MULTIPLIER
from rtl_templates.banked.server.in_flight import InFlight
from rtl_templates.banked.server.issue import entry_layout

LAYOUT = entry_layout(address_bits=6, bank_bits=2)
WAIT = 9  # cycles from a node's last beat of the first stage to its first one of the second


def beats_of(rng, *, combine, dense):
    """A node's beats by cycle after its issue; pairs of beats count once, a node of a dense pass has an empty one."""
    chunks, rank1 = rng.randint(1, 2), rng.random() < 0.5
    nothing = {"q2": 0, "fits": 0, "last": 0, "chunk": 0, "dense_beat": 0}
    if dense:
        beats, at = {1: nothing | {"dense_beat": 1}}, 1
    else:
        beats = {1 + k: nothing | {"fits": k % 2 if rank1 else 1, "chunk": k >> rank1,
                                   "last": k == (chunks << rank1) - 1} for k in range(chunks << rank1)}
        at = max(beats)
    if combine:
        beats |= {at + WAIT + chunk: nothing | {"q2": 1, "fits": 1, "chunk": chunk, "last": chunk == chunks - 1}
                  for chunk in range(chunks)}
    return beats


@pytest.mark.parametrize("passes", [[(0, 0)], [(1, 0)], [(1, 1)], [(0, 0), (1, 0), (1, 1), (0, 0), (1, 0)]])
def test_what_belongs_to_a_node_meets_its_beats(passes):
    """In every kind of pass, and in passes of all kinds one after another."""
    rng = random.Random(len(passes))
    dut = InFlight(entry=LAYOUT, occupation_bits=5, chunk_bits=1)

    async def bench(ctx):
        for combine, dense in passes:
            await one_pass(ctx, dut, rng, combine, dense)

    simulate(dut, bench)


async def one_pass(ctx, dut, rng, combine, dense):
    """Send the beats of some nodes and compare what each meets."""
    issues, beats, cycle, ended = {}, {}, 2, 0
    for number in range(60):
        own = beats_of(rng, combine=combine, dense=dense)
        # stages follow each other in the order of issues, and no two beats meet
        while any(cycle + k in beats for k in own) or cycle + max(own) <= ended:
            cycle += 1
        issues[cycle] = {name: rng.getrandbits(field.width) for name, field in LAYOUT} | {"used": rng.getrandbits(5)}
        beats |= {cycle + k: beat | {"node": number} for k, beat in own.items()}
        ended = cycle + max(own)
        cycle += rng.randint(1, 3)
    nodes, slots = list(issues.values()), sorted(beats)
    met = dict(zip(slots, InFlight.model([beats[slot] for slot in slots], combine=bool(combine)), strict=True))
    done = max(slot for slot in slots if met[slot].code_last) + REQUANT_CODE

    ctx.set(dut.task.combine, combine & ~dense)
    ctx.set(dut.task.dense, dense)
    for now in range(done + 3):
        node, beat = issues.get(now, {}), beats.get(now, {})
        ctx.set(dut.issued, bool(node))
        ctx.set(dut.occupation, node.get("used", 0))
        for name, field in LAYOUT:
            ctx.set(dut.entry[name], node.get(name, rng.getrandbits(field.width)))
        for name in ("q2", "fits", "last", "chunk", "dense_beat"):
            ctx.set(getattr(dut, name), beat.get(name, 0))
        assert ctx.get(dut.flying) == (min(issues) < now <= done), now
        slot = now - REQUANT_MULTIPLIER
        assert ctx.get(dut.q1_ends) == (slot in met and met[slot].q1_ends), now
        if slot in met:
            number, second = beats[slot]["node"], beats[slot]["q2"]
            assert number == (met[slot].q2 if second else met[slot].q1)
            ports = {"q2_r": "q2_r", "q2_bits": "bits"} if second else {
                "row_r": "row_r", "bias_r": "bias_r", "q1_bits": "bits", "occupation_begun": "used"}
            assert {port: ctx.get(getattr(dut, port)) for port in ports} == \
                {port: nodes[number][name] for port, name in ports.items()}, now
        slot = now - REQUANT_CODE
        flags = [ctx.get(getattr(dut, name)) for name in ("code_q1", "code_out", "code_last")]
        assert flags == ([met[slot].code_q1, met[slot].code_out, met[slot].code_last] if slot in met else [0] * 3)
        if slot in met:
            assert ctx.get(dut.code_chunk) == beats[slot]["chunk"]
            if met[slot].code_out:
                assert met[slot].where == beats[slot]["node"]
                assert all(ctx.get(getattr(dut, name)) == nodes[met[slot].where][name]
                           for name in ("nothing", "row", "bank")), now
        await ctx.tick()
