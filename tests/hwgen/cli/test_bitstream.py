"""``hwgen bitstream`` and ``hwgen build --bitstream``: what they print, and what is refused before hours of work."""

from pathlib import Path

import pytest
from cli_runs import facts, run

from hwgen.errors import HwgenError, ToolError
from hwgen.flow.bitstream import make, tools
from hwgen.flow.bitstream.facts import BitstreamFacts

FACTS = BitstreamFacts(board="ulx3s-85f", file="accelerator.bit", baud=2_000_000, clock_mhz=50, routed_mhz=61.5,
                       slowest="loader to serial bridge: 9.9 ns", used={"TRELLIS_COMB": (100, 1000)},
                       tools={"nextpnr": "1"}, seconds={"place and route": 3.0}, program="openFPGALoader -b ulx3s x")


def test_what_is_printed(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(make, "make_bitstream",
                        lambda build, board, mhz, progress: asked.append((build, board, mhz)) or FACTS)
    text = run("bitstream", tmp_path, "--mhz", 40)
    assert asked == [(tmp_path, None, 40)]
    for words in ("50 MHz; the routed design reaches 61.5 MHz", "loader to serial bridge: 9.9 ns", "2,000,000 baud",
                  "100 of 1,000 (10%)", "openFPGALoader -b ulx3s x",
                  f"bitstream: {tmp_path / 'bitstream/accelerator.bit'}"):
        assert words in text
    assert facts("bitstream", tmp_path)["routed_mhz"] == 61.5


def test_a_folder_that_is_no_build(tmp_path):
    with pytest.raises(HwgenError, match=r"manifest\.json"):
        run("bitstream", tmp_path)


def test_boards_and_tools_are_looked_at_before_anything_is_built(monkeypatch):
    with pytest.raises(HwgenError, match="no open tools make a bitstream for ultra96"):
        run("build", "none.pt", "--bitstream")
    flow = tools.FLOWS["ecp5"]
    monkeypatch.setitem(make.FLOWS, "ecp5", type(flow)(**{**vars(flow), "packages": {"yowasp_none": "yowasp-none"}}))
    with pytest.raises(ToolError, match="yowasp-none is missing"):
        run("build", "none.pt", "--board", "ulx3s-85f", "--bitstream")
    assert not Path("build/none-ulx3s-85f").exists()
