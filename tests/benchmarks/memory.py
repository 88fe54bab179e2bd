"""Peak memory of an embedded run, each size in a process of its own.

python -m tests.benchmarks.memory [candles ...]
"""

from __future__ import annotations

import resource
import subprocess
import sys

from strategies.sma_cross import SmaCross
from tests.benchmarks.embedded import product
from tests.benchmarks.synthetic import synthetic


def peak_mib() -> float:
    """Return the most memory this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(count: int) -> None:
    """Run the SMA cross 50/200 over `count` candles and print what memory it took."""
    series = synthetic(count)
    data = peak_mib()
    executions = product(series, SmaCross, fast=50, slow=200)
    print(
        f"{count:>10,} candles: {data:6.0f} MiB with the data loaded, {peak_mib():6.0f} MiB at the"
        f" peak of the run ({executions:,} executions)",
        flush=True,
    )


def main() -> None:
    """Measure each size in a fresh process, because peaks never go down."""
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        measure(int(sys.argv[2]))
        return
    for count in sys.argv[1:] or ("1000", "1000000", "5000000"):
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.memory", "--one", count], check=True
        )


if __name__ == "__main__":
    main()
