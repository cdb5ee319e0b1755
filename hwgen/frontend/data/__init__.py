"""Graphs: as integer batches, and prepared for execution."""
