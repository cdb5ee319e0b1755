"""Deliberate faults. Of the dictionary of weight rows, and of how both targets use it."""

__all__ = ["FAULTS", "SAME"]

_SUMS = "hwgen/network/test_dictionary.py::test_lists_add_up_to_the_same"
_PAIRS = "hwgen/network/test_dictionary.py::test_frequent_pairs_are_one_row_and_opposite_ones_none"
_ROUND = "hwgen/network/test_dictionary.py::test_what_stands_for_a_pair_waits_for_the_next_round"
_LISTS = "hwgen/targets/lists/test_feature_rows.py"
_ZERO = "hwgen/targets/banked/test_zero_rows.py"
_BANKED = "hwgen/targets/banked/test_feature_rows.py"

FAULTS = {
    "hwgen/network/encode_lists.cpp": (
        ("encode-copies-lost", _SUMS,
         "copies that the other row of a pair does not match are lost",
         "times[p.one] -= both, times[p.other] -= both;", "times[p.one] = times[p.other] = 0;"),
        ("encode-sum-at-once", _ROUND,
         "what stands for a pair makes pairs in the same round",
         "stand.emplace_back(p.stands, both)", "add(p.stands, both, round - 1)"),
        ("encode-earlier-rounds", _SUMS,
         "a sum makes pairs of rounds that are over",
         "p.round > round && ", ""),
    ),
    "hwgen/network/dictionary.py": (
        ("dictionary-pair-once", _PAIRS,
         "a pair that a list has several times is replaced once",
         "both = np.minimum(self.times[first], self.times[second])", "both = np.ones_like(first)"),
        ("dictionary-second-kept", _PAIRS,
         "the second row of a pair is added beside the sum",
         "        times[second] -= both\n", ""),
        ("dictionary-sum-once", _SUMS,
         "a row that a list has already is not counted beside the sum that is the same row",
         "found.joined(old[found.row]) if old.any() else found", "found"),
        ("dictionary-order-of-rows",
         "hwgen/network/test_dictionary.py::test_rows_of_zeros_are_not_added_and_equal_ones_are_one",
         "features name different rows in the order of their codes",
         "of[filled] = place[inverse.ravel()]", "of[filled] = inverse.ravel()"),
        ("dictionary-within-one-more", "hwgen/network/test_dictionary.py::test_pairs_make_the_same_dictionary_again",
         "a dictionary that is cut names the first row that is gone",
         "kept = (self.pairs[:, 1:] < most).all(axis=1)", "kept = (self.pairs[:, 1:] <= most).all(axis=1)"),
        ("dictionary-planes-reversed", "hwgen/network/test_dictionary.py::test_planes_are_the_bits_of_codes",
         "planes come with the least significant first",
         "plane = np.arange(bits - 1, -1, -1)", "plane = np.arange(bits)"),
        ("dictionary-twice-in-a-round", "hwgen/network/test_dictionary.py::test_pairs_that_cannot_be_are_refused",
         "a file may have a row in two pairs of a round",
         " or len(np.unique(pairs)) != pairs.size", ""),
    ),
    "hwgen/network/pair_search.py": (
        ("pairs-sum-too-large", _PAIRS,
         "sums beyond the largest code are rows",
         " & (sums <= allowed.high).all(axis=1)", ""),
        ("pairs-rare", "hwgen/network/test_dictionary.py::test_what_few_lists_have_is_no_row",
         "pairs that two nodes have are worth a row",
         "LEAST = 3  #:", "LEAST = 2  #:"),
        ("pairs-counted-in-part", "hwgen/network/test_dictionary.py::test_many_lists_are_counted_in_part",
         "of many lists none is left out, and the search takes as long as it takes",
         "here = (counts.list % every == 0) &", "here = (counts.list < 0) &"),
        ("pairs-rarest-first", _PAIRS,
         "of the pairs of a round those that fewest nodes have are taken",
         "first[kept], -together[kept]))", "first[kept], together[kept]))"),
    ),
    "hwgen/targets/banked/feature_rows.py": (
        ("told-in-unused-rows", f"{_BANKED}::test_every_other_graph_is_told_in_the_same_rows",
         "rows that the graph does not read are loaded",
         "np.flatnonzero(np.bincount(reads[program.rows_of(0)].indices, minlength=reads.shape[1]))",
         "np.arange(len(dictionary.rows))"),
        ("told-room-of-nodes", f"{_BANKED}::test_a_larger_graph_leaves_fewer_sums_in_the_banks",
         "rows of nodes take no room in the banks",
         "UNITS * hardware.bank_depth - int(program.written.sum())", "UNITS * hardware.bank_depth"),
        ("told-wide-sums", f"{_BANKED}::test_sums_are_codes_of_the_banks",
         "sums are as wide as eight bits in banks of four",
         "program.features, hardware.code_bits)", "program.features, 8)"),
    ),
    "hwgen/targets/banked/zero_rows.py": (
        ("zero-rows-by-bits",
         f"{_ZERO}::test_results_do_not_depend_on_rows_that_are_left_out",
         "a row counts as zero where its least code is zero",
         "(bounds.low == 0).all(axis=1) & (bounds.high == 0).all(axis=1)", "(bounds.low == 0).all(axis=1)"),
        ("zero-rows-still-computed",
         f"{_ZERO}::test_a_row_that_only_rows_of_0_bits_read_is_not_computed",
         "rows that only zero rows read are computed",
         "rows.insert(0, read & ~zero[index])", "rows.insert(0, ~zero[index])"),
        ("zero-rows-of-all-passes",
         f"{_ZERO}::test_programs_without_zero_rows_stay_as_they_are",
         "a pass may have no row at all",
         " or not all(each.any() for each in rows)", ""),
    ),
    "hwgen/targets/banked/schedule/place_sources.py": (
        ("sources-over-nodes",
         "hwgen/targets/banked/schedule/test_owners.py::test_source_rows_lie_where_no_row_of_a_node_is_written",
         "source rows lie where the second half's node rows are written",
         "taken[owners.unit[written], half, owners.row[written]] = True",
         "taken[owners.unit[written], 0, owners.row[written]] = True"),
    ),
    "hwgen/targets/banked/session.py": (
        ("uniform-without-rows",
         f"{_ZERO}::test_uniform_widths_are_counted_with_all_rows",
         "uniform widths are counted without the rows that learned 0 bits",
         "        if self.program.live is None:\n", "        if self.program is not None:\n"),
    ),
    "hwgen/targets/banked/program.py": (
        ("live-sources-ignored",
         f"{_ZERO}::test_results_do_not_depend_on_rows_that_are_left_out",
         "rows that were not written are read",
         "                read &= self.live[index].sources[matrix.indices]\n", "                pass\n"),
        ("gathered-plain", f"{_BANKED}::test_the_sample_is_told_in_as_many_rows_as_its_nodes_leave",
         "schedules are made of the weight rows, whatever the dictionary",
         "if source is None or self.told is not None:", "if source is None:"),
    ),
    "hwgen/targets/lists/feature_rows.py": (
        ("rows-beyond-blocks", f"{_LISTS}::test_buffers_are_no_larger_without_being_faster",
         "a buffer that is filled up is one block deeper",
         "    return depth\n", "    return depth + DEPTH_STEP\n"),
        ("rows-of-one-matrix", f"{_LISTS}::test_buffers_are_no_larger_without_being_faster",
         "buffers are deepened, and hold no sum",
         "told, saved = self.most(program, rows)", "told, saved = self.most(program, least)"),
    ),
    "hwgen/targets/lists/program.py": (
        ("stored-first-matrix", f"{_LISTS}::test_the_buffer_holds_each_matrix_in_the_rows_of_the_dictionary",
         "the second matrix has the rows of the first",
         "return self.dictionary.rows[:, start:start + rows.shape[1]]",
         "return self.dictionary.rows[:, :rows.shape[1]]"),
    ),
    "hwgen/targets/lists/design.py": (
        ("windows-forget-rows", f"{_LISTS}::test_a_dictionary_is_kept_where_ranges_are_proved_anew",
         "a graph beyond the limits is told in features again",
         "told_in(lower(network, **longest), program.dictionary)", "told_in(lower(network, **longest), None)"),
    ),
}

SAME: dict[str, tuple[tuple[str, ...], ...]] = {}
