"""The edge-list target: lists stream through replicated buffers and wide lanes."""
