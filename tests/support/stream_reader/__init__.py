"""Accelerators as docs/banked.md and docs/lists.md state them, without time: they execute load streams alone."""
