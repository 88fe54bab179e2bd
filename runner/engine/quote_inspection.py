"""What is in a file of quotes: how much, from when to when, how wide, and what looks wrong.

As with candles nothing is refused that can be counted. May import the readers and quotes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import isinf
from operator import sub
from pathlib import Path
from statistics import median_low

from runner.engine.calendar import Calendar
from runner.engine.csv_header import names_quotes
from runner.engine.csv_reading import first_row
from runner.engine.csv_source import open_text
from runner.engine.data_inspection import JUMP, NO_LIMIT, SHOWN, Suspicion
from runner.engine.parquet_source import is_parquet, names_in
from runner.engine.quote_series import QuoteSeries, read_quotes
from runner.engine.repairs import Allowed, Repairs

WIDE = 1.05
"""An ask this many times the bid is suspicious."""
_SAMPLED = 100_000


@dataclass(frozen=True, slots=True)
class QuoteInspection:
    """What one file of quotes holds."""

    quotes: QuoteSeries
    """Its usable quotes in order, without repeats."""
    longest_pause_ms: int
    """Between two quotes; 0 without two."""
    spread: float
    """The median of ask less bid, of evenly chosen quotes where there are very many."""
    widest: float
    locked: int
    """Quotes whose bid and ask are equal."""
    has_sizes: bool
    suspicious: int
    suspicions: tuple[Suspicion, ...]
    """The first `SHOWN` of them."""

    @property
    def repairs(self) -> Repairs:
        """What a run would have to repair, or refuse."""
        return self.quotes.repairs


def holds_quotes(file: Path) -> bool:
    """Tell by its header whether a data file holds quotes.

    Raises:
        DataError: it cannot be opened; E351, E352, E358, E362 to E364.
    """
    if is_parquet(file):
        return file.is_file() and names_quotes(names_in(file, str(file)))
    with open_text(file, str(file)) as text:
        return names_quotes(first_row(text))


def inspect_quotes(
    files: Sequence[Path], shown: str, *, calendar: Calendar | None = None
) -> QuoteInspection:
    """Return what is in a file of quotes, or in several that are one series.

    Raises:
        DataError: it cannot be read as a table of quotes at all; E351 to E354, E358, E362 to E364.
    """
    allowed = Allowed(sort=True, dedupe=True, skip_bad=NO_LIMIT)
    name = files[0].name if len(files) == 1 else shown
    found = read_quotes(files, name, name, allowed=allowed, calendar=calendar)
    every = max(1, len(found) // _SAMPLED)
    spreads = map(sub, islice(found.asks, 0, None, every), islice(found.bids, 0, None, every))
    suspicions: list[Suspicion] = []
    suspicious = locked = 0
    widest, before = 0.0, found.lasts[0]
    for time, bid, ask, last in zip(found.times, found.bids, found.asks, found.lasts, strict=True):
        widest = max(widest, ask - bid)
        locked += bid == ask
        what = ""
        if last > before * JUMP or before > last * JUMP:
            move = last / before - 1
            what = f"is {abs(move):.0%} {'above' if move > 0 else 'below'} the quote before"
        elif ask > bid * WIDE:
            what = f"ask is {ask / bid - 1:.0%} above bid"
        if what:
            suspicious += 1
            if len(suspicions) < SHOWN:
                suspicions.append(Suspicion(time, what))
        before = last
    return QuoteInspection(
        found,
        max(map(sub, islice(found.times, 1, None), found.times), default=0),
        round(median_low(spreads), 10),
        round(widest, 10),
        locked,
        not all(map(isinf, found.bid_sizes)) or not all(map(isinf, found.ask_sizes)),
        suspicious,
        tuple(suspicions),
    )
