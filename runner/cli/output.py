"""Writing the result to stdout, where the reader may have gone."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

BROKEN_PIPE = 141
"""Exit code when the reader of our output has gone, as a shell counts SIGPIPE."""


@contextmanager
def result_output(*, is_all: bool = True) -> Iterator[None]:
    """Write the result inside; when nobody reads it any more, end quietly.

    A terminal that was closed leaves the exit code to the run, and so does a reader that has gone
    unless the result `is_all` that was wanted. Caught here because the command line's own handling
    would exit with 1, which means a defect.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
        forget_output()
        if error.errno == errno.EPIPE and is_all:
            raise typer.Exit(BROKEN_PIPE) from None


def forget_output() -> None:
    """Let what is still to be written vanish: Python would complain when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
