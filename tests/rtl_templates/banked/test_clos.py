"""The network: every path by the documented rule, random routes against the model, freezing."""

import random

import pytest
from amaranth.sim import Simulator

from rtl_templates.banked.clos import Clos


def path(bank, element, middle):
    """Routes that bring ``bank`` to ``element`` through ``middle``, straight from docs/banked.md."""
    i, m = bank // 4, element // 4
    route = [0] * 16
    route[4 * i + middle] |= bank % 4
    route[4 * middle + m] |= i << 2
    route[element] |= middle << 4
    return route


@pytest.mark.parametrize("middle", range(4))
def test_model_follows_the_documented_paths(middle):
    words = [100 + bank for bank in range(16)]
    for bank in range(16):
        for element in range(16):
            assert Clos.model(words, path(bank, element, middle))[element] == 100 + bank


def test_random_routes_at_full_rate_and_frozen():
    rng = random.Random(1)
    dut = Clos(word_bits=9)
    inputs = [([rng.getrandbits(9) for _ in range(16)], [rng.getrandbits(6) for _ in range(16)])
              for _ in range(300)]
    seen = []

    async def bench(ctx):
        pending, delay = list(inputs), []
        for cycle in range(2000):
            if not pending and not delay:
                break
            words, route = pending[0] if pending else ([0] * 16, [0] * 16)
            enable = cycle < 100 or rng.random() < 0.6
            for n in range(16):
                ctx.set(dut.i[n], words[n])
                ctx.set(dut.route[n], route[n])
            ctx.set(dut.enable, enable)
            if len(delay) == Clos.latency and delay[0]:
                outputs = [ctx.get(dut.o[n]) for n in range(16)]
                if enable:
                    seen.append(outputs)
                else:
                    assert outputs == Clos.model(*inputs[len(seen)])
            if enable:
                delay = [*delay[-Clos.latency + 1:], bool(pending)]
                pending = pending[1:]
                if not any(delay) and not pending:
                    break
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [Clos.model(*item) for item in inputs]
