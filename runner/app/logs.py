"""Where logs go and in which form, for the whole process: set once, by the command line."""

from __future__ import annotations

import atexit
import logging
import sys
from typing import TextIO

from runner.config.keys import secrets_of
from runner.config.models import RunConfig
from runner.config.problems import Masker
from runner.dashboard.json_lines import JsonHandler, JsonLines, LogContext, MaskedFormatter


def set_up_logs(config: RunConfig) -> LogContext:
    """Say from now on what the configuration wants said, in its form; return the context of it."""
    context = LogContext(mask=Masker(secrets_of(config)).text)
    if config.log.format == "json":
        handler: logging.Handler = JsonHandler(_lines(sys.stderr, context))
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(MaskedFormatter(context))
    logging.basicConfig(level=config.log.level.upper(), handlers=[handler], force=True)
    return context


def begin_json_lines() -> None:
    """Write JSON from now on, also what is wrong with the configuration."""
    _lines(sys.stderr, LogContext(mask=Masker().text))


def _lines(stream: TextIO, context: LogContext) -> JsonLines:
    if isinstance(stream, JsonLines):
        stream.context = context
        return stream
    lines = JsonLines(stream, context)
    sys.stderr = lines
    atexit.register(lines.finish)
    return lines
