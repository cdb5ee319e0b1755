"""Deliberate faults that a test must catch: the table of ``bench/mutations.py``.

Each is a slip that somebody could make while changing that file. ``tests`` are test ids as pytest takes them, without
``-k``, so that a test that was renamed is an error and not a selection of nothing.
"""

from typing import NamedTuple

__all__ = ["FAULTS", "Fault"]


class Fault(NamedTuple):
    """One wrong line.

    Parameters
    ----------
    name : str
    file, old, new : str
        Text that occurs once in the file, and what replaces it.
    why : str
        What then goes wrong.
    tests : tuple of str
        Tests that pass without the fault; one of them fails with it.
    """

    name: str
    file: str
    old: str
    new: str
    why: str
    tests: tuple[str, ...]


RTL, LOWER = "tests/rtl_templates/test_", "tests/hwgen/lower/test_"
NUMERIC, COMPARE = "tests/hwgen/test_numeric.py", "tests/sim/test_compare.py"
END_TO_END = "tests/test_end_to_end.py::test_sample_graph"
ONE_GROUP, TWO_GROUPS = f"{END_TO_END}[bit-serial,-1-group]", f"{END_TO_END}[digit-2,-2-groups]"
DENSE = f"{END_TO_END}[dense-input]"

GATEWARE = (
    Fault("lane-unsigned-codes", "rtl_templates/lane.py",
          "total.eq(acc + code.as_signed())", "total.eq(acc + code)",
          "the top digit of a code loses its sign", (f"{RTL}lane.py::test_sums",)),
    Fault("lane-finishes-early", "rtl_templates/lane.py",
          "coming = self.last & self.step[-1]", "coming = self.last & self.step[0]",
          "a sum leaves before the higher digits are in it", (f"{RTL}lane.py::test_sums",)),
    Fault("lane-no-stall", "rtl_templates/lane.py",
          "(valid & ~self.ack | load)", "(valid & ~self.ack)",
          "two sums in a row: the second overwrites the first", (f"{RTL}lane.py::test_sums",)),
    Fault("clos-stage-order", "rtl_templates/clos.py",
          "return n % RADIX * RADIX + n // RADIX", "return n",
          "no wires cross between stages, in the RTL and in its model alike",
          (f"{RTL}clos.py::test_model_follows_the_documented_paths",)),
    Fault("clos-runs-on", "rtl_templates/clos.py",
          "with m.If(self.enable):", "with m.If(1):",
          "the network moves while its group is frozen",
          (f"{RTL}clos.py::test_random_routes_at_full_rate_and_frozen",)),
    Fault("bank-runs-on", "rtl_templates/bank.py",
          "with m.If(self.enable):\n            m.d.sync += output", "with m.If(1):\n            m.d.sync += output",
          "a bank's output register moves while its group is frozen", (f"{RTL}bank.py",)),
    Fault("group-deaf-to-an-element", "rtl_templates/group.py",
          "enable.eq(~blocks.any())", "enable.eq(~blocks[:-1].any())",
          "the group does not freeze for element 15, whose sums are lost", (f"{RTL}group.py::test_passes",)),
    Fault("group-reads-other-half", "rtl_templates/group.py",
          "row[-1] ^ half", "row[-1]",
          "every pass reads the lower half of the banks, whichever was written last", (ONE_GROUP,)),
    Fault("walker-one-slot-short", "rtl_templates/group.py",
          "run.eq(left != 1)", "run.eq(left > 2)",
          "the last slot of a pass is skipped", (f"{RTL}group.py::test_passes",)),
    Fault("walker-any-group", "rtl_templates/group.py",
          "(self.load.unit == Cat(Const(chunk, range(UNITS)), self.index))",
          "(self.load.unit[:4] == Const(chunk, range(UNITS)))",
          "a group takes the schedule of another", (f"{RTL}group.py::test_passes",)),
    Fault("requantize-ties-toward-zero", "rtl_templates/requantize.py",
          "minus.eq(~b_next & up_next)", "minus.eq(0)",
          "half up is half away from zero for negative sums", (f"{RTL}requantize.py::test_lanes",)),
    Fault("requantize-clip-asymmetric", "rtl_templates/requantize.py",
          "| (sign & signs[0] & ((rounded[:CODE_BITS] & mask[0]) == 0))", "",
          "signed codes reach -2^k, one below their range", (f"{RTL}requantize.py::test_lanes",)),
    Fault("requantize-shared-bias-row", "rtl_templates/requantize.py",
          "Mux(b[REQUANT_MULTIPLIER], self.bias_r, self.row_r)", "self.row_r",
          "a rank-1 bias is scaled by the row factor of the sum", (ONE_GROUP,)),
    Fault("mac-planes-swapped", "rtl_templates/mac.py",
          "sums[0][column], (sums[1][column] << 1)", "sums[1][column], (sums[0][column] << 1)",
          "of two planes a cycle the lower one counts double", (f"{RTL}mac.py::test_dot_products",)),
    Fault("mac-shifts-between-pages", "rtl_templates/mac.py",
          "Mux(flags[2], acc, shifted).as_signed() if self.pages > 1 else shifted", "shifted",
          "inputs of a later page have less weight", (f"{RTL}mac.py::test_dot_products",)),
    Fault("pick-ignores-post-beats", "rtl_templates/server_pick.py",
          "blocked.eq(pre_beats + task.post_chunks - 1)", "blocked.eq(0)",
          "a node's first stage takes the lanes that another's second stage needs", (f"{RTL}server.py::test_passes",)),
    Fault("pick-interval-short", "rtl_templates/server_pick.py",
          "m.d.sync += wait.eq(interval - 1)", "m.d.sync += wait.eq(Mux(interval > 1, interval - 2, 0))",
          "nodes follow each other a cycle too soon", (f"{RTL}server.py::test_full_rate",)),
    Fault("pick-unfair", "rtl_templates/server_pick.py",
          "m.d.sync += recent.eq(chosen)", "m.d.sync += recent.eq(0)",
          "the arbiter always begins at port 1", (f"{RTL}server.py::test_full_rate",)),
    Fault("write-digits-reversed", "rtl_templates/server_write.py",
          "copy[lane * self.code_bits + k * self.digit:]", "copy[(lane + 1) * self.code_bits - (k + 1) * self.digit:]",
          "rows lie in the banks with their highest digit first", (ONE_GROUP,)),
    Fault("write-stale-channels", "rtl_templates/server_write.py",
          "m.d.sync += row[k].eq(0)", "m.d.sync += row[k].eq(row[k])",
          "channels that a pass does not have keep the codes of the node before", (f"{RTL}server.py::test_passes",)),
    Fault("sequencer-barrier-early", "rtl_templates/sequencer.py",
          "~activity & (quiet == SHELL_QUIET - 1)", "~activity & (quiet == SHELL_QUIET - 2)",
          "a pass may begin before the last row of the pass before is in its bank",
          (f"{RTL}sequencer.py::test_cycles_are_exact",)),
    Fault("sequencer-forgets-held-sums", "rtl_templates/sequencer.py",
          "self.active[group] | held[group]", "self.active[group]",
          "a pass ends while sums wait for their server", (f"{RTL}sequencer.py::test_every_unit_holds_the_barrier",)),
    Fault("accelerator-ports-crossed", "rtl_templates/accelerator.py",
          "port = index * (UNITS // count) + local", "port = local * len(self.groups) + index",
          "a server's ports are numbered element first, not group first",
          (f"{RTL}accelerator.py::test_load_run_store_in_one_command",)),
    Fault("loader-drops-last-word", "rtl_templates/loader.py",
          "with m.If(count == 1):", "with m.If(count == 2):",
          "a section's last data beat is read as a header",
          (f"{RTL}loader.py::test_every_word_arrives_in_order_under_pauses",)),
    Fault("store-skips-a-server", "rtl_templates/store.py",
          "last.eq(address == words - 1)", "last.eq(address == words)",
          "each server sends a word too many", (f"{RTL}store.py::test_words_land_in_order_under_pauses",)),
)

