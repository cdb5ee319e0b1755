"""What must not be refused."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hwgen.errors import HwgenError

__all__ = ["accepted"]


@contextmanager
def accepted() -> Iterator[None]:
    """Whatever is refused inside is a failure of the test."""
    try:
        yield
    except HwgenError as refused:
        pytest.fail(f"refused: {refused}")
