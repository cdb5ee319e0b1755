"""Names out of files are text on the terminal."""

import pytest

from hwgen.cli.console import Console, plain

ODD = ("[/bold]", "[red]x[/red]", "$\\frac$", ":smile:", '" onmouseover="alert(1)', "\x1b[31m", "half \ud800",
       "a\u202eb")


@pytest.mark.parametrize("name", ODD)
def test_names_are_text(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(verbose=True)
    console.say(f" after {name}", head=f"head {name}")
    console.table(f"title {name}", [f"column {name}", "b"], [(f"cell {name}", "yes"), (name, 3)])
    console.error(f"error {name}")
    with console.step(f"step {name}"):
        pass
    with console.bar(f"bar {name}", 1) as advance:
        advance(f"note {name}")
    out, err = capsys.readouterr()
    for piece in (f"head {plain(name)} after {plain(name)}", f"title {plain(name)}", f"column {plain(name)}",
                  f"cell {plain(name)}"):
        assert piece in out
    for piece in (f"error {plain(name)}", f"step {plain(name)}: 0.0 s"):
        assert piece in err
    assert out.replace("\n", "").isprintable()


def test_what_cannot_be_printed_is_written_out() -> None:
    assert plain("a\x1b\u202e\nb") == "a\\x1b\\u202e\nb"
    assert plain("größer 值") == "größer 值"
