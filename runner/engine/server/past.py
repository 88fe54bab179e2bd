"""What a run had come to before its strategy lost its memory, and must come to again.

A strategy that was killed is played the run from its beginning, over a fresh exchange. Prices are
the same, so everything is the same, as long as it does again what it had done. That is checked
here: a strategy that decides by the clock or by chance would otherwise get a result that belongs to
neither of its lives. Pure: no sockets, no clock.
"""

from __future__ import annotations

import msgspec

from runner.engine.exchange import Exchange
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    Command,
    ExitsResult,
    ModifyExits,
    ModifyOrder,
    ModifyResult,
    Rejection,
    Reply,
    SubmitOrder,
)
from runner.protocol.times import from_ms

Change = SubmitOrder | CancelOrder | ModifyOrder | tuple[str, ModifyExits]


class Diverged(Exception):
    """The strategy does not do again what it had done."""


class Past:
    """The changes that a strategy has made to its exchange, each with its simulated moment.

    Kept for the whole run, a few hundred bytes for each, unless the run cannot begin anew. What
    changed nothing (a rejection, a repeated request) is not kept.
    """

    def __init__(self, *, is_kept: bool) -> None:
        self._is_kept = is_kept
        self.frames = 0
        """How many frames with an id the run had sent when it began anew."""
        self._changes: list[tuple[int, Change]] = []
        self._repeated = 0

    def begin_anew(self, frames: int) -> None:
        """Expect everything again, from the first change."""
        self.frames = max(self.frames, frames)
        self._repeated = 0

    def execute(self, exchange: Exchange, command: Command) -> Reply:
        """Have the exchange carry out a command, and note what it changed.

        Raises:
            Diverged: something else was done in its place before.
        """
        moment_ms, known = exchange.now_ms, len(exchange.orders)
        reply = exchange.execute(command)
        match command:
            case SubmitOrder():
                # Neither a rejection nor the repetition of a request makes an order.
                has_effect = len(exchange.orders) > known
            case CancelOrder():
                has_effect = isinstance(reply, CancelResult) and reply.success
            case ModifyOrder():
                has_effect = isinstance(reply, ModifyResult)
            case _:
                return reply
        if has_effect:
            # The id that a client chose is often random, and decides nothing.
            self._note(moment_ms, msgspec.structs.replace(command, client_order_id=None))
        return reply

    def set_exits(
        self, exchange: Exchange, position_id: str, exits: ModifyExits
    ) -> ExitsResult | Rejection:
        """Have the exchange move the exits of a position, and note it.

        Raises:
            Diverged: something else was done in its place before.
        """
        moment_ms = exchange.now_ms
        result = exchange.set_exits(position_id, exits)
        if not isinstance(result, Rejection):
            self._note(moment_ms, (position_id, exits))
        return result

    def check(self, moment_ms: int | None) -> None:
        """Make sure that nothing is left to be done again before `moment_ms`, None for the end.

        Raises:
            Diverged: something is.
        """
        if self._repeated < len(self._changes):
            when, change = self._changes[self._repeated]
            if moment_ms is None or when < moment_ms:
                raise Diverged(_told(when, change, "nothing"))

    def _note(self, moment_ms: int, change: Change) -> None:
        if not self._is_kept:
            return
        if self._repeated < len(self._changes):
            when, before = self._changes[self._repeated]
            if (when, before) != (moment_ms, change):
                raise Diverged(_told(when, before, f"{change} at {_moment(moment_ms)}"))
        else:
            self._changes.append((moment_ms, change))
        self._repeated += 1


def _told(when: int, before: Change, now: str) -> str:
    return f"it did {before} at {_moment(when)}, and now {now}"


def _moment(ms: int) -> str:
    return from_ms(ms).isoformat()
