"""Peak memory of what goes through a whole file, each size and each work in a process of its own.

    python -m tests.benchmarks.memory [candles ...] [--large]

`--large` adds fifty million candles, which take 2.8 GiB for the file, 3 GiB for the columns that
rest on the disk meanwhile, and some ten minutes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from runner.cli.data import data
from runner.engine.data import open_data
from runner.engine.data_sample import sample_series
from runner.engine.data_writing import write_series
from strategies.sma_cross import SmaCross
from tests.benchmarks.embedded import Averages, product

SIZES = ("1000", "1000000", "10000000")
LARGE = "50000000"
_FOLDER = "/var/tmp" if Path("/var/tmp").is_dir() else None


def peak_mib() -> float:
    """Return the most memory this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def work(what: str, file: str) -> str:
    """Do one thing with the file and return what else there is to say about it."""
    if what in ("inspect", "convert"):
        target = [f"{file}.gz", "--quiet", "--force"] if what == "convert" else ["--json"]
        data([what, file, *target], standalone_mode=False)
        return ""
    series = open_data(file, ["S:SYNTH"])
    if what == "read":
        return ""
    if what == "run":
        product(series[0], Averages)
        return ""
    executions = product(series[0], SmaCross, fast=50, slow=200)
    return f", {executions:,} executions"


def measure(what: str, file: str) -> None:
    """Do one thing with the file and print what memory it took."""
    start = time.perf_counter()
    said = work(what, file)
    seconds = time.perf_counter() - start
    print(f"    {what:8} {peak_mib():6.0f} MiB, {seconds:6.1f} s{said}", file=sys.stderr)


def main() -> None:
    """Measure each size in fresh processes, because peaks never go down."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--one"]:
        measure(*arguments[1:])
        return
    sizes = [one for one in arguments if one.isdecimal()] or list(SIZES)
    if "--large" in arguments:
        sizes.append(LARGE)
    for count in sizes:
        with tempfile.TemporaryDirectory(dir=_FOLDER) as folder:
            file = f"{folder}/prices.csv"
            write_series(sample_series(int(count), seed=1, timeframe="1m"), Path(file))
            print(
                f"{int(count):>10,} candles, {Path(file).stat().st_size / 2**20:.0f} MiB of CSV",
                flush=True,
            )
            for what in ("read", "run", "orders", "inspect", "convert"):
                _measured(what, file)


def _measured(what: str, file: str) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.memory", "--one", what, file]
    # What `inspect` prints is not wanted.
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
