"""`python -m tickmargin.cli` is the command."""

import sys

from tickmargin.cli import main

sys.exit(main())
