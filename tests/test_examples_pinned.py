"""A random test gets the same examples whatever else is imported: what is green in one file is green in all of them."""

import importlib

from hypothesis import given, settings
from hypothesis import strategies as st


def drawn():
    """Examples of a random test."""
    seen = []

    @settings(max_examples=300)
    @given(st.integers(0, 10**9), st.floats(0.0, 1e9))
    def record(number, real):
        seen.append((number, real))

    record()
    return seen


def test_examples_do_not_depend_on_what_is_imported(tmp_path, monkeypatch):
    before = drawn()
    odd = {101 * 7**k % 10**9 for k in range(400)}
    assert not odd & {number for number, _ in before}
    (tmp_path / "odd_constants.py").write_text("ODD = [" + ", ".join(f"{each}, {each}.5" for each in odd) + "]\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("odd_constants")
    after = drawn()
    assert not odd & {number for number, _ in after}
    assert after == before
