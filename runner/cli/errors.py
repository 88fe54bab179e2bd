"""How an error of the strategy is shown: its own frames, and none of ours."""

from __future__ import annotations

import traceback
from pathlib import Path

import runner
from runner.errors import RunnerError, StrategyFailed

_OURS = str(Path(runner.__file__).parent)


def user_frames(error: RunnerError) -> list[str]:
    """Return the lines of the strategy's own traceback; nothing for other errors."""
    cause = error.__cause__
    if not isinstance(error, StrategyFailed) or cause is None:
        return []
    frames = [
        frame
        for frame in traceback.extract_tb(cause.__traceback__)
        if not frame.filename.startswith(_OURS)
    ]
    shown = "".join(traceback.format_list(frames)).rstrip().splitlines()
    said = "".join(traceback.format_exception_only(cause)).rstrip()
    return ["in the strategy (most recent call last):", *shown, said] if frames else []
