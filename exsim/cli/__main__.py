"""`python -m exsim.cli`, where the console script is not installed."""

from __future__ import annotations

import sys

from exsim.cli import main

if __name__ == "__main__":
    sys.exit(main())
