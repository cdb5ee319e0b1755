"""A study that processes and hosts share: numbered slots, each measured once, as trials in Optuna's journal.

What is measured in a slot follows from the study's seed, the slot, and the results of earlier rounds alone: a search
that was killed, and one of several processes, ends as one that was not. A process holds a lock on a file of its own as
long as it lives; the slot of one that died is measured again. Locks are the kernel's: none outlives its process.
"""

from __future__ import annotations

import fcntl
import os
import socket
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState, create_trial

from ..errors import HwgenError

__all__ = ["LOG", "Assignment", "Direction", "Done", "Settings", "Slot", "Study", "Worth"]

#: Below the folder of a study: Optuna's journal.
LOG = "study.log"

#: Knob -> value.
Assignment = Mapping[str, int]
#: Plain values that decide what is measured.
Settings = Mapping[str, str | int | float | None]
Direction = Literal["minimize", "maximize"]

FIX = "continue with the options that the study was begun with, or name another folder"
#: Optuna's constraints as a list, by their place: optuna-dashboard 0.21 reads no others.
_CONSTRAINTS, _FIT = "constraints", "0"


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a measurement gives.

    Parameters
    ----------
    values : tuple of float
        One for each direction of the study.
    excess : float or None
        How far beyond what may be: above 0 is too much; None: nothing limits it.
    """

    values: tuple[float, ...]
    excess: float | None = None


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a slot gave.

    Parameters
    ----------
    slot : int
    assignment : mapping
    worth : Worth
    """

    slot: int
    assignment: Assignment
    worth: Worth


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A slot that this process is to measure."""

    number: int
    trial: int
    assignment: Assignment


class Study:
    """The study of a folder, made or continued.

    Parameters
    ----------
    folder : Path
    name : str
        Of the study in the journal.
    directions : sequence of str
        What is good of each value.
    settings : mapping
        Those of a study that is continued are the same.
    choices : mapping
        Knob -> values to choose from; an assignment may leave some out.

    Raises
    ------
    HwgenError
        A study with other settings, or a file that is no study.
    """

    def __init__(self, folder: Path, name: str, directions: Sequence[Direction], settings: Settings,
                 choices: Mapping[str, Sequence[int]]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.folder = folder
        self.choices: dict[str, BaseDistribution] = {
            knob: CategoricalDistribution(each) for knob, each in choices.items()}
        self._workers = folder / "workers"
        self._workers.mkdir(parents=True, exist_ok=True)
        log = folder / LOG
        try:
            self._storage = JournalStorage(JournalFileBackend(str(log), _Lock(folder / "journal.lock", log)))
            with self.alone("claims"):
                self._study = optuna.create_study(study_name=name, storage=self._storage, load_if_exists=True,
                                                  directions=list(directions))
                known = self._study.user_attrs.get("settings")
                if known is None:
                    self._study.set_user_attr("settings", dict(settings))
        except (ValueError, KeyError) as error:
            raise HwgenError(f"is no study of hwgen: {error}", str(log), "name another folder") from None
        for setting, value in settings.items():
            if known is not None and known.get(setting) != value:
                raise HwgenError(f"{setting} is {value}, the study was begun with {known.get(setting)}", str(folder),
                                 FIX)
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        with self.alone("claims"):  # nobody takes a file that has no lock yet for that of a dead process
            for left in self._workers.iterdir():
                self._lives(left.name)
            self._held = self._lock(self._workers / self.worker)

    @property
    def done(self) -> list[Done]:
        """What is known, by slot; without those that cannot be built."""
        return _done(self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))

    @property
    def finished(self) -> int:
        """How many slots need no more work."""
        return len(self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))

    def claim(self, slots: int, known_before: Callable[[int], int],
              propose: Callable[[int, Sequence[Done]], Assignment]) -> Slot | None:
        """Take the first free slot, if what it rests on is known.

        Parameters
        ----------
        slots : int
            How many there are.
        known_before : callable
            Gives, for a slot, the number of first slots that have to be finished before it is proposed.
        propose : callable
            The assignment of a slot, from what these gave.

        Returns
        -------
        Slot or None
            None: other processes still measure, and this one has to wait.
        """
        with self.alone("claims"):
            trials = self._study.get_trials(deepcopy=False)
            taken: dict[int, FrozenTrial] = {}
            for each in trials:
                if each.state is TrialState.RUNNING and not self._lives(each.user_attrs["worker"]):
                    self._study.tell(each.number, state=TrialState.FAIL)
                elif each.state is not TrialState.FAIL:
                    taken[each.user_attrs["slot"]] = each
            number = next((slot for slot in range(slots) if slot not in taken), None)
            if number is None or any(slot not in taken or not taken[slot].state.is_finished()
                                     for slot in range(known_before(number))):
                return None
            assignment = propose(number, _done(
                each for slot, each in taken.items()
                if slot < known_before(number) and each.state is TrialState.COMPLETE))
            self._study.add_trial(create_trial(
                state=TrialState.RUNNING, params=dict(assignment),
                distributions={knob: self.choices[knob] for knob in assignment},
                user_attrs={"slot": number, "worker": self.worker}))
            return Slot(number=number, trial=len(trials), assignment=assignment)

    def tell(self, slot: Slot, found: Worth | None) -> None:
        """Write down what a slot gave; None where it cannot be built."""
        if found is None:
            self._study.tell(slot.trial, state=TrialState.PRUNED)
            return
        if found.excess is not None:
            trial = self._storage.get_trial_id_from_study_id_trial_number(self._study._study_id, slot.trial)
            self._storage.set_trial_system_attr(trial, _CONSTRAINTS, [found.excess])
        self._study.tell(slot.trial, values=found.values)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """A context that one process has at a time."""
        with self._lock(self.folder / f"{name}.lock"):
            yield

    def close(self) -> None:
        """Let go of what is held."""
        self._held.close()
        (self._workers / self.worker).unlink(missing_ok=True)

    def _lock(self, path: Path) -> IO[bytes]:
        """A file that this process has a lock on until it is closed."""
        file = path.open("ab")
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def _lives(self, worker: str) -> bool:
        """Whether a process still holds its lock; the file of one that does not is taken away."""
        if worker == self.worker:
            return True
        try:
            with (self._workers / worker).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        with suppress(FileNotFoundError):
            (self._workers / worker).unlink()
        return False


def _done(trials: Iterable[FrozenTrial]) -> list[Done]:
    """What finished trials say, by slot."""
    found = [Done(slot=each.user_attrs["slot"], assignment=each.params,
                  worth=Worth(values=tuple(each.values), excess=each.constraints.get(_FIT))) for each in trials]
    return sorted(found, key=lambda each: each.slot)


class _Lock(JournalFileOpenLock):
    """Optuna's lock of the journal, as the kernel's; it takes away a line that a killed process began."""

    def __init__(self, path: Path, log: Path) -> None:
        super().__init__(str(path))
        self._path, self._log = path, log
        self._file: IO[bytes] | None = None

    def acquire(self) -> bool:
        self._file = self._path.open("ab")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        content = self._log.read_bytes()
        if content and not content.endswith(b"\n"):
            os.truncate(self._log, content.rfind(b"\n") + 1)
        return True

    def release(self) -> None:
        assert self._file is not None
        self._file.close()
