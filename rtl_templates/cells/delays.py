"""Delay lines."""

from amaranth import Module, Signal, Value

__all__ = ["delays"]


def delays(m: Module, name: str, value: Value, count: int, *, reset: bool = False) -> list[Value]:
    """``value`` now and 1 .. ``count`` cycles ago; ``reset`` for flags."""
    values = [value]
    for k in range(count):
        late = Signal(len(value), name=f"{name}_{k + 1}", reset_less=not reset)
        m.d.sync += late.eq(values[-1])
        values.append(late)
    return values
