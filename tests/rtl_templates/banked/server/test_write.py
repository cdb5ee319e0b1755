# amaranth: UnusedElaboratable=no
"""The end of a server: loads of its banks, among those of others, and rows; results in their words."""

import random

import pytest
from axi_models import simulate

from rtl_templates.banked.formats import Target
from rtl_templates.banked.server.write import ServerWrite

LANES, BITS, RQ = 4, 4, 2


@pytest.mark.parametrize(("servers", "digit"), [
    (4, 4), (8, 2), pytest.param(16, 1, marks=pytest.mark.slow)])
def test_loads_go_to_the_bank_that_they_name(servers, digit):
    """Word by word, to this server's banks only: bank b is server ``b % servers``'s bank ``b // servers``."""
    rng, banks, index = random.Random(servers), 16 // servers, 3
    dut = ServerWrite(lanes=LANES, code_bits=BITS, digit=digit, requant_lanes=RQ, banks=banks, row_bits=5,
                      address_bits=6, result_depth=8, servers=servers)

    async def bench(ctx):
        ctx.set(dut.index, index)
        taken = 0
        for _ in range(400):
            valid, target = rng.random() < 0.8, rng.choice([Target.BANK, Target.BANK, Target.PARAM, Target.SCHEDULE])
            unit, address, word = rng.randrange(16), rng.randrange(16), rng.getrandbits(LANES * digit)
            for name, value in (("valid", valid), ("target", target), ("unit", unit), ("address", address),
                                ("data", word | rng.getrandbits(40) << LANES * digit)):
                ctx.set(getattr(dut.load, name), int(value))
            enabled = [k for k, port in enumerate(dut.write) if ctx.get(port.enable)]
            mine = valid and target == Target.BANK and unit % servers == index
            assert enabled == ([unit // servers] if mine else [])
            for k in enabled:
                assert (ctx.get(dut.write[k].address), ctx.get(dut.write[k].data)) == (address, word)
            taken += mine
            await ctx.tick()
            assert not ctx.get(dut.row_valid)
        assert taken > 3

    simulate(dut, bench)


@pytest.mark.parametrize("digit", [4, 2])
def test_a_row_goes_to_its_bank_and_nothing_nowhere(digit):
    rng, digits = random.Random(digit), BITS // digit
    dut = ServerWrite(lanes=LANES, code_bits=BITS, digit=digit, requant_lanes=RQ, banks=4, row_bits=5, address_bits=6,
                      result_depth=8, servers=4)
    written, want = [], []

    async def bench(ctx):
        for _ in range(60):
            row, bank, nothing, chunks = rng.randrange(32), rng.randrange(4), rng.random() < 0.2, rng.randint(1, 2)
            codes = [rng.randrange(-8, 8) for _ in range(chunks * RQ)] + [0] * (LANES - chunks * RQ)
            for name, value in (("row", row), ("bank", bank), ("nothing", nothing)):
                ctx.set(getattr(dut, name), int(value))
            for chunk in range(min(0, chunks - digits), chunks):  # rows are as many cycles apart as they have digits
                here = chunk >= 0
                part = codes[chunk * RQ:chunk * RQ + RQ] if here else []
                ctx.set(dut.code, sum((code & 255) << 8 * lane for lane, code in enumerate(part)))
                ctx.set(dut.chunk, chunk if here else 0)
                ctx.set(dut.fits, here)
                ctx.set(dut.last, chunk == chunks - 1)
                await ctx.tick()
                written.extend((k, ctx.get(port.address), ctx.get(port.data)) for k, port in enumerate(dut.write)
                               if ctx.get(port.enable))
            if not nothing:
                for k in range(digits):
                    word = sum((code >> k * digit & (1 << digit) - 1) << lane * digit
                               for lane, code in enumerate(codes))
                    want.append((bank, row * digits + k, word))
        ctx.set(dut.fits, 0)
        ctx.set(dut.last, 0)
        for _ in range(digits + 2):
            await ctx.tick()
            written.extend((k, ctx.get(port.address), ctx.get(port.data)) for k, port in enumerate(dut.write)
                           if ctx.get(port.enable))

    simulate(dut, bench)
    assert written == want
