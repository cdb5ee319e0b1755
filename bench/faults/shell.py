"""Deliberate faults. Of what surrounds every accelerator."""

__all__ = ["FAULTS", "SAME"]

FAULTS = {
    "rtl_templates/shell/loader.py": (
        ("loader-drops-last-word", "rtl_templates/shell/test_loader.py::test_every_word_arrives_in_order_under_pauses",
         "a section's last data beat is read as a header",
         "with m.If(count == 1):", "with m.If(count == 2):"),
    ),
    "rtl_templates/shell/sequencer.py": (
        ("sequencer-barrier-early", "rtl_templates/shell/test_sequencer.py::test_passes_and_cycles_are_exact",
         "a pass may begin before the last row of the pass before is in its bank",
         "~activity & (quiet == SHELL_QUIET - 1)", "~activity & (quiet == SHELL_QUIET - 2)"),
        ("sequencer-ends-early", "rtl_templates/shell/test_sequencer.py::test_passes_and_cycles_are_exact",
         "a run of so many passes leaves the last one out",
         "(counted & (left == 0))", "(counted & (left <= 1))"),
    ),
    "rtl_templates/shell/store.py": (
        ("store-skips-a-server", "rtl_templates/shell/test_store.py::test_words_land_in_order_under_pauses",
         "each server sends a word too many",
         "last.eq(address == words - 1)", "last.eq(address == words)"),
    ),
}

#: Changes that change nothing, and why.
SAME = {}
