"""Look at everything in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from runner.config.load import load_config
from runner.config.problems import InvalidConfigError
from runner.doctor.finding import Finding, failure, ok
from runner.doctor.machine import clock_findings, folder_findings, terminal_findings
from runner.doctor.packages import package_findings, python_findings
from runner.doctor.peers import peer_findings

TIMEOUT_S = 3.0
"""Longest wait for an answer of one peer."""


def examine(
    file: Path | None,
    *,
    environ: Mapping[str, str],
    cwd: Path,
    stream: TextIO,
    timeout_s: float = TIMEOUT_S,
) -> Iterator[Finding]:
    """Yield what is found, as soon as it is found.

    Args:
        file: a configuration file to look at, relative to `cwd`; None for none.
        environ: the environment.
        cwd: the working directory; its `.env` is read.
        stream: where results are printed to.
        timeout_s: longest wait for an answer of one peer, in seconds.
    """
    yield from python_findings()
    yield from package_findings()
    yield from terminal_findings(stream, environ)
    yield from clock_findings()
    yield from folder_findings(cwd)
    try:
        loaded = load_config(file, flags={}, environ=environ, cwd=cwd)
    except InvalidConfigError as problem:
        fix = f"see them all: runner validate-config{f' {file}' if file else ''}"
        said = f"{problem.what}; the first: {_first(problem)}"
        yield failure("configuration", said, fix, problem.exit_code)
        return
    origin = loaded.origins["runtime"]
    yield ok("configuration", f"valid, runtime {loaded.config.runtime} ({origin})")
    yield from peer_findings(loaded, timeout_s=timeout_s)


def _first(problem: InvalidConfigError) -> str:
    one = problem.problems[0]
    return f"{one.where}: {one.key} {one.what}".replace(":  ", ": ")
