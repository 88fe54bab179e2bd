"""What must hold in every run: each a pure function over its history.

Each goes through the history once and names the first entry at which the part up to there breaks
the rule, so that one pass is worth a look after every step. The numbers are those of the catalogue
of invariants; each function says its rule in its own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from runner.protocol.commands import CancelOrder, Rejection, Unanswered
from runner.protocol.messages import (
    AccountUpdate,
    BacktestComplete,
    Candle,
    Malformed,
    OrderUpdate,
    PositionUpdate,
    Quote,
    TradeUpdate,
)
from runner.protocol.times import to_ms
from runner.session.law import ACK_LIMIT
from tests.simulation.history import (
    Acked,
    Answered,
    Asked,
    Delivered,
    Entry,
    Idle,
    Made,
    Over,
    Pending,
    Raised,
    Reached,
    Regaining,
    Returned,
    Started,
    Wanted,
)
from tests.simulation.money import money_adds_up, the_mirror_is_the_ledger
from tests.simulation.orders import (
    a_halt_is_carried_out,
    halted_is_final,
    limits_hold,
    no_double_order,
    three_outcomes,
)
from tests.simulation.scenario import Scenario

History = list[Entry]
_HANDLED_ONCE: dict[type, str] = {
    Candle: "on_candle",
    Quote: "on_quote",
    TradeUpdate: "on_trade",
    PositionUpdate: "on_position",
    AccountUpdate: "on_account",
}
"""What leads to exactly one call; of orders only what is news does."""


def ack_after_outcome(history: History, scenario: Scenario) -> Iterator[str]:
    """I1: what is acknowledged was handled: its handler returned, or failed where that is skipped,
    and every order that it placed was answered."""
    current: str | None = None
    running: list[str] = []
    done: set[str] = set()
    failed = False
    for entry in history:
        match entry:
            case Delivered():
                current, failed = entry.event_id, False
                if type(entry.message) is BacktestComplete and current is not None:
                    done.add(current)  # acknowledged within its own handling, after `on_stop`
            case Started():
                running.append(entry.handler)
            case Returned():
                running.pop()
            case Raised():
                running.pop()
                failed = failed or scenario.on_exception == "halt"
            case Idle():
                if current is not None:
                    done.add(current)
                current = None
            case Acked():
                if running:
                    yield f"{entry.ids} acknowledged while {running[-1]} runs"
                for one in entry.ids:
                    # The event at hand is over if nothing of it is left to happen.
                    if one == current and not failed:
                        done.add(one)
                    elif one not in done:
                        yield f"{one} acknowledged before its handling was over"
            case _:
                pass


def nothing_after_the_ack(history: History, scenario: Scenario) -> Iterator[str]:
    """I1: once an event is acknowledged, nothing more is done on its account."""
    acked = False
    for entry in history:
        match entry:
            case Delivered() | Idle() | Over():
                acked = False
            case Acked():
                acked = True
            case Started() | Asked() if acked:
                yield f"{entry} after the event was acknowledged"
            case _:
                pass


def handled_once(history: History, scenario: Scenario) -> Iterator[str]:
    """I2: an event leads to one call of its handler; one that comes again leads to none."""
    handled: set[tuple[int, str]] = set()
    expected: str | None = None
    calls = 0
    delivered: Delivered | None = None
    for entry in history:
        match entry:
            case Delivered():
                delivered, calls = entry, 0
                expected = _HANDLED_ONCE.get(type(entry.message)) if entry.admitted else ""
                if entry.event_id is not None:
                    key = (entry.epoch, entry.event_id)
                    if key in handled:
                        expected = ""
                    handled.add(key)
            case Started() if delivered is not None:
                calls += 1
                if expected == "":
                    name = delivered.event_id
                    yield f"{entry.handler} was called for {name}, repeated or not subscribed"
                if entry.handler == expected and calls > 1:
                    name = delivered.event_id
                    if not entry.handler.startswith(("on_order", "on_error")):
                        yield f"{entry.handler} was called a second time for {name}"
            case Raised() if scenario.on_exception == "halt":
                delivered = None
            case Idle():
                if delivered is not None and expected and not calls:
                    yield f"{expected} was not called for {delivered.event_id}"
                delivered = None
            case _:
                pass


def acks_name_what_was_delivered(history: History, scenario: Scenario) -> Iterator[str]:
    """I3: only what was delivered is acknowledged, once for each time, and without delay."""
    open_: dict[str, int] = {}
    more = False
    for entry in history:
        match entry:
            case Delivered():
                more = entry.more
                if entry.event_id is not None:
                    open_[entry.event_id] = open_.get(entry.event_id, 0) + 1
            case Acked():
                if len(entry.ids) > ACK_LIMIT:
                    yield f"{len(entry.ids)} ids in one acknowledgment"
                for one in entry.ids:
                    if not open_.get(one):
                        yield f"{one} acknowledged, which was not delivered since"
                        continue
                    open_[one] -= 1
                    if not open_[one]:
                        del open_[one]
            case Idle() if open_ and not more:
                yield f"{sorted(open_)[:3]} were handled and are not acknowledged"
            case Idle() if len(open_) >= ACK_LIMIT:
                yield f"{len(open_)} ids wait for their acknowledgment"
            case Over() if entry.why == "E501" and scenario.is_backtest and len(open_) > 1:
                yield f"{sorted(open_)[:3]} were handled before the failure and not acknowledged"
            case _:
                pass


def time_waits_for_acks(history: History, scenario: Scenario) -> Iterator[str]:
    """I3, I4: the engine moves time only when all it sent is acknowledged, and lets go of exactly
    what was acknowledged."""
    made: set[str] = set()
    acked: set[str] = set()
    for entry in history:
        match entry:
            case Made():
                if entry.is_step and made - acked:
                    yield f"time moved while {sorted(made - acked)[:3]} were not acknowledged"
                made.update(entry.ids)
            case Reached():
                acked.update(entry.ids)
            case Pending():
                pending = set(entry.ids)
                if pending & acked:
                    yield f"{sorted(pending & acked)[:3]} pend although acknowledged"
                if made - acked - pending:
                    yield f"{sorted(made - acked - pending)[:3]} pend no more"
            case Over() if entry.is_complete and scenario.is_backtest and made - acked:
                yield f"complete, although {sorted(made - acked)[:3]} were never acknowledged"
            case _:
                pass


def the_clock_is_that_of_events(history: History, scenario: Scenario) -> Iterator[str]:
    """I4: the strategy's clock is the latest moment of an event delivered, and never goes back."""
    latest = before = 0
    seen: set[tuple[int, str]] = set()
    for entry in history:
        match entry:
            case Delivered():
                key = (entry.epoch, entry.event_id or "")
                if (key[1] and key in seen) or not entry.admitted:
                    continue
                seen.add(key)
                match entry.message:
                    case Candle():
                        latest = max(latest, entry.message.close_time)
                    case Quote():
                        latest = max(latest, entry.message.time)
                    case OrderUpdate():
                        latest = max(latest, to_ms(entry.message.order.updated_at))
                    case TradeUpdate():
                        latest = max(latest, to_ms(entry.message.trade.timestamp))
                    case _:
                        pass
            case Started(now_ms=int()):
                if entry.now_ms < before:
                    yield f"{entry.handler}: the clock went back to {entry.now_ms} from {before}"
                if entry.now_ms != latest:
                    yield f"{entry.handler}: the clock shows {entry.now_ms}, events {latest}"
                before = entry.now_ms
            case _:
                pass


