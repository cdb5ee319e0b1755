"""Sight of what is inside an elaborated component: registers and memories, by the names that RTL gives them.

Invariants of an induction speak of state that has no port. A component is elaborated once, and what is found in its
fragments is used by the harness beside it: the component is proved as it is, nothing in it is changed.
"""

import sys
from types import FrameType
from typing import Any

from amaranth import Signal, Value
from amaranth.hdl import Fragment
from amaranth.lib import wiring

__all__ = ["Inside"]


class Inside:
    """A component's fragments.

    Parameters
    ----------
    component : wiring.Component
    """

    def __init__(self, component: wiring.Component) -> None:
        self._locals: dict[str, list[Any]] = {}

        def note(frame: FrameType, event: str, _: Any) -> None:
            if event == "return" and frame.f_locals.get("self") is component:
                for local, value in frame.f_locals.items():
                    for name in (local, f"{frame.f_code.co_name}:{local}") if isinstance(value, Signal) else ():
                        if not any(value is other for other in self._locals.get(name, ())):
                            self._locals.setdefault(name, []).append(value)

        fragment: Any = Fragment  # without types in amaranth-stubs
        # Amaranth gives no name to signals that are assigned several at once: theirs are those of the variables.
        sys.setprofile(note)
        try:
            self.fragment = fragment.get(component, None)
        finally:
            sys.setprofile(None)

    def _at(self, path: str) -> Any:
        fragment = self.fragment
        for name in filter(None, path.split(".")):
            found = [part for part, label, _ in fragment.subfragments if label == name]
            if len(found) != 1:
                raise LookupError(f"no submodule {name} on {path}: {[label for _, label, _ in fragment.subfragments]}")
            fragment = found[0]
        return fragment

    def signal(self, path: str) -> Signal:
        """The signal that is driven under this name, submodules before it (``bursts.left``), or a local variable's:
        ``left``, or ``_read:left`` where several methods have one.

        Raises
        ------
        LookupError
            There is none, or more than one.
        """
        where, _, name = path.rpartition(".")
        fragment = self._at(where)
        driven = {
            id(signal): signal
            for statements in fragment.statements.values()
            for statement in statements
            for signal in statement._lhs_signals()
        }
        found = [signal for signal in driven.values() if signal.name == name]
        if not found and not where:
            found = self._locals.get(name, [])
        if len(found) != 1:
            raise LookupError(
                f"{len(found)} signals {name} in {where or 'the component'}; it drives "
                f"{sorted(signal.name for signal in driven.values())}"
            )
        signal: Signal = found[0]
        return signal

    def register(self, path: str) -> Signal:
        """The same of a signal that only the clock changes: what equals it does not wait for an input of its cycle.

        Raises
        ------
        LookupError
            There is none, or it is combinational.
        """
        signal = self.signal(path)
        comb = [
            driven
            for statement in self._at(path.rpartition(".")[0]).statements.get("comb", ())
            for driven in statement._lhs_signals()
        ]
        if any(driven is signal for driven in comb):
            raise LookupError(f"{path} is no register")
        return signal

    def read(self, path: str) -> Signal:
        """What the first read port of a memory gives."""
        data: Signal = self._at(path)._read_ports[0]._data
        return data

    def written(self, path: str) -> Value:
        """What the write port of a memory is given."""
        data: Value = self._at(path)._write_ports[0]._data
        return data

    def word(self, path: str, address: Value) -> Signal:
        """The word at ``address`` of a memory, in the same cycle: a read port more."""
        memory = self._at(path)
        if not hasattr(memory, "_write_ports"):
            raise LookupError(f"{path} is no memory")
        ports = memory._write_ports
        data = Signal(len(ports[0]._data))
        place = Signal(len(ports[0]._addr))
        self.reads = [*getattr(self, "reads", []), (place, address)]
        memory.read_port(domain="comb", addr=place, data=data, en=Value.cast(1), transparent_for=())
        return data
