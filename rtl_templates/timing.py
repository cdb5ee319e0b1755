"""Latencies of the pipeline in cycles, as plain integers: the RTL and the cycle model read the same numbers."""

# Shell (rtl_templates/sequencer.py). With s and e the cycles of a pass's start pulse and of its last activity:
# CYCLES = SHELL_RUN + sum(e - s) + (passes - 1) * SHELL_BARRIER + SHELL_DONE.
SHELL_QUIET = 4  # cycles without any activity that end a pass
SHELL_OBSERVE = 2  # registers between the units' activity and the sequencer
SHELL_RUN = 2  # accepted run command to the first start pulse
SHELL_BARRIER = SHELL_QUIET + SHELL_OBSERVE + 1  # last activity to the next pass's start pulse
SHELL_DONE = SHELL_QUIET + SHELL_OBSERVE  # last activity to the last cycle that counts
SHELL_LOAD_DRAIN = 32  # last beat of a load to its end: every consumer has written
