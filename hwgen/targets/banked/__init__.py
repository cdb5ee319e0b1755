"""Banked memories: every group holds all rows in 16 banks, read on a schedule that the host computes."""