LOWERING = (
    Fault("fold-floors", "hwgen/lower/fixed_point.py",
          "exact = np.rint(values * gain)", "exact = np.floor(values * gain)",
          "constants are cut off instead of rounded",
          (f"{LOWER}fixed_point.py::test_constants_are_the_nearest_integers",)),
    Fault("fold-loses-bias-rows", "hwgen/lower/fixed_point.py",
          "row=r, bias_row=rb,", "row=r, bias_row=None if rb is None else np.full_like(rb, rb.max()),",
          "all rows share one factor for their bias",
          (f"{LOWER}graph_to_program.py::test_every_stage_rounds_the_real_value",)),
    Fault("program-double-self-loops", "hwgen/lower/graph_to_program.py",
          "proper = edges[:, edges[0] != edges[1]]", "proper = edges",
          "a self loop of the user's own counts twice", (f"{LOWER}graph_to_program.py::test_neighbours_are_pygs",)),
    Fault("match-two-reads-of-a-bank", "hwgen/lower/match.py",
          "units, chosen = linear_sum_assignment(np.where(wanted > 0, weight, 0), maximize=True)",
          "units, chosen = np.arange(UNITS), np.where(wanted > 0, weight, 0).argmax(1)",
          "every element takes its favourite bank: two may read one bank in a slot",
          (f"{LOWER}match.py::test_any_problem_is_scheduled_legally",)),
    Fault("schedule-half-stuck", "hwgen/lower/program_to_schedule.py",
          "read_half=(index - 1) % 2 if index else 0", "read_half=index % 2",
          "a pass reads the rows that it is writing",
          (f"{LOWER}schedule.py::test_passes_share_slots_and_alternate_halves",)),
    Fault("schedule-rows-swapped", "hwgen/lower/program_to_schedule.py",
          'row[np.argsort(node * UNITS + bank, kind="stable")]', 'row[np.argsort(node, kind="stable")]',
          "reads of a node meet the rows of another bank", (f"{LOWER}schedule.py::test_every_read_is_scheduled_once",)),
    Fault("clos-routes-transposed", "hwgen/lower/clos.py",
          "second[at, RADIX * middle + outlet] = inlet", "second[at, RADIX * outlet + middle] = inlet",
          "middle switches get the routes of each other",
          (f"{LOWER}clos.py::test_any_partial_permutation_is_delivered",)),
    Fault("images-params-by-node", "hwgen/lower/images.py",
          "columns = fields[index][:, schedule.passes[index].order[server][port]]",
          "columns = fields[index][:, np.sort(schedule.passes[index].order[server][port])]",
          "row parameters come by node number, not in the order in which nodes finish", (ONE_GROUP,)),
    Fault("images-planes-upside-down", "hwgen/lower/memories.py",
          "np.arange(steps)[::-1, None] * planes", "np.arange(steps)[:, None] * planes",
          "dense input comes least significant plane first", (DENSE,)),
    Fault("images-table-overflow", "hwgen/lower/memories.py",
          "width = hardware.weight_bits + 3\n", "width = hardware.weight_bits + 2\n",
          "table entries are packed a bit too narrow",
          (f"{LOWER}images.py::test_the_load_stream_computes_what_the_reference_computes",)),
    Fault("sources-over-node-rows", "hwgen/lower/place_sources.py",
          "np.where(index < above, taken + index, half + taken + index - above)", "taken + index",
          "source rows run on into the node rows of the other half",
          (f"{LOWER}owners.py::test_source_rows_lie_above_the_node_rows",)),
    Fault("capacity-off-by-one", "hwgen/lower/choose_hardware.py",
          "if wanted > have:", "if wanted > have + 1:",
          "a program one word over a capacity is let through",
          (f"{LOWER}choose_hardware.py::test_each_capacity_is_refused_by_name",)),
)

