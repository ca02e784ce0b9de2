"""``python -m cryoqa_plugin`` is the command ``cryoqa``."""
import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
