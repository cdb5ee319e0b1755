"""Studies that are killed, shared or continued end as one that was left alone; every slot is measured once."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import search_worker
from optuna.trial import TrialState
from search_worker import CHOICES, searched, study_of

from hwgen.bit_search.propose import Proposer
from hwgen.errors import HwgenError
from hwgen.studies.study import Worth

SLOTS = 24
SETTINGS = {"seed": 3, "sampler": "tree"}


def begin(folder: Path, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, search_worker.__file__, str(folder), str(SLOTS), str(seconds)])


def slots_of(folder: Path) -> list[int]:
    """The slots of all finished trials."""
    study = study_of(folder, SETTINGS)
    try:
        trials = study._study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))
        return sorted(each.user_attrs["slot"] for each in trials)
    finally:
        study.close()


@pytest.mark.slow
def test_killed_twice_and_shared_by_two_it_ends_as_one_that_was_left_alone(tmp_path: Path) -> None:
    alone = searched(tmp_path / "alone", SLOTS)
    folder = tmp_path / "killed"
    for _ in range(2):
        workers = [begin(folder, 0.15) for _ in range(2)]
        time.sleep(3.0)
        for each in workers:
            each.send_signal(signal.SIGKILL)
            each.wait()
    workers = [begin(folder, 0.01) for _ in range(2)]
    assert [each.wait(60) for each in workers] == [0, 0]
    assert slots_of(folder) == list(range(SLOTS))
    assert searched(folder, SLOTS) == alone
    assert not list((folder / "workers").iterdir())


def test_the_slot_of_a_dead_process_is_measured_again_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    proposer = Proposer(choices=CHOICES, seed=3, floor=0.88, first=8)
    first = study_of(tmp_path, SETTINGS)
    claimed = first.claim(2, proposer.known_before, proposer)
    second = study_of(tmp_path, SETTINGS)
    other = second.claim(2, proposer.known_before, proposer)
    assert claimed is not None
    assert other is not None
    assert (claimed.number, other.number) == (0, 1)
    assert second.claim(2, proposer.known_before, proposer) is None
    first._held.close()  # what the kernel does where a process ends
    again = second.claim(2, proposer.known_before, proposer)
    assert again is not None
    assert again.number == 0
    assert again.assignment == claimed.assignment
    second.close()


def test_a_line_that_a_killed_process_began_is_taken_away(tmp_path: Path) -> None:
    searched(tmp_path, 4)
    with (tmp_path / "study.log").open("ab") as file:
        file.write(b'{"op_code":4,"work')
    assert [each.slot for each in searched(tmp_path, 6)] == list(range(6))


def test_a_round_waits_for_the_one_before(tmp_path: Path) -> None:
    proposer = Proposer(choices=CHOICES, seed=3, floor=0.88, first=2)
    study = study_of(tmp_path, SETTINGS)
    slots = [study.claim(6, proposer.known_before, proposer) for _ in range(2)]
    assert all(slots)
    assert study.claim(6, proposer.known_before, proposer) is None
    for each in slots:
        assert each is not None
        study.tell(each, Worth(values=(1.0, 0.5)))
    assert study.claim(6, proposer.known_before, proposer) is not None
    study.close()


def test_other_settings_are_refused(tmp_path: Path) -> None:
    searched(tmp_path, 1)
    with pytest.raises(HwgenError) as caught:
        study_of(tmp_path, {**SETTINGS, "seed": 4})
    assert "seed is 4, the study was begun with 3" in caught.value.what


def test_a_file_that_is_no_study_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.log").write_text("hello\nworld\n")
    with pytest.raises(HwgenError) as caught:
        study_of(tmp_path, SETTINGS)
    assert caught.value.where == str(tmp_path / "study.log")
