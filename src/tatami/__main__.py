"""What ``python -m tatami`` does: the same as the command ``tatami``."""

import sys

from .cli import main

sys.exit(main())
