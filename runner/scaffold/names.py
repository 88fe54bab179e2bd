"""From the name of a file to the names in it."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path

import runner
from runner.errors import UsageError

_WORDS = re.compile(r"[A-Za-z0-9]+", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)
LONGEST = 100
"""Most characters of a file's name without its ending; some systems take no more than 143."""


@dataclass(frozen=True, slots=True)
class Names:
    """The three files of a strategy, beside each other, and the name of its class."""

    strategy: Path
    test: Path
    config: Path
    class_name: str


def names_of(typed: str) -> Names:
    """Return the names that follow from the file that a user has typed; `.py` may be left out.

    Raises:
        UsageError: E207, a strategy's file cannot be called that.
    """
    path = Path(typed)
    stem = path.name.removesuffix(".py")
    if not _PLAIN.fullmatch(stem):
        words = "_".join(_WORDS.findall(path.stem)).lower()
        raise _unfit(
            typed,
            "the name of a strategy's file is made of letters, digits, - and _, and ends in .py",
            f"did you mean {path.with_name(words + '.py')}?" if words else "",
        )
    if len(stem) > LONGEST:
        raise _unfit(typed, f"the name of the file has more than {LONGEST} characters")
    if stem.startswith("test_") or stem.endswith("_test") or stem == "conftest":
        name = stem.removeprefix("test_").removesuffix("_test")
        raise _unfit(
            typed,
            "pytest would take the strategy for a file of tests",
            f"did you mean {path.with_name(name + '.py')}? Its test is written with it"
            if name != "conftest"
            else "",
        )
    return Names(
        strategy=path.with_name(f"{stem}.py"),
        test=path.with_name(f"test_{stem}.py"),
        config=path.with_name(f"{stem}.yaml"),
        class_name=_class_name(stem),
    )


def _class_name(stem: str) -> str:
    name = "".join(word[:1].upper() + word[1:] for word in _WORDS.findall(stem))
    # A class called Strategy or Candle would hide what the file imports.
    taken = name in runner.__all__ or keyword.iskeyword(name) or not name.isidentifier()
    return f"My{name}" if taken else name


def _unfit(typed: str, what: str, fix: str = "") -> UsageError:
    return UsageError(
        f"{what}, was {Path(typed).name!r}",
        where=typed,
        fix=fix or "choose a name like my_strategy.py",
        id="E207",
    )
