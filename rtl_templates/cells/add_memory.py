"""Memories, which power up without contents."""

from typing import Literal

from amaranth import Module
from amaranth.lib import data
from amaranth.lib.memory import Memory

__all__ = ["RamStyle", "add_memory"]

#: What synthesis makes of a memory: look-up tables, block memory, or its own choice.
RamStyle = Literal["distributed", "block"] | None


def add_memory(m: Module, name: str, shape: data.Layout | int, depth: int, style: RamStyle = None) -> Memory:
    """Submodule ``name``, a memory. Its ports are made where they are used: Amaranth names them after variables."""
    attributes: dict[str, str] = {} if style is None else {"ram_style": style}
    memory: Memory = Memory(shape=shape, depth=depth, init=[], attrs=attributes)
    m.submodules[name] = memory
    return memory
