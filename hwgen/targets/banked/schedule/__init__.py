"""Which bank is read in which slot, and how its row reaches its processing element."""
