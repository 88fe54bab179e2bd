"""Run every benchmark, one after the other, each in a process of its own.

python -m tests.benchmarks [name ...]
"""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = ("embedded", "orders", "lockstep", "server", "startup", "memory")


def main() -> None:
    """Run those named, or all."""
    for name in sys.argv[1:] or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], check=True)


if __name__ == "__main__":
    main()
