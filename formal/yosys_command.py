"""Yosys by pyosys, called as SymbiYosys calls ``yosys``: ``-ql LOG SCRIPT``.

The package that brings SymbiYosys has a Yosys of its own in WebAssembly, which is compiled anew for minutes on a new
machine, and then slower than the one that hwgen needs anyway.
"""

import sys

from pyosys import libyosys


def main() -> None:
    """Run a script; what it says goes to the log alone."""
    option, log, script = sys.argv[1:]
    if option != "-ql":
        raise SystemExit(f"not a call that is known: {' '.join(sys.argv[1:])}")
    libyosys.run_pass(f"tee -q -o {log} script {script}", libyosys.Design())


if __name__ == "__main__":
    main()
