"""What a gateway has sent and the strategy has not taken yet: bounded, never in the reader's way.

A strategy that is late is to act on what is so now. So a quote takes the place of an older one of
its symbol that still waits, and a candle that of an earlier version of itself; neither overtakes a
candle of its symbol. A closed candle belongs to the history, orders, executions, positions and
all else to the books: those are never left out. Whoever reads the connection fills this, one
thread at a time. May import the protocol; no sockets, no threads.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from runner.protocol.codec import decode
from runner.protocol.messages import Candle, Frame, Malformed, Quote
from runner.transports.vitals import Vitals

BACKLOG_BYTES = 64 * 1024 * 1024
"""Most bytes that may wait for a strategy that does not come back."""
SAID_EVERY_S = 60.0
"""Between two lines of log about prices that were replaced."""
_LOG = logging.getLogger(__name__)


class Overrun(NamedTuple):
    """Stands where messages are missing, because more came than may wait."""

    what: str


class _Waiting:
    """One place in the queue; what stands in it may be replaced by something newer."""

    __slots__ = ("item", "size")

    def __init__(self, item: Frame | Malformed, size: int) -> None:
        self.item = item
        self.size = size


class Inbox:
    """The messages of one connection that wait for the strategy, oldest first."""

    def __init__(
        self,
        limit: int,
        vitals: Vitals,
        overrun: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin empty.

        Args:
            limit: most messages that wait.
            vitals: told how many wait, and how many were replaced or lost.
            overrun: called once, at once and on the reader's thread, when too many wait.
            clock: monotonic seconds.
        """
        self._limit = limit
        self._vitals = vitals
        self._overrun = overrun
        self._clock = clock
        self._places: deque[_Waiting] = deque()
        self._bytes = 0
        self._quotes: dict[str, _Waiting] = {}
        self._candles: dict[tuple[str, str], _Waiting] = {}
        self._gap: Overrun | None = None
        self._said_at = -SAID_EVERY_S

    def __len__(self) -> int:
        return len(self._places) + (self._gap is not None)

    def append(self, raw: bytes | Malformed) -> None:
        """Take in what has just arrived."""
        vitals = self._vitals
        vitals.received += 1
        if self._gap is not None:
            # What is lost is made up for by reading the state, after all that waits.
            vitals.lost += 1
            return
        item = decode(raw) if isinstance(raw, bytes) else raw
        place = _Waiting(item, len(raw) if isinstance(raw, bytes) else len(raw.raw))
        if isinstance(item, Frame) and self._is_newer(item, place):
            return
        if len(self._places) >= self._limit or self._bytes + place.size > BACKLOG_BYTES:
            self._lose()
            return
        self._places.append(place)
        self._bytes += place.size
        vitals.queue = len(self._places)

    def popleft(self) -> Frame | Malformed | Overrun:
        """Return what has waited longest.

        Raises:
            IndexError: nothing waits.
        """
        if not self._places and self._gap is not None:
            gap, self._gap = self._gap, None
            return gap
        place = self._places.popleft()
        self._bytes -= place.size
        message = place.item.message if isinstance(place.item, Frame) else None
        if isinstance(message, Quote) and self._quotes.get(message.symbol) is place:
            del self._quotes[message.symbol]
        elif isinstance(message, Candle):
            stream = (message.symbol, message.timeframe)
            if self._candles.get(stream) is place:
                del self._candles[stream]
        return place.item

    def _is_newer(self, frame: Frame, place: _Waiting) -> bool:
        """Put a price into the place of the older one that waits; false if none does.

        A price with an id is kept: its sender waits until that very event was handled.
        """
        message = frame.message
        older: _Waiting | None = None
        if isinstance(message, Quote):
            if frame.event_id is not None:
                self._quotes.pop(message.symbol, None)
            else:
                older = self._quotes.get(message.symbol)
                if older is None:
                    self._quotes[message.symbol] = place
                else:
                    self._vitals.conflated_quotes += 1
        elif isinstance(message, Candle):
            # No later quote may be handled before this candle is.
            self._quotes.pop(message.symbol, None)
            if frame.event_id is None:
                stream = (message.symbol, message.timeframe)
                waits = self._candles.get(stream)
                if waits is not None and waits.item.message.time == message.time:  # type: ignore[union-attr]
                    older = waits
                    self._vitals.conflated_candles += 1
                else:
                    self._candles[stream] = place
        if older is None:
            return False
        self._bytes += place.size - older.size
        older.item, older.size = place.item, place.size
        self._say()
        return True

    def _lose(self) -> None:
        # Prices that wait are of no use to a run that is halted; the books are told in full.
        kept = [one for one in self._places if not _is_price(one.item)]
        lost = len(self._places) - len(kept) + 1
        self._vitals.lost += lost
        self._places.clear()
        self._places.extend(kept)
        self._bytes = sum(one.size for one in kept)
        self._quotes.clear()
        self._candles.clear()
        what = f"more than {self._limit:,} messages waited for the strategy, which is too slow"
        self._gap = Overrun(what)
        _LOG.error("%s: trading is halted, and the state is read again", what)
        self._overrun(what)

    def _say(self) -> None:
        now = self._clock()
        if now - self._said_at < SAID_EVERY_S:
            return
        self._said_at = now
        vitals = self._vitals
        _LOG.warning(
            "the strategy is slower than its data: what waits is replaced by newer prices "
            "(so far quotes: %s, candles: %s; still waiting: %s)",
            f"{vitals.conflated_quotes:,}",
            f"{vitals.conflated_candles:,}",
            f"{len(self._places):,}",
        )


def _is_price(item: Frame | Malformed) -> bool:
    return isinstance(item, Frame) and isinstance(item.message, Candle | Quote)
