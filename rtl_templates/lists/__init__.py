"""The graph-level organisation: edge lists stream through replicated buffers and wide lanes."""
