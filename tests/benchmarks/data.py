"""Candles per second out of a file: checked and put into columns, and through a whole run.

    python -m tests.benchmarks.data [candles]

The run has an empty handler, so that reading is most of it. Packing makes the file smaller and the
reading slower; Parquet needs its extra.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from runner.engine.data import open_data
from runner.engine.data_sample import sample_series
from runner.engine.data_writing import write_series
from tests.benchmarks.embedded import Nothing, product, timed

KINDS = (".csv", ".csv.gz", ".csv.zst", ".parquet")
ROUNDS = 3


def main() -> None:
    """Measure and print."""
    count = next((int(one) for one in sys.argv[1:] if one.isdecimal()), 1_000_000)
    series = sample_series(count, seed=1, timeframe="1m")
    print(f"{count:,} candles of one symbol, best of {ROUNDS} rounds")
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            file = Path(folder) / f"prices{kind}"
            write_series(series, file)
            works: dict[str, Callable[[], object]] = {
                "read": lambda file=file: open_data(str(file), []),
                "read and run": lambda file=file: product(open_data(str(file), [])[0], Nothing),
            }
            times = {name: min(timed(one) for _ in range(ROUNDS)) for name, one in works.items()}
            size = file.stat().st_size / 2**20
            speeds = (f"{name} {count / one / 1e6:5.2f} M/s" for name, one in times.items())
            print(f"{kind:9} {size:6.1f} MiB   {'   '.join(speeds)}", flush=True)


if __name__ == "__main__":
    main()
