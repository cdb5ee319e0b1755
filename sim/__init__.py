"""Cosimulation of a build folder; knows nothing else."""
