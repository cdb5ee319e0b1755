"""Amaranth components: plain ints in, hardware out, each with an exact integer model()."""
