"""A command whose clock is wrong on purpose; no command itself, `runner verify` starts it.

`python -m runner.cli.elsewhen SECONDS COMMAND ...` runs a command of the program while the wall
clock, as Python code reads it, is so many seconds ahead: `time.time` and what tells the time of day
beside it, `datetime.now`, `utcnow` and `today`, `date.today`. Clocks that only measure how long
something took go on as they are, and so does the clock of code that is not Python.
"""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable
from typing import Any


def main(arguments: list[str]) -> None:
    """Set the clock and run the command."""
    # Only the author's code shall meet the other clock: ours is loaded before there is one.
    import runner.app
    import runner.app.records
    import runner.cli.root
    import runner.records.index
    import runner.results.document  # noqa: F401
    from runner.cli import main as run

    shift_clock(float(arguments[0]))
    sys.argv = ["runner", *arguments[1:]]
    run()


def shift_clock(seconds: float) -> None:
    """Let Python code read a wall clock that is `seconds` ahead, from now on."""
    true_time, true_time_ns = time.time, time.time_ns

    def now() -> float:
        return true_time() + seconds

    time.time = now
    time.time_ns = lambda: true_time_ns() + int(seconds * 1e9)
    for name in ("gmtime", "localtime", "ctime"):
        setattr(time, name, _defaulting(getattr(time, name), now))
    local = time.localtime
    true_asctime, true_strftime = time.asctime, time.strftime
    time.asctime = lambda moment=None: true_asctime(moment or local())
    time.strftime = lambda form, moment=None: true_strftime(form, moment or local())
    datetime.datetime = _moments(datetime.datetime, now)  # type: ignore[misc]
    datetime.date = _days(datetime.date, now)  # type: ignore[misc]


def _defaulting(function: Callable[[float], Any], now: Callable[[], float]) -> Callable[..., Any]:
    def told(seconds: float | None = None) -> Any:
        return function(now() if seconds is None else seconds)

    return told


def _kind(true: type) -> type[type]:
    # What the classes below make are the true objects, which are no instances of them.
    class Kind(type):
        def __instancecheck__(cls, one: object) -> bool:
            return isinstance(one, true) if cls.__base__ is true else super().__instancecheck__(one)

        def __subclasscheck__(cls, one: type) -> bool:
            return issubclass(one, true) if cls.__base__ is true else super().__subclasscheck__(one)

    return Kind


def _moments(true: type[datetime.datetime], now: Callable[[], float]) -> type[datetime.datetime]:
    class Moment(true, metaclass=_kind(true)):  # type: ignore[metaclass, misc, valid-type]
        def __new__(cls, *given: Any, **named: Any) -> Any:
            if cls is Moment:
                return true(*given, **named)
            return true.__new__(cls, *given, **named)

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return cls.fromtimestamp(now(), tz)

        @classmethod
        def utcnow(cls) -> Any:
            return cls.fromtimestamp(now(), datetime.UTC).replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(now())

    Moment.__name__ = Moment.__qualname__ = "datetime"
    Moment.__module__ = "datetime"
    return Moment


def _days(true: type[datetime.date], now: Callable[[], float]) -> type[datetime.date]:
    class Day(true, metaclass=_kind(true)):  # type: ignore[metaclass, misc, valid-type]
        def __new__(cls, *given: Any, **named: Any) -> Any:
            if cls is Day:
                return true(*given, **named)
            return true.__new__(cls, *given, **named)

        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(now())

    Day.__name__ = Day.__qualname__ = "date"
    Day.__module__ = "datetime"
    return Day


if __name__ == "__main__":
    main(sys.argv[1:])
