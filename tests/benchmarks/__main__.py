"""Run every benchmark, one after the other, each in a process of its own.

python -m tests.benchmarks [name ...] [--large]
"""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    "embedded",
    "orders",
    "records",
    "dashboard",
    "lockstep",
    "server",
    "startup",
    "data",
    "memory",
)


def main() -> None:
    """Run those named, or all; options are for those that know them."""
    named = [one for one in sys.argv[1:] if not one.startswith("-")]
    options = [one for one in sys.argv[1:] if one.startswith("-")]
    for name in named or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}", *options], check=True)


if __name__ == "__main__":
    main()
