"""A child that reads one file: what to do comes as JSON on its input, what it finds goes out in frames.

It is started by its path, so that it loads the readers alone and not the service around them: it starts in a
tenth of a second, needs a few megabytes, and has nothing in its memory that a file could be after.
"""

import sys
import types
from pathlib import Path

_package = types.ModuleType("sync2sys")
_package.__path__ = [str(Path(__file__).parents[1])]
sys.modules.setdefault("sync2sys", _package)

from sync2sys.readers import confined  # noqa: E402 - only now it is found

if __name__ == "__main__":
    raise SystemExit(confined.main())