def failures_stop_or_are_skipped(history: History, scenario: Scenario) -> Iterator[str]:
    """S6, S7: a handler that raises ends the run, or is passed over; nothing it asked for is
    done."""
    raised: str | None = None
    for entry in history:
        match entry:
            case Raised():
                raised = entry.handler
            case Delivered() | Idle():
                if raised is not None and scenario.on_exception == "halt":
                    yield f"the run goes on after {raised} raised"
                raised = None
            case Over() if raised is not None and scenario.on_exception == "halt":
                if entry.why != "E501":
                    yield f"{raised} raised, and the run ended with {entry.why}"
            case _:
                pass


def a_backtest_stops_where_it_cannot_know(history: History, scenario: Scenario) -> Iterator[str]:
    """R2, F1: a backtest in which something got lost gives no result: it ends there and then."""
    if not scenario.is_backtest:
        return
    lost: str | None = None
    for entry in history:
        if lost is None:
            match entry:
                case Answered(reply=Unanswered()):
                    lost = "E720"
                case Answered(reply=Rejection(status=0)):
                    lost = "E721"
                case Delivered(message=Malformed()):
                    lost = "E710"
                case _:
                    pass
            continue
        match entry:
            case Over():
                if entry.why != lost:
                    yield f"it ended with {entry.why}, not {lost}"
            case Idle() | Started() | Asked() | Acked():
                yield f"it went on where {lost} was due: {entry}"
                return
            case _:
                pass


def cancels_pass(history: History, scenario: Scenario) -> Iterator[str]:
    """I11: what the strategy wants cancelled is asked for, whatever the state of trading."""
    wanted: set[str] = set()
    for entry in history:
        match entry:
            case Wanted():
                wanted.add(entry.order_id)
            case Asked(command=CancelOrder(order_id=order_id)):
                wanted.discard(order_id)
            case Raised():
                wanted.clear()  # a decision that was not finished is not executed
            case Idle():
                lost = wanted & entry.mirror.working
                if lost:
                    yield f"nobody was asked to cancel {sorted(lost)}"
                wanted.clear()
            case _:
                pass


def a_gap_is_followed_by_the_state(history: History, scenario: Scenario) -> Iterator[str]:
    """After a gap positions are those of the peer before anything else is handled."""
    regained = False
    for entry in history:
        match entry:
            case Regaining():
                regained = True
            case Idle() if regained:
                regained = False
                if entry.is_quiet and entry.mirror.positions != entry.venue.positions:
                    yield f"after a gap: {entry.mirror.positions}, was {entry.venue.positions}"
            case _:
                pass


Invariant = Callable[[History, Scenario], Iterator[str]]
INVARIANTS: tuple[Invariant, ...] = (
    ack_after_outcome,
    nothing_after_the_ack,
    handled_once,
    acks_name_what_was_delivered,
    time_waits_for_acks,
    the_clock_is_that_of_events,
    failures_stop_or_are_skipped,
    a_backtest_stops_where_it_cannot_know,
    cancels_pass,
    a_gap_is_followed_by_the_state,
    no_double_order,
    three_outcomes,
    halted_is_final,
    a_halt_is_carried_out,
    limits_hold,
    money_adds_up,
    the_mirror_is_the_ledger,
)

ABOUT: dict[Invariant, type[Entry]] = {
    nothing_after_the_ack: Acked,
    time_waits_for_acks: Made,
    failures_stop_or_are_skipped: Raised,
    cancels_pass: Wanted,
    a_gap_is_followed_by_the_state: Regaining,
    no_double_order: Asked,
}
"""What some have to see before they can say anything: a history without it need not be read."""
