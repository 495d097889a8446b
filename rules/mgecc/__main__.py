"""``python -m mgecc``: the command ``mgecc``."""

import sys

from mgecc.cli import main

if __name__ == "__main__":
    sys.exit(main())
