# amaranth: UnusedElaboratable=no
"""Row parameters and flags against the nodes' own, in order, each where its stage wants it."""

import random

import pytest
from axi_models import simulate

from rtl_templates.banked.requantize_timing import REQUANT_CODE, REQUANT_MULTIPLIER
from rtl_templates.banked.server.in_flight import InFlight
from rtl_templates.banked.server.issue import entry_layout

LAYOUT = entry_layout(address_bits=6, bank_bits=2)
CHUNKS = 2
WAIT = 9  # cycles from a node's last beat of the first stage to its first one of the second


@pytest.mark.parametrize("combine", [0, 1])
def test_what_belongs_to_a_node_meets_its_beats(combine):
    rng = random.Random(combine)
    dut = InFlight(entry=LAYOUT, occupation_bits=5, chunk_bits=1)
    issues, beats, mids, codes = {}, {}, {}, {}
    cycle = 2
    for _ in range(40):
        node = {name: rng.getrandbits(field.width) for name, field in LAYOUT}
        issues[cycle] = node | {"used": rng.getrandbits(5)}
        for stage in range(1 + combine):
            first = cycle + 1 + stage * (CHUNKS - 1 + WAIT)
            for chunk in range(CHUNKS):
                ends = chunk == CHUNKS - 1
                beats[first + chunk] = {"q2": stage, "fits": 1, "chunk": chunk, "last": int(ends)}
                mids[first + chunk + REQUANT_MULTIPLIER] = issues[cycle], stage, ends
                codes[first + chunk + REQUANT_CODE] = issues[cycle], stage, chunk, ends
        cycle += (1 + combine) * CHUNKS if combine else rng.randint(CHUNKS, 5)
        while combine and any(cycle + 1 + stage * (CHUNKS - 1 + WAIT) + chunk in beats
                              for stage in range(2) for chunk in range(CHUNKS)):
            cycle += 1
    ends = max(codes)

    async def bench(ctx):
        ctx.set(dut.task.combine, combine)
        for now in range(ends + 3):
            node, beat = issues.get(now, {}), beats.get(now, {})
            ctx.set(dut.issued, bool(node))
            ctx.set(dut.occupation, node.get("used", 0))
            for name, field in LAYOUT:
                ctx.set(dut.entry[name], node.get(name, rng.getrandbits(field.width)))
            for name in ("q2", "fits", "last", "chunk"):
                ctx.set(getattr(dut, name), beat.get(name, 0))
            assert ctx.get(dut.flying) == (min(issues) < now <= ends), now
            if now in mids:
                node, stage, last = mids[now]
                names = {"q2_r": "q2_r", "q2_bits": "bits"} if stage else {
                    "row_r": "row_r", "bias_r": "bias_r", "q1_bits": "bits", "occupation_begun": "used"}
                assert {port: ctx.get(getattr(dut, port)) for port in names} == \
                    {port: node[name] for port, name in names.items()}, now
                assert ctx.get(dut.q1_ends) == (last and not stage)
            else:
                assert not ctx.get(dut.q1_ends)
            if now in codes:
                node, stage, chunk, last = codes[now]
                out = stage == combine
                assert ctx.get(dut.code_chunk) == chunk
                assert (ctx.get(dut.code_q1), ctx.get(dut.code_out), ctx.get(dut.code_last)) == \
                    (not stage, out, out and last)
                if out:
                    assert all(ctx.get(getattr(dut, name)) == node[name] for name in ("nothing", "row", "bank"))
            else:
                assert not ctx.get(dut.code_out)
            await ctx.tick()

    simulate(dut, bench)
