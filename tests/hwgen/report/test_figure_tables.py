"""Figures as text: counts beside shares, one row for each figure that some model has, and numbers of one."""

import numpy as np
from networks import gin_network, random_batch

from hwgen.network.figures import Figures, figures_of
from hwgen.network.heads import Head
from hwgen.network.sample import Limits, Sample
from hwgen.report.figure_tables import counted, figure_table, headline_figure


def figures(labels: object, fp32: object, integer: object, *, hardware: object = None, head: Head = "") -> Figures:
    theirs, mine = np.array(fp32, dtype=float), np.array(integer, dtype=float)
    batch = random_batch(0, gin_network(0), graphs=len(theirs))
    return figures_of(Sample(batch=batch, labels=None if labels is None else np.array(labels), mask=None, logits=None,
                             limits=Limits.of(batch, 1), fp32=theirs, integer=mine), data="g.npz",
                      of="graphs", head=head, hardware=None if hardware is None else np.array(hardware, dtype=float))


def test_classes() -> None:
    found = figures([0, 1, -1], [[1, 0], [0, 1], [0, 1]], [[1, 0], [1, 0.5], [0, 1]])
    table = figure_table(found)
    assert table.title == ("Results on g.npz; whole labels: the largest of 2 results; 2 of 3 graphs scored, 1 without "
                           "a label left out")
    assert list(table.columns) == ["figure", "FP32", "integer program"]
    assert table.rows == [
        ("accuracy", "100.00%: 2 of 2", "50.00%: 1 of 2"),
        ("same class as FP32", "-", "66.67%: 1 of 3 differs"),
        ("largest / median difference from FP32", "-", "100.000% / 0.000% of its range")]
    assert headline_figure(found) == ("50.00%", "accuracy, integer program, 2 graphs; FP32 100.00%")


def test_one_graph_has_no_percents() -> None:
    found = figures([1], [[0, 1]], [[0, 1]])
    assert figure_table(found).rows[:2] == [
        ("accuracy", "1 of 1", "1 of 1"), ("same class as FP32", "-", "0 of 1 differ")]
    assert headline_figure(found) == ("1 of 1", "accuracy, integer program, 1 graph; FP32 1 of 1")
    assert counted(found) == "whole labels: the largest of 2 results; 1 of 1 graph scored"


def test_real_values_in_their_unit() -> None:
    found = figures([0.5, 2.5, 7.0], [[0.5], [2.5], [7.0]], [[0.5], [3.5], [7.0]])
    assert [row[0] for row in figure_table(found).rows] == [
        "mean error", "largest error", "R²", "largest / median difference from FP32"]
    assert figure_table(found).rows[1] == ("largest error", "0", "1")
    assert headline_figure(found) == ("0.3333", "mean error, integer program, 3 graphs; FP32 0")


def test_hardware_stands_for_the_rows_that_were_simulated() -> None:
    found = figures([0, 1, 1], [[1, 0], [0, 1], [0, 1]], [[1, 0], [0, 1], [1, 0]], hardware=[[1, 0], [0, 1]])
    table = figure_table(found)
    assert list(table.columns) == ["figure", "FP32", "integer program", "hardware, 2 of 3 graphs"]
    assert table.rows[:2] == [("accuracy", "100.00%: 3 of 3", "66.67%: 2 of 3", "100.00%: 2 of 2"),
                              ("same class as FP32", "-", "66.67%: 1 of 3 differs", "100.00%: 0 of 2 differ")]
    assert headline_figure(found) == ("66.67%", "accuracy, integer program, 3 graphs; FP32 100.00%")
    whole = figures([0, 1], [[1, 0], [0, 1]], [[1, 0], [0, 1]], hardware=[[1, 0], [0, 1]])
    assert figure_table(whole).columns[-1] == "hardware"
    assert headline_figure(whole) == ("100.00%", "accuracy, hardware, 2 graphs; FP32 100.00%")


def test_real_labels_are_compared_with_what_forward_returns() -> None:
    logits = [[0.0], [np.log(3)], [-np.log(3)]]  # sigmoids 0.5, 0.75, 0.25
    found = figures([0.5, 0.5, 0.25], logits, logits, head="sigmoid")
    assert counted(found) == "real labels, 1 result behind sigmoid; 3 of 3 graphs scored"
    assert figure_table(found).rows[1] == ("largest error", "0.25", "0.25")
    found = figures([0, 1, 0], logits, logits, head="sigmoid")  # classes follow from the sign, as before
    assert figure_table(found).rows[0] == ("accuracy", "100.00%: 3 of 3", "100.00%: 3 of 3")


def test_several_labels() -> None:
    found = figures([[1, 0], [1, 1]], [[1, -1], [1, 1]], [[1, -1], [1, -1]])
    assert figure_table(found).rows[:3] == [
        ("micro-F1", "1.0000", "0.8000"), ("labels right", "100.00%: 4 of 4", "75.00%: 3 of 4"),
        ("same sign as FP32", "-", "75.00%: 1 of 4 differs")]
    assert headline_figure(found) == ("0.8000", "micro-F1, integer program, 2 graphs; FP32 1.0000")


def test_nothing_that_the_data_do_not_support() -> None:
    found = figures(None, [[1], [2]], [[1], [2]])
    assert [row[0] for row in figure_table(found).rows] == [
        "largest / median difference from FP32"]
    assert counted(found) == "no labels, 1 result; 2 graphs, none of them scored"
    assert headline_figure(found) is None
    assert [row[0] for row in figure_table(figures([0, 9], [[1, 0], [2, 0]], [[1, 0], [2, 0]])).rows] == [
        "largest / median difference from FP32"]
