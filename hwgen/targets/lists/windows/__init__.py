"""Graphs larger than the chip: windows of destination rows."""
