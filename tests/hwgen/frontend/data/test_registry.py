"""Names and files that ``--data`` takes."""

from pathlib import Path

import pytest
import torch
from training_graphs import small_data

from hwgen.cli.checkpoint_options import NAMES
from hwgen.errors import HwgenError
from hwgen.frontend.data import DATA, load_data
from hwgen.frontend.data.own_files import save_graphs


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(HwgenError, match=r"^unknown data set 'PubMed'\n  at data\n  use one of digits, breast_.*\.pt"):
        load_data("PubMed")


def test_help_lists_every_name() -> None:
    assert list(NAMES) == list(DATA)


def test_every_name_is_read_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(kind: str, name: str, file: str, root: Path) -> None:
        asked.append((kind, name, root))
        raise HwgenError("not there", name, "-")

    for home in ("planetoid", "tudataset"):
        monkeypatch.setattr(f"hwgen.frontend.data.{home}.read_raw", refuse)
    names = NAMES[4:]
    for name in names:
        with pytest.raises(HwgenError):
            load_data(name.lower(), tmp_path)
    kinds = ["Planetoid"] * 2 + ["TUDataset"] * 5
    assert asked == [(kind, name, tmp_path) for kind, name in zip(kinds, names, strict=True)]


def test_a_file_holds_one_graph_or_several(tmp_path: Path) -> None:
    data = small_data()
    save_graphs([data], tmp_path / "one.pt")
    save_graphs([data, data], tmp_path / "two.pt")
    one, two = load_data(tmp_path / "one.pt"), load_data(str(tmp_path / "two.pt"))
    assert torch.equal(one.x, data.x)
    assert len(two) == 2
    with pytest.raises(HwgenError, match="cannot read: No such file"):
        load_data("none.pt")
