"""What STATUS says went wrong, and where something stands still."""

from enum import IntEnum

__all__ = ["Error", "Stage"]


class Error(IntEnum):
    """``STATUS.error``: the first thing that went wrong since the last accepted command."""

    NONE = 0
    READ = 1
    WRITE = 2
    NO_END = 3
    BAD_TARGET = 4
    WATCHDOG = 5
    BUSY = 6
    NOT_LOADED = 7
    NOT_RUN = 8
    RUN_RANGE = 9
    STORE_RANGE = 10
    BAD_ADDRESS = 11
    RUN_LIMIT = 12
    CHECKSUM = 13

    @property
    def meaning(self) -> str:
        """What happened."""
        return _MEANING[self]


_MEANING = {
    Error.NONE: "nothing went wrong",
    Error.READ: "memory answered a read with an error",
    Error.WRITE: "memory answered a write with an error",
    Error.NO_END: "the load stream has no END within LOAD_BEATS",
    Error.BAD_TARGET: "a header of the load stream names a target that does not exist",
    Error.WATCHDOG: "nothing moved for WATCHDOG cycles",
    Error.BUSY: "a command was written while another went on or waited, and was not carried out",
    Error.NOT_LOADED: "run without all that a run needs, or after a load that failed or was cleared",
    Error.NOT_RUN: "store before a run that ended well",
    Error.RUN_RANGE: "RUN_FIRST or RUN_COUNT names passes that were not loaded",
    Error.STORE_RANGE: "STORE_WORDS is more than a result memory has",
    Error.BAD_ADDRESS: "a header of the load stream names a unit or words that do not exist",
    Error.RUN_LIMIT: "a run took RUN_LIMIT cycles",
    Error.CHECKSUM: "the load stream is not what was written: its checksum differs",
}


class Stage(IntEnum):
    """``STATUS.stuck_stage``: where nothing moved when the watchdog expired; SERVE is all that is behind GATHER."""

    NONE = 0
    LOAD = 1
    GATHER = 2
    SERVE = 3
    STORE = 4
