"""The accelerator with banked rows and a host-computed schedule."""
