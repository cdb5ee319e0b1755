"""The four intermediate representations, in the order data flows: graph, program, hardware, schedule."""
