"""What all these tests share: Verilog that was made once."""

from collections.abc import Iterator
from copy import deepcopy
from functools import wraps
from typing import Any

import pytest

from hwgen.targets import TARGETS, find_target
from rtl_templates.cells.primitives import TWINS


@pytest.fixture(scope="session", autouse=True)
def emitted_once() -> Iterator[None]:
    """Verilog of equal hardware is made once in a process: most of a small build, and several tests build the same.

    That it is the same each time is tested by those that take ``emit.__wrapped__``, or the functions below ``targets``.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in TARGETS:
            patch.setattr(type(find_target(name)), "emit", _kept(type(find_target(name)).emit))
        yield


def _kept(make: Any) -> Any:
    made: dict[Any, tuple[str, dict[str, Any]]] = {}

    @wraps(make)
    def emit(self: Any, hardware: Any, *, primitives: Any = TWINS) -> tuple[str, dict[str, Any]]:
        key = (tuple(hardware.to_dict().items()), primitives)
        if key not in made:
            made[key] = make(self, hardware, primitives=primitives)
        text, design = made[key]
        return text, deepcopy(design)

    return emit
