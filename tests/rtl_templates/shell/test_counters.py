# amaranth: UnusedElaboratable=no
"""Counters against a plain sum over the same random events."""

import random

import pytest
from axi_models import simulate

from rtl_templates.banked.registers import REGISTERS as BANKED
from rtl_templates.lists.registers import REGISTERS as LISTS
from rtl_templates.shell.counters import Counted, Counters
from rtl_templates.shell.registers import register

#: Stages of the two targets.
STAGES = {"banked": [("gather", "wait_out"), ("server", "wait_in")],
          "lists": [*((name, "wait_out") for name in ("gather", "q1", "combine", "q2")), ("write", "")]}


@pytest.mark.parametrize(("target", "registers"), [("banked", BANKED), ("lists", LISTS)])
def test_every_counter_is_a_register(target, registers):
    names = Counters([Counted(name, 1, waits) for name, waits in STAGES[target]]).names
    assert all(register(name.upper(), registers).access == "ro" for name in names)


@pytest.mark.parametrize(("seed", "target", "units"), [(0, "banked", 1), (1, "banked", 16), (2, "lists", 3)])
def test_counts_of_the_last_command_by_stage(seed, target, units):
    rng = random.Random(seed)
    stages = [Counted(name, units + place, waits) for place, (name, waits) in enumerate(STAGES[target])]
    dut = Counters(stages)
    widths = {name: stage.units for stage in stages for name in stage.events}
    widths |= dict.fromkeys(("load_busy", "load_beat", "run_busy", "store_busy", "store_beat", "store_waits"), 1)

    def count(command, value, expected):
        if command == "load":
            expected["load_cycles"] += 1
            expected["load_run"] += value["load_beat"]
            expected["load_wait_in"] += 1 - value["load_beat"]
        elif command == "store":
            expected["store_cycles"] += 1
            expected["store_run"] += value["store_beat"]
            expected["store_wait_out"] += value["store_waits"]
        else:
            for name, width, waits in stages:
                work = value[f"{name}_working"]
                expected[f"{name}_run"] += work.bit_count()
                if waits:
                    wait = value[f"{name}_waiting"] & ~work
                    expected[f"{name}_{waits}"] += wait.bit_count()
                    expected[f"{name}_idle"] += width - (work | wait).bit_count()

    async def bench(ctx):
        for command in ("load", "run", "store", "run", "load", "store", "run"):
            prefix = tuple(f"{stage.name}_" for stage in stages) if command == "run" else (f"{command}_",)
            expected = {name: 0 for name in dut.names if name.startswith(prefix)}
            others = {name: ctx.get(getattr(dut, name)) for name in dut.names if not name.startswith(prefix)}
            length = rng.randrange(1, 60)
            for cycle in range(length + 6):
                value = {name: rng.getrandbits(width) for name, width in widths.items()}
                value.update(load_busy=0, run_busy=0, store_busy=0)
                value[f"{command}_busy"] = int(cycle < length)
                for name, bits in value.items():
                    ctx.set(getattr(dut, name), bits)
                if cycle < length:
                    count(command, value, expected)
                await ctx.tick()
            assert {name: ctx.get(getattr(dut, name)) for name in expected} == expected
            assert {name: ctx.get(getattr(dut, name)) for name in others} == others

    simulate(dut, bench)


@pytest.mark.slow
def test_counters_of_many_units_count_beyond_16_bits():
    """They are sums over units, and get there first."""
    dut = Counters([Counted("gather", 16, "wait_out"), Counted("server", 16, "wait_in")])

    async def bench(ctx):
        ctx.set(dut.gather_working, 0xFFFF)
        ctx.set(dut.server_waiting, 0xFFFF)
        ctx.set(dut.run_busy, 1)
        await ctx.tick().repeat(4200)
        ctx.set(dut.run_busy, 0)
        await ctx.tick().repeat(4)
        found = {name: ctx.get(getattr(dut, name)) for stage in dut.stages for name in stage.counters}
        assert found.pop("gather_run") == found.pop("server_wait_in") == 67_200
        assert not any(found.values())
    simulate(dut, bench)


@pytest.mark.slow
def test_counters_of_commands_count_beyond_16_bits():
    dut = Counters([Counted("write", 1, "")])

    async def bench(ctx):
        for name in ("load_busy", "store_busy", "store_waits", "run_busy", "write_working"):
            ctx.set(getattr(dut, name), 1)
        await ctx.tick().repeat(66_000)
        for name in ("load_busy", "store_busy", "run_busy"):
            ctx.set(getattr(dut, name), 0)
        await ctx.tick().repeat(4)
        counted = ("load_cycles", "load_wait_in", "store_cycles", "store_wait_out", "write_run")
        assert [ctx.get(getattr(dut, name)) for name in counted] == [66_000] * 5
    simulate(dut, bench)
