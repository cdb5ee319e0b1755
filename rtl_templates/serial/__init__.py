"""A serial line instead of a bus: UART, frames with a checksum, and the two queues that stand in for memory."""
