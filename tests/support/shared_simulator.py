"""Amaranth's simulator, made once for many benches, and signals set together: most of the time of tests."""

from functools import lru_cache
from itertools import accumulate

from amaranth import Cat
from amaranth.sim import Simulator

__all__ = ["Together", "simulator_of"]


class Together:
    """Signals that change at once. Amaranth settles the whole design after every signal that is set alone."""

    def __init__(self, *signals):
        self._value, widths = Cat(*signals), [len(signal) for signal in signals]
        begins = accumulate(widths, initial=0)
        self._places = [((1 << width) - 1, begin) for width, begin in zip(widths, begins, strict=False)]

    def set(self, ctx, *values):
        """Set all of them."""
        ctx.set(self._value, sum((int(value) & mask) << begin
                                 for value, (mask, begin) in zip(values, self._places, strict=True)))


class _Shared:
    """A component, simulated by one bench after the other, each from the first values of signals and memories on."""

    def __init__(self, dut):
        self.dut, self._bench = dut, None
        self._simulator = Simulator(dut)
        self._simulator.add_clock(1e-6)
        self._simulator.add_testbench(self._play)

    async def _play(self, ctx):
        await self._bench(ctx)

    def run(self, bench):
        """Run a testbench to its end."""
        if self._bench is not None:
            self._simulator.reset()
        self._bench = bench
        self._simulator.run()


@lru_cache(16)  # some megabytes each
def _simulator(component, shape):
    return _Shared(component(**dict(shape)))


def simulator_of(component, **shape):
    """The simulator of a component of this shape: ``dut``, and ``run(bench)``."""
    return _simulator(component, tuple(sorted(shape.items())))
