"""What the guard of a run starts when the run is dead; no command, nobody types it.

`python -m runner.cli.aftermath CAUSE CODE JOURNAL RECORD`, the paths in hexadecimal; the plan and
what the system wrote down come on stdin.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Act for a dead run, say how it died, and return the exit code that tells both."""
    import logging

    import msgspec

    from runner.app.aftermath import death_of, frames_in, leave, note_death
    from runner.app.logs import begin_json_lines
    from runner.app.supervising import Plan
    from runner.cli import _print_error
    from runner.errors import RunnerError

    line, _, rest = sys.stdin.buffer.read().partition(b"\n")
    plan, dump = msgspec.json.decode(line, type=Plan), rest.decode("utf-8", "replace")
    if plan.log_format == "json":
        begin_json_lines()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    cause, code, journal, record = arguments[0], int(arguments[1]), *map(_path, arguments[2:4])
    death = death_of(cause, code, dump, plan)  # type: ignore[arg-type]
    done, trouble = "", None
    if journal is not None:
        try:
            done, trouble = leave(plan, journal)
        except RunnerError as error:
            trouble = error
    if done and trouble is None:
        sys.stderr.write(f"WARNING: the run is dead; {done} (on_death: {plan.on_death})\n")
    if death is not None:
        frames = frames_in(dump)
        if frames:
            sys.stderr.write("\n".join(["in the strategy (most recent call last):", *frames, ""]))
        if record is not None:
            note_death(record, death)
        _print_error(death)
        code = death.exit_code
    if trouble is not None:
        _print_error(trouble)
        code = trouble.exit_code
    sys.stderr.flush()
    return code


def _path(said: str) -> Path | None:
    return Path(os.fsdecode(bytes.fromhex(said))) if said else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
