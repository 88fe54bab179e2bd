"""The command line: one verb per file, and the one place that turns an error into an exit code.

At the top only what every start needs is imported; `--version` is answered before even that. A
command imports what it needs inside its function.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from runner.errors import RunnerError


def main() -> NoReturn:
    """Run the command line and exit with the code that says how it went."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.exit(_print_version())
    sys.exit(_run())


def _print_version() -> int:
    from runner import __version__

    try:
        print(f"runner {__version__}", flush=True)  # noqa: T201 - the command line's own output
    except BrokenPipeError:
        return _nobody_reads()
    return 0


def _run() -> int:
    import os

    from runner.errors import RunnerError
    from runner.secrecy import ConcealingStream, conceal_environment

    conceal_environment(os.environ)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:  # closed by who started us
            setattr(sys, name, ConcealingStream(stream))
    try:
        from runner.cli.root import app

        if "_RUNNER_COMPLETE" in os.environ:
            from runner.cli.bash import answer, is_asking

            if is_asking(os.environ):
                return answer(os.environ, lambda: app(prog_name="runner"))
        app(prog_name="runner", standalone_mode=True)
    except RunnerError as error:
        _print_error(error)
        return error.exit_code
    except SystemExit as exit_:
        if exit_.code == 1 and isinstance(exit_.__context__, BrokenPipeError):
            return _nobody_reads()  # typer and rich end it with 1, which means a defect here
        return exit_.code if isinstance(exit_.code, int) else 1
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001 - the last resort; everything foreseen is a RunnerError
        _print_internal_error()
        return RunnerError.exit_code
    return 0


def _nobody_reads() -> int:
    from runner.cli.output import BROKEN_PIPE, forget_output

    forget_output()
    return BROKEN_PIPE


def _print_error(error: RunnerError) -> None:
    from runner.cli.ci import annotate
    from runner.cli.errors import user_frames

    lines = [*user_frames(error), *error.lines()]
    if sys.stderr.isatty():
        # For a person only: in a log every line has its price.
        lines.append(f"  more: runner explain {error.id}")
    with suppress(OSError):  # nobody reads it any more; the exit code stays
        _say("\n".join(lines), id=error.id, exit_code=error.exit_code)
    annotate(error)


def _print_internal_error() -> None:
    import traceback

    from runner import __version__

    _say(
        f"{traceback.format_exc()}"
        "error[E100]: internal error: this is a defect of runner, not of your strategy\n"
        f"  fix: please report it with the lines above and the command you typed "
        f"(runner {__version__}, Python {sys.version.split()[0]})",
        id="E100",
        exit_code=1,
    )


def _say(text: str, *, id: str, exit_code: int) -> None:
    """Write an error to stderr: as it is, or as one object where stderr is for programs."""
    from runner.dashboard.json_lines import JsonLines

    if isinstance(sys.stderr, JsonLines):
        sys.stderr.say("error", "runner", text, id=id, exit_code=exit_code)
    else:
        sys.stderr.write(text + "\n")