REST = (
    Fault("numeric-zero-is-negative", "hwgen/numeric.py",
          "(mid >= 0).astype(np.int64)", "(mid > 0).astype(np.int64)",
          "a tie of sum and bias rounds down where the sum is zero",
          (f"{NUMERIC}::test_the_first_beat_decides_which_way_ties_away_from_zero_go",)),
    Fault("reference-first-clip", "hwgen/reference/execute.py",
          "high = limits.high if stage.row_bits is None else ((1 << stage.row_bits) - 1)[:, None]",
          "high = limits.high",
          "rows clip to the widest row's code, not to their own",
          (f"{LOWER}images.py::test_the_load_stream_computes_what_the_reference_computes",)),
    Fault("cycles-barrier", "hwgen/estimate/cycles.py",
          "for _ in range(SHELL_DONE - SHELL_QUIET):", "for _ in range(SHELL_DONE - SHELL_QUIET + 1):",
          "the estimate of a pass is one cycle more than the RTL's counter", (ONE_GROUP,)),
    Fault("cycles-shared-port", "hwgen/estimate/cycles.py",
          "1 << index * local + element // count", "1 << element // count",
          "all groups meet at the same ports in the cycle model", (TWO_GROUPS,)),
    Fault("compare-lowest-code-only", "sim/compare.py",
          "(data & (1 << word.count * now.code_bits) - 1) ^ word.codes",
          "(data ^ word.codes) & (1 << now.code_bits) - 1",
          "the scoreboard looks at the first channel of a row only", (f"{COMPARE}::test_wrong_code_is_named",)),
    Fault("compare-missing-rows", "sim/compare.py",
          "if self.mismatch is None and not self.complete:", "if self.mismatch is None and not self.rows:",
          "rows that never come are no difference", (f"{COMPARE}::test_missing_row_is_named_at_the_end",)),
)

FAULTS = GATEWARE + LOWERING + REST
