"""What surrounds every accelerator: AXI, registers, loader, store, counters."""
