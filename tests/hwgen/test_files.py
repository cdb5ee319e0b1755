"""Archives are looked at before they are unpacked; what an error quotes has an end."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from hwgen.errors import HwgenError
from hwgen.files import check_archive, read_npz


def test_a_changed_byte_is_seen_where_torch_does_not_look(tmp_path: Path) -> None:
    path = tmp_path / "graphs.pt"
    torch.save([{"x": torch.arange(1000)}], path)
    check_archive(path, "not a file of tensors", "write it again")
    content = bytearray(path.read_bytes())
    at = content.index(torch.arange(100, 110).numpy().tobytes())
    content[at] ^= 1
    path.write_bytes(content)
    torch.load(path, weights_only=True)
    with pytest.raises(HwgenError, match=r"not a file of tensors: '.*' is damaged"):
        check_archive(path, "not a file of tensors", "write it again")


def test_what_unpacks_to_much_more_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile.ZipFile, "testzip", lambda self: pytest.fail("unpacked"))
    np.savez_compressed(tmp_path / "bomb.npz", x=np.zeros(9 << 20))
    with pytest.raises(HwgenError, match=r"bytes that unpack to 75,497,\d+"):
        read_npz(tmp_path / "bomb.npz")


def test_what_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("hello")
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "endless.npz").symlink_to("/dev/zero")
    for name in ("text.npz", "pipe.npz", "endless.npz", "none.npz", "."):
        with pytest.raises(HwgenError):
            read_npz(tmp_path / name)


def test_parts_of_an_error_have_an_end() -> None:
    error = HwgenError("x" * 5000, "here", "y" * 2000)
    assert error.what == "x" * 2000 + " ... (5,000 characters)"
    assert error.fix == "y" * 2000
    assert len(str(error)) < 5000
