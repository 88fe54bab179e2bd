"""The scheduler: plays network and peer to a real session, from a scenario, into a history.

Single-threaded and without a clock. The session is the real `converse`; frames are real bytes that
go through the real codec; the peer is a real exchange behind a real replay. What is simulated is
what lies between: when frames arrive, which are lost, and what becomes of requests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.errors import RunnerError
from runner.protocol.codec import decode
from runner.protocol.commands import (
    Command,
    ReadState,
    Rejection,
    Reply,
    SubmitOrder,
    Unanswered,
)
from runner.protocol.enums import OrderStatus, OrderType
from runner.protocol.messages import Candle, Connection, Message, Quote
from runner.session import NEXT, Ack, Arrival, Closed, Ending, Regained, Session, Stop, law
from runner.transports.line import SAID, SETTLE_ATTEMPTS
from tests.helpers import AAPL, set_up
from tests.simulation import scenario as s
from tests.simulation.history import (
    Acked,
    Answered,
    Asked,
    Books,
    Delivered,
    Entry,
    Idle,
    Over,
    Pending,
    Reached,
    Regaining,
)
from tests.simulation.judges import Audit, Watch
from tests.simulation.peers import Engine, Gateway
from tests.simulation.scenario import Scenario
from tests.simulation.trader import Trader

MOST_STEPS = 20_000
"""More steps than any run needs: one that takes them goes round in circles."""
FLOOD = 300
"""Frames of a flood: more than one acknowledgment may name."""
_SLICE = object()
_ZERO = Decimal(0)
_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)


@dataclass
class Played:
    """A run that is over."""

    scenario: Scenario
    entries: list[Entry]
    result: tuple[object, ...]
    """What the run came to, for comparison with another: executions, money, the diary."""


class Stuck(Exception):
    """Nothing will ever happen any more, and the run is not over."""


def result_of(why: str, session: Session, exchange: Exchange) -> tuple[object, ...]:
    """Return what a run came to, on both sides, for comparison with another."""
    mirror = session.desk.portfolio
    return (
        why,
        [(one.order_id, one.side, one.quantity, one.price) for one in exchange.trades],
        [fill.trade.id for fill in mirror.fills],
        exchange.ledger.balance,
        mirror.balance,
        list(mirror.equities),
        [order.client_order_id for order in session.rejections],
    )


def play(scenario: Scenario, *, watched: bool = True) -> Played:
    """Play a scenario from its beginning to its end.

    One that is not `watched` is played for its result alone: its history has no states in it.
    """
    return World(scenario, watched=watched).play()


class World:
    """One run, and all that is under way in it."""

    def __init__(self, scenario: Scenario, *, watched: bool = True) -> None:
        self.scenario = scenario
        self._is_watched = watched
        self.entries: list[Entry] = []
        exchange = Exchange(Feed(scenario.markets), scenario.terms)
        self.exchange = exchange
        self.peer: Engine | Gateway = (
            Engine(exchange, self.entries)
            if scenario.is_backtest
            else Gateway(exchange, with_ids=scenario.with_ids, withheld=scenario.withheld)
        )
        self.session = set_up(
            Trader,
            symbols=exchange.feed.symbols,
            limits=scenario.limits,
            backtest=scenario.is_backtest,
            on_exception=scenario.on_exception,
        )
        if scenario.one_symbol:
            self.session.admits = _only_first
        trader: Any = self.session.strategy
        trader.entries, trader.scenario, trader.counts = self.entries, scenario, {}
        self.arrived: deque[Any] = deque()
        self.is_dead = False
        self.has_begun = False
        self.epoch = 0
        self._is_welcome = False
        self._seen: set[tuple[int, str | None]] = set()
        self._faults: dict[str, set[int]] = {}
        self._frame_faults: dict[int, set[str]] = {}
        for kind, at in scenario.faults:
            self._faults.setdefault(kind, set()).add(at)
            if kind in s.ON_FRAMES:
                self._frame_faults.setdefault(at, set()).add(kind)
        self._counts = {"frame": 0, "ack": 0, "command": 0, "tick": 0, "novel": 0}
        self._late: list[tuple[int, Command]] = []
        self._said: deque[tuple[str, ...]] = deque(maxlen=SAID)
        self._marks_known = True
        self._watch = Watch(scenario.limits, self.session)
        self._audit = Audit(exchange)
        self._statuses: dict[str, OrderStatus] = {}
        self._venue_statuses: dict[str, OrderStatus] = {}

    # The driver

    def play(self) -> Played:
        talk = law.converse(self.session)
        ending: Ending | None = None
        try:
            ask = next(talk)
            for _ in range(MOST_STEPS):
                if ask is NEXT:
                    if self._is_watched:
                        self._idle()
                    ask = talk.send(self._next())
                elif type(ask) is Ack:
                    self.entries.append(Acked(ask.ids))
                    self._acknowledge(ask.ids)
                    ask = talk.send(None)
                else:
                    ask = talk.send(self._execute(ask))  # type: ignore[arg-type]
            why = "it goes round in circles"
        except StopIteration as end:
            ending = end.value
            why = ending.why  # type: ignore[union-attr]
        except RunnerError as error:
            why = error.id
        except Stuck:
            why = "it is stuck"
        except BaseException as error:
            why = f"{type(error).__name__}: {error}"
        if why == "complete":
            self._settle()
        confirmed = ending is not None and ending.confirmed
        self.entries.append(Over(why, confirmed, self.peer.is_over))
        return Played(self.scenario, self.entries, result_of(why, self.session, self.exchange))

    def _settle(self) -> None:
        # As the line over sockets does: come back, and repeat what was said last.
        for _ in range(SETTLE_ATTEMPTS):
            if not self.is_dead:
                return
            self.is_dead = False
            self._put(self.peer.resume())
            for ids in reversed(tuple(self._said)):
                self._acknowledge(ids)

    # The network

    def _takes(self, kind: str, at: int) -> bool:
        occasions = self._faults.get(kind)
        return occasions is not None and at in occasions

    def _next(self) -> object:
        while True:
            if self.arrived:
                item = self.arrived.popleft()
                if item is _SLICE:
                    continue
                if type(item) is not bytes:
                    if type(item) is Regained:
                        self.epoch += 1
                        self.entries.append(Regaining())
                        self._marks_known = False
                    return item
                frame = decode(item)
                more = bool(self.arrived) and type(self.arrived[0]) is bytes
                admits = self.session.admits
                self.entries.append(
                    Delivered(
                        frame.message,
                        frame.event_id,
                        more,
                        self.epoch,
                        admits is None or admits(frame.message),
                    )
                )
                key = (self.epoch, frame.event_id)
                if frame.event_id is None or key not in self._seen:
                    self._seen.add(key)
                    self._watch.take(frame.message)
                self._is_welcome = self._is_welcome or type(frame.message) is Connection
                return Arrival(frame.message, frame.event_id, more)
            if not self.has_begun:
                self.has_begun = True
                self._put(self.peer.begin())
            elif self.is_dead:
                self.is_dead = False
                self._come_back()
            elif self.scenario.is_backtest:
                raise Stuck
            elif self.peer.is_over:
                return Stop("terminated")
            else:
                self._tick()

    def _come_back(self, *, anew: bool = False) -> None:
        frames = self.peer.resume()
        if isinstance(self.peer, Engine):
            # A greeting that has arrived once is not handed on again.
            self._put(frames if self._is_welcome else [*self.peer.replay.greet(), *frames])
            return
        if anew and isinstance(self.peer, Gateway):
            self.peer.number = 0
        self.arrived.append(Regained(60_000))

    def _tick(self) -> None:
        count = self._counts["tick"] = self._counts["tick"] + 1
        for due, command in self._late[:]:
            if due <= count:
                self._late.remove((due, command))
                self.exchange.execute(command)
                self._put(self.peer.consequences())
        frames = self.peer.tick()
        anew = self._takes(s.ANEW, count)
        if anew or self._takes(s.GAP, count):
            self._come_back(anew=anew)
            return
        if not self.is_dead and not self.exchange.finished:
            self._marks_known = True
        self._put(frames)

    def _put(self, frames: list[bytes]) -> None:
        for frame in frames:
            if self.is_dead:
                return
            count = self._counts["frame"] = self._counts["frame"] + 1
            put = self.arrived.append
            meets = self._frame_faults.get(count, ())
            if not meets:
                put(frame)
                continue
            for kind in (s.NOVEL, s.NOVEL_BARE, s.HEARTBEAT, s.NOTICE, s.GARBAGE, s.FLOOD):
                if kind in meets:
                    self.arrived.extend(self._strange(kind))
            if s.CUT in meets:
                self.is_dead = True
                self._marks_known = self.scenario.is_backtest
                return
            put(frame)
            if s.REPEAT in meets and self.scenario.with_ids:
                put(frame)
            if s.SLICE in meets:
                put(_SLICE)
            if s.CUT_BEHIND in meets:
                self.is_dead = True
                self._marks_known = self.scenario.is_backtest
            if s.CLOSE_NORMAL in meets:
                put(Closed(1000))
            if s.CLOSE_AWAY in meets:
                put(Closed(1001, "going away"))
            if s.STOP in meets:
                put(Stop("interrupted"))

    def _strange(self, kind: str) -> list[bytes]:
        number = self._counts["novel"] = self._counts["novel"] + 1
        name = f'"event_id":"{self.epoch}-{kind.replace(" ", "-")}-{number}'.encode()
        moment = b'"timestamp":"2024-01-01T00:00:00Z"'
        match kind:
            case s.NOVEL:
                return [b'{"type":"novelty",' + name + b'"}']
            case s.NOVEL_BARE:
                return [b'{"type":"novelty"}']
            case s.HEARTBEAT:
                return [b'{"type":"ping",' + name + b'",' + moment + b"}"]
            case s.NOTICE:
                return [b'{"type":"error","code":"ODD","message":"m",' + name + b'"}']
            case s.GARBAGE:
                return [b'{"type":"candle","event_id":"evt-']
            case _:
                return [b'{"type":"novelty",' + name + b'-%d"}' % one for one in range(FLOOD)]

    def _acknowledge(self, ids: tuple[str, ...]) -> None:
        count = self._counts["ack"] = self._counts["ack"] + 1
        self._said.append(ids)
        if self.is_dead:
            return
        if self._takes(s.ACK_LOST, count):
            self.is_dead = True
            return
        self.entries.append(Reached(ids))
        frames = self.peer.acknowledge(ids)
        self.entries.append(Pending(self.peer.pending))
        if self._takes(s.ACK_THEN_CUT, count):
            self.is_dead = True
        self._put(frames)
        if self._takes(s.ACK_TWICE, count) and not self.is_dead:
            self._put(self.peer.acknowledge(ids))

    def _execute(self, command: Command) -> Reply:
        if isinstance(command, ReadState):
            return self.exchange.execute(command)
        self.entries.append(self._asked(command))
        reply = self._outcome(command)
        self.entries.append(Answered(command, reply))
        if self.has_begun and not self.is_dead:
            self._put(self.peer.consequences())
        return reply

    def _outcome(self, command: Command) -> Reply:
        count = self._counts["command"] = self._counts["command"] + 1
        if not self._faults:
            return self.exchange.execute(command)
        if self._takes(s.REFUSED, count):
            return Rejection(422, "ORDER_REJECTED", "no", "MARKET_CLOSED")
        if self._takes(s.UNSENT, count):
            return Rejection(0, "NOT_SENT", "no way there")
        if self._takes(s.LOST, count):
            return Unanswered("lost on the way there")
        if self._takes(s.UNANSWERED, count):
            self.exchange.execute(command)
            return Unanswered("lost on the way back")
        if self._takes(s.LATE, count):
            self._late.append((self._counts["tick"] + 2, command))
            return Unanswered("it takes long")
        return self.exchange.execute(command)

    # What is seen

    def _asked(self, command: Command) -> Asked:
        desk, guard = self.session.desk, self.session.guard
        reason, last, held = "", None, _ZERO
        if isinstance(command, SubmitOrder):
            reason = desk.tickets[command.client_order_id or ""].reason
            last = desk.price(command.symbol)
            held = desk.portfolio.quantity(command.symbol)
        working = sum(
            one.parent_order_id is None and not one.liquidation
            for one in self.exchange.working.values()
        )
        trading = "ACTIVE" if guard is None else guard.state.value
        return Asked(command, reason, trading, desk.now_ms, last, held, working)

    def _could_open(self) -> int:
        """Count the orders that could open a position: stops are such only beyond what is held."""
        free, count = {}, 0
        for one in self.exchange.working.values():
            if one.parent_order_id is not None or one.reduce_only or one.liquidation:
                continue
            held = free.setdefault(one.symbol, self.exchange.ledger.quantity(one.symbol))
            if one.order_type in _STOPS and held * one.side.sign < 0 and one.remaining <= abs(held):
                free[one.symbol] = held + one.remaining * one.side.sign
            else:
                count += 1
        return count

    def _idle(self) -> None:
        session, exchange = self.session, self.exchange
        desk, ledger = session.desk, exchange.ledger
        is_quiet = (
            self.has_begun
            and not self.arrived
            and not self.is_dead
            and not self._late
            and not exchange._book.queue
        )
        statuses = _changes(self._statuses, desk.tickets)
        venue_statuses = _changes(self._venue_statuses, exchange._book.by_client_id)
        unknown = frozenset(
            desk.tickets[key].id or ""
            for key, status in self._statuses.items()
            if status is OrderStatus.UNKNOWN
        )
        worth = ledger.equity()
        working = [one.id for one in desk.working.values() if one.id is not None]
        mirror = desk.portfolio
        equity = desk.equity()
        self.entries.append(
            Idle(
                is_quiet,
                Books(
                    {symbol: one.quantity for symbol, one in mirror.positions.items()},
                    Decimal(repr(mirror.balance)),
                    equity,
                    frozenset(working),
                ),
                Books(
                    {symbol: one.quantity for symbol, one in ledger.holdings.items()},
                    ledger.balance,
                    float(worth),
                    frozenset(exchange.working),
                ),
                unknown,
                statuses,
                venue_statuses,
                "ACTIVE" if session.guard is None else session.guard.state.value,
                self._could_open(),
                self._watch.fell(equity),
                self._marks_known and not self.scenario.one_symbol,
                self._audit.is_exact(worth),
            )
        )


def _changes(known: dict[str, OrderStatus], orders: Mapping[Any, Any]) -> dict[str, OrderStatus]:
    """Return the statuses that are not as they are known, and know them from now on."""
    changed = {
        key: order.status
        for key, order in orders.items()
        if known.get(key) is not order.status and key is not None
    }
    known.update(changed)
    return changed


def _only_first(message: Message) -> bool:
    return not isinstance(message, Candle | Quote) or message.symbol == AAPL
