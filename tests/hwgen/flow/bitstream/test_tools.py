"""What a tool that failed said."""

from pathlib import Path

import pytest

from hwgen.errors import ToolError
from hwgen.flow.bitstream.tools import run_tool
from hwgen.workshop import workshop


@pytest.mark.parametrize(("said", "what"), [
    ("Info: PLL (fout error 0.0% of requested)\nERROR: no room for cell ram\n1 error", "ERROR: no room for cell ram"),
    ("Info: timing errors: 0\nValueError: no such pin", "ValueError: no such pin"),
    ("", "no message")])
def test_the_line_that_says_why(said: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_tool.py").write_text(f"def run_tool_of_a_maker(words):\n    print({said!r})\n    return 3\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with workshop() as shop, pytest.raises(ToolError) as caught:
        run_tool(shop, ("a_tool", "run_tool_of_a_maker"), ["top.json"])
    assert caught.value.what == f"tool_of_a_maker failed: {what}"
