"""What surrounds a component in a proof: free inputs, assumptions, properties, memory of earlier cycles."""

from typing import Any, NamedTuple

from amaranth import ClockDomain, Module, Signal, Value, hdl
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from .observe import Inside

__all__ = ["Followed", "Harness", "Placed"]


class Placed:
    """A component in a harness: its own members, and what is inside."""

    def __init__(self, component: wiring.Component, inside: Inside, harness: "Harness") -> None:
        self.component, self.inside, self._harness = component, inside, harness

    def __getattr__(self, name: str) -> Any:
        return getattr(self.component, name)

    def signal(self, path: str) -> Signal:
        """As :meth:`Inside.signal`."""
        return self.inside.signal(path)

    def register(self, path: str) -> Signal:
        """As :meth:`Inside.register`."""
        return self.inside.register(path)

    def word_at(self, path: str, address: Value | int) -> Signal:
        """As :meth:`Inside.word`."""
        value = self.inside.word(path, Value.cast(address))
        self._harness.m.d.comb += [place.eq(at) for place, at in self.inside.reads[-1:]]
        return value


_hdl: Any = hdl  # amaranth-stubs want a message of every assertion


class Followed(NamedTuple):
    """A word on its way through a queue.

    Parameters
    ----------
    active : Signal
        There is one.
    ahead : Signal
        Words before it.
    word : Signal
        What it was when it entered.
    leaves : Value
        It leaves in this cycle.
    """

    active: Signal
    ahead: Signal
    word: Signal
    leaves: Value


class Harness:
    """A top module without outputs: what no property speaks of is not part of the problem.

    Every input of a component is free, an arbitrary value in every cycle, until :meth:`drive` says otherwise. There
    is no reset: registers begin with their initial values, as an FPGA's do; memories begin with anything.
    """

    def __init__(self) -> None:
        self.m = Module()
        self._clock: Any = ClockDomain("sync", reset_less=True)
        self.m.domains += self._clock
        self._inputs: list[Signal] = []
        self._driven: set[int] = set()
        self.covers = 0
        self.first = Signal(init=1)  #: The first cycle after power-up.
        self.m.d.sync += self.first.eq(0)

    @property
    def ports(self) -> list[Signal]:
        """Ports of the top module."""
        return [self._clock.clk, *(signal for signal in self._inputs if len(signal) and id(signal) not in self._driven)]

    def free(self, shape: Any, name: str) -> Signal:
        """Return an input: any value in any cycle."""
        signal = Signal(shape, name=name)
        self._inputs.append(signal)
        return signal

    def constant(self, shape: Any, name: str) -> Signal:
        """Return any value, the same in every cycle."""
        value = self.free(shape, name)
        self.assume(self.first | (value == self.past(value)))
        return value

    def place(self, component: wiring.Component, name: str = "dut") -> Placed:
        """Put a component into the harness."""
        inside = Inside(component)
        self.m.submodules[name] = inside.fragment
        for path, member, value in component.signature.flatten(component):
            if member.flow is In:
                leaf = Value.cast(value)
                if not isinstance(leaf, Signal):
                    raise TypeError(f"{path} is no signal")
                self._inputs.append(leaf)
        return Placed(component, inside, self)

    def drive(self, signal: Any, value: Any) -> None:
        """Give an input this value."""
        self._driven.add(id(Value.cast(signal)))
        self.m.d.comb += signal.eq(value)

    def past(self, value: Any, cycles: int = 1, enable: Any = 1) -> Value:
        """``value`` of so many cycles (with ``enable``) ago; 0 before the first."""
        late = Value.cast(value)
        for _ in range(cycles):
            register = Signal(late.shape(), name="past", src_loc_at=1)
            with self.m.If(enable):
                self.m.d.sync += register.eq(late)
            late = register
        return late

    def stable(self, valid: Any, ready: Any, *payload: Any) -> None:
        """A handshake as AXI demands it: what is valid and not taken is there in the next cycle, unchanged."""
        waits = self.past(valid & ~Value.cast(ready))
        self.check(~waits | valid)
        for value in payload:
            self.check(~waits | (value == self.past(value)))

    def assume(self, condition: Any) -> None:
        """What holds of the inputs: the contract of whoever uses the component."""
        self.m.d.comb += _hdl.Assume(condition, src_loc_at=1)

    def check(self, condition: Any) -> None:
        """What must hold in every cycle."""
        self.m.d.comb += _hdl.Assert(condition, src_loc_at=1)

    def cover(self, condition: Any) -> None:
        """What must be possible, or the proof is about nothing."""
        self.covers += 1
        self.m.d.comb += _hdl.Cover(condition, src_loc_at=1)

    def count(self, name: str, up: Any, down: Any = 0, *, bits: int = 8) -> Signal:
        """Return a counter."""
        counter = Signal(bits, name=name)
        self.m.d.sync += counter.eq(counter + up - down)
        return counter

    def follow(self, push: Any, word: Any, pop: Any, level: Any, name: str = "followed") -> Followed:
        """Follow one word through a queue, any one, chosen by a free input; the word after it has left may be next.

        Parameters
        ----------
        push, pop : Value
            A word enters, a word leaves.
        word : Value
            What enters.
        level : Value
            Words in the queue.
        """
        choose = self.free(1, f"{name}_choose")
        word = Value.cast(word)
        active, ahead, kept = (
            Signal(name=name),
            Signal(len(level), name=f"{name}_ahead"),
            Signal.like(word, name=f"{name}_word"),
        )
        with self.m.If(~active & push & choose):
            self.m.d.sync += [active.eq(1), ahead.eq(level - pop), kept.eq(word)]
        with self.m.Elif(active & pop):
            self.m.d.sync += [ahead.eq(ahead - 1), active.eq(ahead != 0)]
        self.check(~active | (ahead < level))
        return Followed(active, ahead, kept, active & pop & (ahead == 0))
