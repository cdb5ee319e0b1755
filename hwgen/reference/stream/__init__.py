"""The oracles of the graph-level organisation: real numbers, integers, and load streams."""
