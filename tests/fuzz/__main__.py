"""`python -m tests.fuzz frames --seconds 60`: look for inputs that lead to what is not documented.

Needs the extra `fuzz` (atheris). Inputs that reach new code are kept in `.fuzz/TARGET`, which is
not under version control, and begin the next time with those of the corpus. One that fails is
written to `.fuzz/` as `crash-...`, `timeout-...` or `oom-...`: make it small, put it into
`tests/fuzz/corpus/TARGET/` with the change that mends it, and the suite plays it from then on.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
KEPT = Path(".fuzz")
SLOWEST_S = 5
"""Seconds that one input may take; instrumented code is ten times slower than it is."""
MOST_MIB = 1024
LONGEST = 8192
"""Bytes of the longest input that is tried."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=sorted(one.name for one in CORPUS.iterdir()))
    parser.add_argument("--seconds", type=int, default=60, help="how long")
    given = parser.parse_args()
    try:
        import atheris
    except ImportError:
        sys.exit("fuzzing needs atheris: pip install -e '.[fuzz]'")
    with atheris.instrument_imports(include=["runner", "yaml"], enable_loader_override=False):
        targets = importlib.import_module("tests.fuzz.targets")
    logging.disable()
    kept = KEPT / given.target
    kept.mkdir(parents=True, exist_ok=True)
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={given.seconds}",
            f"-timeout={SLOWEST_S}",
            f"-rss_limit_mb={MOST_MIB}",
            f"-max_len={LONGEST}",
            f"-artifact_prefix={KEPT}/",
            "-print_final_stats=1",
            str(kept),
            str(CORPUS / given.target),
        ],
        targets.TARGETS[given.target],
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
