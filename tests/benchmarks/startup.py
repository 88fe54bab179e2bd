"""Start-up of the commands that must answer at once, in CPU time and on the clock.

python -m tests.benchmarks.startup
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

ROUNDS = 11
COMMANDS = (
    ("python -c pass", [sys.executable, "-c", "pass"]),
    ("runner --version", [sys.executable, "-m", "runner", "--version"]),
    ("runner --help", [sys.executable, "-m", "runner", "--help"]),
    (
        "runner validate-config configs/embedded.yaml",
        [sys.executable, "-m", "runner", "validate-config", "configs/embedded.yaml"],
    ),
    (
        "runner run strategies/sma_cross.py",
        [sys.executable, "-m", "runner", "run", "strategies/sma_cross.py"],
    ),
)


def once(command: list[str]) -> tuple[float, float]:
    """Return CPU and clock seconds of one run; its output is thrown away."""
    before = os.times()
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    clock = time.perf_counter() - start
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system
    return cpu - before.children_system, clock


def main() -> None:
    """Measure and print."""
    print(f"best of {ROUNDS}")
    for name, command in COMMANDS:
        rounds = [once(command) for _ in range(ROUNDS)]
        cpu, clock = min(a for a, _ in rounds), min(b for _, b in rounds)
        print(f"{name:48} CPU {cpu * 1000:5.0f} ms   clock {clock * 1000:5.0f} ms")


if __name__ == "__main__":
    main()
