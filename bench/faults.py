"""Deliberate faults that a test must catch: the table of ``bench/mutations.py``.

Each is a slip that somebody could make while changing that file. A row is a name, the id of the test that catches it
(as pytest takes it, in ``tests/``, so that a test that was renamed is an error and not a selection of nothing), what
then goes wrong, text that occurs once in the file, and what replaces it. :mod:`faults_lists` has those of the
edge-list target, :mod:`faults_shell` those of what surrounds both.
"""

from fault import Fault
from faults_lists import STREAM
from faults_shell import SHELL

__all__ = ["FAULTS", "Fault"]

NODE = {
    "rtl_templates/banked/lane.py": (
        ("lane-unsigned-codes", "rtl_templates/banked/test_lane.py::test_sums",
         "the top digit of a code loses its sign",
         "total.eq(acc + code.as_signed())", "total.eq(acc + code)"),
        ("lane-finishes-early", "rtl_templates/banked/test_lane.py::test_sums",
         "a sum leaves before the higher digits are in it",
         "coming = self.last & self.step[-1]", "coming = self.last & self.step[0]"),
        ("lane-no-stall", "rtl_templates/banked/test_lane.py::test_sums",
         "two sums in a row: the second overwrites the first",
         "(valid & ~self.ack | load)", "(valid & ~self.ack)"),
    ),
    "rtl_templates/banked/clos.py": (
        ("clos-stage-order", "rtl_templates/banked/test_clos.py::test_model_follows_the_documented_paths",
         "no wires cross between stages, in the RTL and in its model alike",
         "return n % RADIX * RADIX + n // RADIX", "return n"),
        ("clos-runs-on", "rtl_templates/banked/test_clos.py::test_random_routes_at_full_rate_and_frozen",
         "the network moves while its group is frozen",
         "with m.If(self.enable):", "with m.If(1):"),
    ),
    "rtl_templates/cells/bank.py": (
        ("bank-runs-on", "rtl_templates/cells/test_bank.py", "a bank's output register moves while its group is frozen",
         "with m.If(self.enable):\n            m.d.sync += output", "with m.If(1):\n            m.d.sync += output"),
    ),
    "rtl_templates/banked/group.py": (
        ("group-deaf-to-an-element", "rtl_templates/banked/test_group.py::test_passes",
         "the group does not freeze for element 15, whose sums are lost",
         "enable.eq(~blocks.any())", "enable.eq(~blocks[:-1].any())"),
        ("group-reads-other-half", "test_end_to_end.py::test_sample_graph[bit-serial,-1-group]",
         "every pass reads the lower half of the banks, whichever was written last",
         "row[-1] ^ half", "row[-1]"),
    ),
    "rtl_templates/banked/schedule_reader.py": (
        ("schedule-reader-one-slot-short", "rtl_templates/banked/test_group.py::test_passes",
         "the last slot of a pass is skipped",
         "run.eq(left != 1)", "run.eq(left > 2)"),
        ("schedule-reader-any-group", "rtl_templates/banked/test_group.py::test_passes",
         "a group takes the schedule of another",
         "(self.load.unit == Cat(Const(chunk, range(UNITS)), self.index))",
         "(self.load.unit[:4] == Const(chunk, range(UNITS)))"),
    ),
    "rtl_templates/banked/requantize.py": (
        ("requantize-ties-toward-zero", "rtl_templates/banked/test_requantize.py::test_lanes",
         "half up is half away from zero for negative sums",
         "minus.eq(~b_next & up_next)", "minus.eq(0)"),
        ("requantize-clip-asymmetric", "rtl_templates/banked/test_requantize.py::test_lanes",
         "signed codes reach -2^k, one below their range",
         "| (sign & signs[0] & ((rounded[:CODE_BITS] & mask[0]) == 0))", ""),
        ("requantize-shared-bias-row", "test_end_to_end.py::test_sample_graph[bit-serial,-1-group]",
         "a rank-1 bias is scaled by the row factor of the sum",
         "Mux(b[REQUANT_MULTIPLIER], self.bias_r, self.row_r)", "self.row_r"),
    ),
    "rtl_templates/cells/mac.py": (
        ("mac-planes-swapped", "rtl_templates/cells/test_mac.py::test_dot_products",
         "of two planes a cycle the lower one counts double",
         "sums[0][column], (sums[1][column] << 1)", "sums[1][column], (sums[0][column] << 1)"),
        ("mac-shifts-between-pages", "rtl_templates/cells/test_mac.py::test_dot_products",
         "inputs of a later page have less weight",
         "Mux(flags[2], acc, shifted).as_signed() if self.pages > 1 else shifted", "shifted"),
    ),
    "rtl_templates/banked/server/issue.py": (
        ("issue-ignores-post-beats", "rtl_templates/banked/server/test_server.py::test_passes",
         "a node's first stage takes the lanes that another's second stage needs",
         "blocked.eq(q1_beats + task.q2_chunks - 1)", "blocked.eq(0)"),
        ("issue-interval-short", "rtl_templates/banked/server/test_server.py::test_full_rate",
         "nodes follow each other a cycle too soon",
         "m.d.sync += wait.eq(interval - 1)", "m.d.sync += wait.eq(Mux(interval > 1, interval - 2, 0))"),
        ("issue-unfair", "rtl_templates/banked/server/test_server.py::test_full_rate",
         "the arbiter always begins at port 1",
         "m.d.sync += recent.eq(chosen)", "m.d.sync += recent.eq(0)"),
    ),
    "rtl_templates/banked/server/write.py": (
        ("write-digits-reversed", "test_end_to_end.py::test_sample_graph[bit-serial,-1-group]",
         "rows lie in the banks with their highest digit first",
         "copy[lane * self.code_bits + k * self.digit:]", "copy[(lane + 1) * self.code_bits - (k + 1) * self.digit:]"),
        ("write-stale-channels", "rtl_templates/banked/server/test_server.py::test_passes",
         "channels that a pass does not have keep the codes of the node before",
         "m.d.sync += row[k].eq(0)", "m.d.sync += row[k].eq(row[k])"),
    ),
    "rtl_templates/banked/accelerator.py": (
        ("accelerator-forgets-held-sums",
         "rtl_templates/banked/test_accelerator.py::test_every_group_sum_and_server_holds_a_pass_open",
         "a pass ends while sums wait for their server",
         "group.active | Cat(hold.valid for hold in group.hold).any()", "group.active"),
        ("accelerator-ports-crossed", "rtl_templates/banked/test_accelerator.py::test_load_run_store_in_one_command",
         "a server's ports are numbered element first, not group first",
         "port = index * (UNITS // count) + local", "port = local * len(self.groups) + index"),
    ),
    "hwgen/targets/banked/fixed_point.py": (
        ("fold-floors", "hwgen/targets/banked/test_fixed_point.py::test_constants_are_the_nearest_integers",
         "constants are cut off instead of rounded",
         "exact = np.rint(values * gain)", "exact = np.floor(values * gain)"),
        ("fold-loses-bias-rows",
         "hwgen/targets/banked/test_network_to_program.py::test_every_stage_rounds_the_real_value",
         "all rows share one factor for their bias",
         "row=r, bias_row=rb,", "row=r, bias_row=None if rb is None else np.full_like(rb, rb.max()),"),
    ),
    "hwgen/network/batch.py": (
        ("program-double-self-loops", "hwgen/targets/banked/test_network_to_program.py::test_neighbours_are_pygs",
         "a self loop of the user's own counts twice",
         "proper, loops = source != target,", "proper, loops = source == source,"),
    ),
    "hwgen/targets/banked/schedule/match.py": (
        ("match-two-reads-of-a-bank",
         "hwgen/targets/banked/schedule/test_match.py::test_any_problem_is_scheduled_legally",
         "every element takes its favourite bank: two may read one bank in a slot",
         "units, chosen = linear_sum_assignment(np.where(wanted > 0, weight, 0), maximize=True)",
         "units, chosen = np.arange(UNITS), np.where(wanted > 0, weight, 0).argmax(1)"),
    ),
    "hwgen/targets/banked/schedule/schedule.py": (
        ("schedule-half-stuck",
         "hwgen/targets/banked/schedule/test_schedule.py::test_passes_share_slots_and_alternate_halves",
         "a pass reads the rows that it is writing",
         "read_half=(index - 1) % 2 if index else 0", "read_half=index % 2"),
        ("schedule-rows-swapped", "hwgen/targets/banked/schedule/test_schedule.py::test_every_read_is_scheduled_once",
         "reads of a node meet the rows of another bank",
         'row[np.argsort(node * UNITS + bank, kind="stable")]', 'row[np.argsort(node, kind="stable")]'),
    ),
    "hwgen/targets/banked/schedule/clos.py": (
        ("clos-routes-transposed",
         "hwgen/targets/banked/schedule/test_clos.py::test_any_partial_permutation_is_delivered",
         "middle switches get the routes of each other",
         "second[at, RADIX * middle + outlet] = inlet", "second[at, RADIX * outlet + middle] = inlet"),
    ),
    "hwgen/targets/banked/images.py": (
        ("images-params-by-node", "test_end_to_end.py::test_sample_graph[bit-serial,-1-group]",
         "row parameters come by node number, not in the order in which nodes finish",
         "columns = fields[index][:, schedule.passes[index].order[server][port]]",
         "columns = fields[index][:, np.sort(schedule.passes[index].order[server][port])]"),
    ),
    "hwgen/targets/banked/memories.py": (
        ("images-planes-upside-down", "test_end_to_end.py::test_sample_graph[dense-input]",
         "dense input comes least significant plane first",
         "np.arange(steps)[::-1, None] * planes", "np.arange(steps)[:, None] * planes"),
    ),
    "hwgen/targets/mac_tables.py": (
        ("images-table-overflow",
         "hwgen/targets/banked/test_images.py::test_the_load_stream_computes_what_the_reference_computes",
         "table entries are packed a bit too narrow",
         "width = table_bits(weight_bits)\n", "width = table_bits(weight_bits) - 1\n"),
    ),
    "hwgen/targets/banked/schedule/place_sources.py": (
        ("sources-over-node-rows",
         "hwgen/targets/banked/schedule/test_owners.py::test_source_rows_lie_above_the_node_rows",
         "source rows run on into the node rows of the other half",
         "np.where(index < above, taken + index, half + taken + index - above)", "taken + index"),
    ),
    "hwgen/targets/banked/sizes.py": (
        ("capacity-off-by-one", "hwgen/targets/banked/test_sizes.py::test_each_capacity_is_refused_by_name",
         "a program one word over a capacity is let through",
         "if wanted > have:", "if wanted > have + 1:"),
    ),
    "hwgen/targets/banked/arithmetic.py": (
        ("numeric-zero-is-negative",
         "hwgen/test_numeric.py::test_the_first_beat_decides_which_way_ties_away_from_zero_go",
         "a tie of sum and bias rounds down where the sum is zero",
         "(mid >= 0).astype(np.int64)", "(mid > 0).astype(np.int64)"),
    ),
    "hwgen/targets/banked/execute.py": (
        ("reference-first-clip",
         "hwgen/targets/banked/test_images.py::test_the_load_stream_computes_what_the_reference_computes",
         "rows clip to the widest row's code, not to their own",
         "high = limits.high if stage.row_bits is None else ((1 << stage.row_bits) - 1)[:, None]",
         "high = limits.high"),
    ),
    "hwgen/targets/banked/cycles.py": (
        ("cycles-barrier", "test_end_to_end.py::test_sample_graph[bit-serial,-1-group]",
         "the estimate of a pass is one cycle more than the RTL's counter",
         "for _ in range(SHELL_DONE - SHELL_QUIET):", "for _ in range(SHELL_DONE - SHELL_QUIET + 1):"),
        ("cycles-shared-port", "test_end_to_end.py::test_sample_graph[digit-2,-2-groups]",
         "all groups meet at the same ports in the cycle model",
         "1 << index * local + element // count", "1 << element // count"),
    ),
    "sim/scoreboard.py": (
        ("compare-lowest-code-only", "sim/test_scoreboard.py::test_wrong_code_is_named",
         "the scoreboard looks at the first channel of a row only",
         "(data & (1 << word.width * facts.code_bits) - 1) ^ word.codes",
         "(data ^ word.codes) & (1 << facts.code_bits) - 1"),
        ("compare-missing-rows", "sim/test_scoreboard.py::test_missing_row_is_named_at_the_end",
         "rows that never come are no difference",
         "if self.mismatch is None and not self.complete:", "if self.mismatch is None and not self.rows:"),
    ),
}

FAULTS = tuple(Fault(name, file, old, new, why, f"tests/{test}") for table in (NODE, STREAM, SHELL)
               for file, rows in table.items() for name, test, why, old, new in rows)
