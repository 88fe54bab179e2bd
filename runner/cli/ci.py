"""What a run leaves for CI: a JUnit file, annotations and a summary for GitHub.

Nothing here may turn a result into a failure or hide one: what cannot be written is said on stderr,
or refused before the run begins.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runner.secrecy import concealed, concealed_bytes

if TYPE_CHECKING:
    from runner.errors import RunnerError
    from runner.results.facts import RunResult

_PLACE = re.compile(r"\s*(?:where: )?(?P<file>[^:\s][^:]*):(?P<line>\d+)(?::(?P<column>\d+))?")
_MOST = 10
"""Most annotations of one error: GitHub shows ten of a step."""


def check_junit(path: Path) -> None:
    """Find out before the run whether its JUnit file can be written.

    Raises:
        MachineError: E1004, it cannot.
    """
    try:
        with path.open("ab"):
            pass
    except OSError as error:
        raise _unwritable(path, error) from None


def leave_traces(
    strategy: str, result: RunResult | None, error: RunnerError | None, junit: Path | None
) -> None:
    """Write the JUnit file that was asked for, and what GitHub shows of a job.

    Raises:
        MachineError: E1004, the JUnit file cannot be written.
    """
    if result is not None:
        _summarise(result)
    if junit is not None:
        from runner.results.junit import junit_of

        try:
            junit.write_bytes(concealed_bytes(junit_of(strategy, result, error)))
        except OSError as failed:
            raise _unwritable(junit, failed) from None


def annotate(error: RunnerError) -> None:
    """Have GitHub mark the place of an error in the changed files; elsewhere do nothing."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    whole = "\n".join(filter(None, (error.what, error.why, error.fix)))
    lines = error.lines()
    places = [(place, line) for line in lines if (place := _PLACE.match(line))]
    if not places or error.where:
        place = _PLACE.match(error.where)
        _print(error.id, place, whole)
        return
    for place, line in places[:_MOST]:
        _print(error.id, place, line[place.end() :].strip())


def _print(id: str, place: re.Match[str] | None, message: str) -> None:
    # GitHub reads commands from both streams; stdout is for the result alone.
    properties = [f"title={_property(f'runner {id}')}"]
    if place is not None:
        at = [f"file={_property(place['file'])}", f"line={place['line']}"]
        if place["column"]:
            at.append(f"col={place['column']}")
        properties = at + properties
    sys.stderr.write(f"::error {','.join(properties)}::{_data(message)}\n")


def _summarise(result: RunResult) -> None:
    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if not place or os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from runner.results.document import to_summary
    from runner.results.markdown import markdown_of

    try:
        with Path(place).open("a", encoding="utf-8", errors="replace") as file:
            file.write(concealed(markdown_of(to_summary(result))))
    except OSError as error:
        sys.stderr.write(f"warning: the step summary cannot be written: {error.strerror}\n")


def _unwritable(path: Path, error: OSError) -> RunnerError:
    from runner.errors import MachineError

    return MachineError(
        f"the JUnit file cannot be written: {(error.strerror or str(error)).lower()}",
        where=str(path),
        fix="name a file in a directory that exists and can be written to",
        id="E1004",
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
