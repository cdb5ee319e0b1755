"""Builds of the graph-level organisation: plan a design, pack batches, check what a simulation found."""
