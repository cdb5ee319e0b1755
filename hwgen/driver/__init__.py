"""What runs a build on a board: Python 3.10 and NumPy alone; every build folder carries these files as they are.

:mod:`hwgen.runtime` drives a board with them, and :mod:`hwgen.deliver` copies them and ``hwgen/errors.py`` into
``driver/hwgen_board``, where they are the same modules below another name. So nothing here may import more of hwgen
than its errors, nor use what Python 3.10 has not (``tests/hwgen/driver/test_alone.py`` runs the copies).
"""

from .device import Device, Ports
from .pynq_board import open_pynq
from .runs import RunFolder
from .serial_board import open_serial

__all__ = ["Device", "Ports", "RunFolder", "open_pynq", "open_serial"]
