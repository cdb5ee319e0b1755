"""Boards that the templates can serve."""

import boards
from boards import Board

from ..errors import HwgenError

__all__ = ["check_family"]


def check_family(board: Board) -> None:
    """Refuse boards whose primitives the templates do not have yet.

    Raises
    ------
    HwgenError
        The board is not of the UltraScale+ family.
    """
    if board.family != "xcup":
        good = [name for name in boards.names() if boards.load(name).family == "xcup"]
        raise HwgenError(f"the templates have no primitives of family {board.family} yet", f"board {board.name}",
                         f"use one of {', '.join(good)}")
