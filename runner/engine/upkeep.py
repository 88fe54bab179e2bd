"""What the passing of time does to an account: interest at its beginning, margin at its closes.

The exchange calls `begin` before the orders meet the candles of a step and `close` once their
closes are the marks. Candles that are handed over many at once pass through `undisturbed`, which
keeps back the first one on which either of them could do anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from runner.engine.book import Book
from runner.engine.financing import charge, may_charge
from runner.engine.margin import MarginWatch
from runner.protocol.messages import Candle


class Upkeep:
    """The upkeep of one book's account."""

    def __init__(self, book: Book) -> None:
        interest = book.terms.interest
        self._book = book
        self._holdings = book.ledger.holdings
        self._charges = bool(interest.borrow or interest.financing)
        self._margin = MarginWatch(book)
        self.held: Candle | None = None
        """The candle that `undisturbed` has kept back."""

    def begin(self, moment: int) -> None:
        """Charge for the days that end before the step whose candles close at `moment`.

        The marks and the book's time are still those of the step before.
        """
        if self._charges and self._holdings:
            days = self._day_until(moment) - self._day_until(self._book.now_ms)
            if days > 0:
                charge(self._book, days)

    def close(self) -> None:
        """Judge the account by the closes of the step, which are the marks by now."""
        self._margin.judge()

    @property
    def is_due(self) -> bool:
        """Whether the passing of time may do anything, with the positions as they are."""
        return bool(self._holdings) and (self._charges or self._margin.is_on)

    def undisturbed(self, candles: Iterator[Candle], length_ms: int) -> Iterator[Candle]:
        """Yield the candles of a feed of one series as long as they change nothing but the marks.

        The first one that may change more is in `held` afterwards. `length_ms` is that of each.
        """
        low, high = self._margin.calm_prices()
        last_start = inf
        if self._charges and may_charge(self._book):
            today = self._day_until(self._book.now_ms)
            last_start = self._book.calendar.start_of(today + 1) - length_ms
        for candle in candles:
            if low < candle.close < high and candle.time <= last_start:
                yield candle
            else:
                self.held = candle
                return

    def _day_until(self, moment: int) -> int:
        # The day of the last moment of a step: one that closes at midnight ends the day before.
        return self._book.calendar.day(moment - 1)
