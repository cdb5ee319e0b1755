"""What a build says of its bitstream."""

from dataclasses import dataclass
from pathlib import Path

from ...documents import read_json
from ...errors import HwgenError

__all__ = ["FACTS", "FOLDER", "BitstreamFacts", "read_facts"]

#: Below a build folder, and in it.
FOLDER, FACTS = "bitstream", "bitstream.json"


@dataclass(frozen=True, kw_only=True)
class BitstreamFacts:
    """What ``bitstream/bitstream.json`` says.

    Parameters
    ----------
    board, file : str
        The file's name in the folder.
    baud : int
    clock_mhz : float
        Of the accelerator in this bitstream.
    routed_mhz : float
        The fastest clock by the tool's timing.
    slowest : str
        The slowest path, by the parts of the accelerator.
    used : dict of str to [used, available]
    tools : dict of str to version
    seconds : dict of str to float
        Of synthesis, of place and route, of packing.
    program : str
        The command that loads it into the board.
    """

    board: str
    file: str
    baud: int
    clock_mhz: float
    routed_mhz: float
    slowest: str
    used: dict[str, tuple[int, int]]
    tools: dict[str, str]
    seconds: dict[str, float]
    program: str


def read_facts(build: Path) -> BitstreamFacts:
    """What a build says of its bitstream.

    Raises
    ------
    HwgenError
        It has none, or not of this version.
    """
    path = build / FOLDER / FACTS
    fix = "make one: hwgen bitstream BUILD"
    if not path.is_file():
        raise HwgenError("this build has no bitstream", str(build), fix)
    return read_json(BitstreamFacts, path, fix)
