# amaranth: UnusedElaboratable=no
"""Counters against a plain sum over the same random events."""

import random

import pytest
from axi_models import simulate

from rtl_templates.banked.registers import REGISTERS
from rtl_templates.shell.counters import COUNTERS, Counters
from rtl_templates.shell.registers import register


def test_every_counter_is_a_register():
    assert all(register(name.upper(), REGISTERS).access == "ro" for name in COUNTERS)


@pytest.mark.parametrize(("seed", "groups", "servers"), [(0, 1, 4), (1, 4, 16), (2, 3, 8)])
def test_counts_of_the_last_command_by_stage(seed, groups, servers):
    rng = random.Random(seed)
    dut = Counters(groups=groups, servers=servers)
    widths = {"issuing": groups, "stalled": groups, "working": servers, "waiting": servers, "load_busy": 1,
              "load_beat": 1, "run_busy": 1, "store_busy": 1, "store_beat": 1, "store_waits": 1}

    async def bench(ctx):
        for stage in ("load", "run", "store", "run", "load", "store", "run"):
            prefix = {"load": ("load_",), "run": ("gather_", "server_"), "store": ("store_",)}[stage]
            expected = {name: 0 for name in COUNTERS if name.startswith(prefix)}
            others = {name: ctx.get(getattr(dut, name)) for name in COUNTERS if not name.startswith(prefix)}
            length = rng.randrange(1, 60)
            for cycle in range(length + 6):
                value = {name: rng.getrandbits(width) for name, width in widths.items()}
                busy = cycle < length
                value.update(load_busy=0, run_busy=0, store_busy=0)
                value[f"{stage}_busy"] = int(busy)
                for name, bits in value.items():
                    ctx.set(getattr(dut, name), bits)
                if busy and stage == "load":
                    expected["load_cycles"] += 1
                    expected["load_run"] += value["load_beat"]
                    expected["load_wait_in"] += 1 - value["load_beat"]
                elif busy and stage == "run":
                    run, wait = value["issuing"] & ~value["stalled"], value["stalled"]
                    expected["gather_run"] += run.bit_count()
                    expected["gather_wait_out"] += wait.bit_count()
                    expected["gather_idle"] += groups - (run | wait).bit_count()
                    work, wait = value["working"], value["waiting"] & ~value["working"]
                    expected["server_run"] += work.bit_count()
                    expected["server_wait_in"] += wait.bit_count()
                    expected["server_idle"] += servers - (work | wait).bit_count()
                elif busy:
                    expected["store_cycles"] += 1
                    expected["store_run"] += value["store_beat"]
                    expected["store_wait_out"] += value["store_waits"]
                await ctx.tick()
            assert {name: ctx.get(getattr(dut, name)) for name in expected} == expected
            assert {name: ctx.get(getattr(dut, name)) for name in others} == others
            if stage == "run":
                assert sum(count for name, count in expected.items() if name.startswith("gather")) == groups * length

    simulate(dut, bench)
