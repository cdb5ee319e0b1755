"""Edge lists: every unit holds a copy of all rows and reads them along lists that the host packs."""
