"""C++ files that are compiled together."""

from pathlib import Path

from sim.cxx import FAST, SLOW, UNIT, _units


def test_every_source_is_in_one_unit_of_its_optimisation(tmp_path: Path) -> None:
    sizes = {"a": UNIT - 5, "b": 6, "c": 5, "d": UNIT + 1, "e": 3, "f": 3}
    sources = [(tmp_path / f"{name}.cpp", FAST if name in "ef" else SLOW) for name in sizes]
    for path, _ in sources:
        path.write_text("x" * sizes[path.stem])
    units = _units(sources, tmp_path)
    assert [(path.read_text().split(), level) for path, level in units] == [
        (["#include", f'"{tmp_path}/d.cpp"'], SLOW),
        (["#include", f'"{tmp_path}/a.cpp"', "#include", f'"{tmp_path}/c.cpp"'], SLOW),
        (["#include", f'"{tmp_path}/b.cpp"'], SLOW),
        (["#include", f'"{tmp_path}/e.cpp"', "#include", f'"{tmp_path}/f.cpp"'], FAST)]
