"""Boards to build for: loaded by name or from a user's file, refused where the templates cannot serve them."""

import boards
from boards import Board

from ..errors import HwgenError

__all__ = ["check_family", "load_board"]


def load_board(name: str) -> Board:
    """Load a board by name, or from a path that ends in ``.toml``.

    Raises
    ------
    HwgenError
        Unknown board (the known ones are listed), or a file that describes none.
    """
    try:
        return boards.load(name)
    except boards.BoardError as error:
        raise HwgenError(error.what, error.where, error.fix) from None


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
