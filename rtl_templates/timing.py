"""Latencies of the pipeline in cycles, as plain integers: the RTL and the cycle model read the same numbers."""
