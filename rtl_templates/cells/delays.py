"""Delay lines."""

from amaranth import Module, Signal, Value

__all__ = ["delays"]


def delays(m: Module, name: str, value: Value, count: int, *, reset: bool = False,
           enable: Value | None = None) -> list[Value]:
    """``value`` now and 1 .. ``count`` cycles ago, counted in cycles with ``enable``.

    With ``reset`` its registers are cleared: for flags, and where shift registers would take look-up tables.
    """
    values = [value]
    for k in range(count):
        late = Signal(len(value), name=f"{name}_{k + 1}", reset_less=not reset)
        if enable is None:
            m.d.sync += late.eq(values[-1])
        else:
            with m.If(enable):
                m.d.sync += late.eq(values[-1])
        values.append(late)
    return values
