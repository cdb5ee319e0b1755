"""A server: requantize, combine, requantize, write back."""
