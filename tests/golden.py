"""Files that hold what was made before, byte for byte, and pages that are made from the code.

`make golden` writes them anew: it runs their tests with SYNC2SYS_TEST_GOLDEN=update. Read the difference
before committing it.
"""

import os
from pathlib import Path


def compare(file: Path, made: bytes) -> None:
    """What is made now is what the file holds."""
    if os.environ.get("SYNC2SYS_TEST_GOLDEN") == "update":
        file.write_bytes(made)
    assert made.decode() == file.read_bytes().decode()
