"""The quantized model: one IR for every scheme and target, the graphs that travel with it, and its float64 oracle."""
