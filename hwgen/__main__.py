"""``python -m hwgen``."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts the folder where it is started first; the command hwgen does not: nothing there may hide ours.
    if sys.path and Path(sys.path[0]).resolve() == Path.cwd() != Path(__file__).resolve().parents[1]:
        sys.path.append(sys.path.pop(0))
    from .cli import main

    main()
