"""make bench: every promise about speed and memory as a ratio, measured against the limit in the same run.

`python -m bench [name …]` runs some of them. The machine may be shared and noisy: ratios count, and a
ratio that misses its requirement is printed as MISSED and ends the run with 1.
"""

import importlib
import sys
from collections.abc import Iterator

#: Each has `run()`, which yields (what, measured, requirement, met).
MODULES = ("render", "explanations", "renders", "serving", "sync", "shopify", "suppliers")


def main(names: list[str]) -> int:
    missed = 0
    for name in names or MODULES:
        print(f"{name}:", flush=True)
        for what, measured, requirement, met in _rows(name):
            missed += not met
            print(
                f"  {'met   ' if met else 'MISSED'}  {what}: {measured} (required: {requirement})", flush=True
            )
    print(f"{missed} missed" if missed else "all met")
    return 1 if missed else 0


def _rows(name: str) -> Iterator[tuple[str, str, str, bool]]:
    yield from importlib.import_module(f"bench.{name}").run()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
