"""What to type next: the same command again, with one parameter changed to another valid value."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise

from runner.strategy.params import Param


def next_command(
    typed: Sequence[str], declared: Mapping[str, Param], params: Mapping[str, object]
) -> str:
    """Return a command worth typing next; empty when the strategy has no number to change.

    Args:
        typed: the arguments of this run, without the program's name.
        declared: the strategy's parameters.
        params: the values they had.
    """
    for name, param in declared.items():
        value = params.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        for other in (value // 2 if isinstance(value, int) else value / 2, value * 2):
            if other != value and _fits(other, param):
                words = _without(typed, name)
                return shlex.join(["runner", *words, "-p", f"{name}={other}"])
    return ""


def _fits(value: float, param: Param) -> bool:
    return (
        (param.ge is None or value >= param.ge)
        and (param.gt is None or value > param.gt)
        and (param.le is None or value <= param.le)
        and (param.lt is None or value < param.lt)
        and (param.choices is None or value in param.choices)
    )


def _without(typed: Sequence[str], name: str) -> list[str]:
    # A parameter given twice would leave it to the reader which one counts; a run that was gone on
    # with is over.
    flags = ("-p", "--param")
    given = {
        place
        for place, (flag, value) in enumerate(pairwise(typed))
        if (flag in flags and value.startswith(f"{name}=")) or flag == "--resume"
    }
    return [
        word
        for place, word in enumerate(typed)
        if place not in given and place - 1 not in given and word != "--json"
    ]
