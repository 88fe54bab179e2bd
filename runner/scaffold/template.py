"""The templates there are. The command line reads this at every start: nothing else may be here."""

from __future__ import annotations

from enum import StrEnum


class Template(StrEnum):
    """What a new strategy begins as."""

    SMA = "sma"
    RSI = "rsi"
    BREAKOUT = "breakout"
    BLANK = "blank"
