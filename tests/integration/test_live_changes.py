"""Cancellations and changes of a live run over real sockets: lost answers, races, half a change."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runner.journal import Journal
from runner.protocol.messages import Candle
from runner.session import Session
from tests.integration.peer import Client, Handler, Noting, Peer, drive_live, running

AAPL = "S:AAPL"


class Telling(Noting):
    """Notes errors, too, and with an order its id and size."""

    def on_order(self, order: Any) -> None:
        self.timeline.append(("order", order.status.value, order.id, str(order.quantity)))

    def on_error(self, error: Any) -> None:
        self.timeline.append(("error", error.code))


def then(act: Callable[[Any], None]) -> Callable[[Any, Candle], None]:
    """Order on the first candle, and do something with the order on the second."""

    def on_candle(strategy: Any, candle: Candle) -> None:
        if candle.close == 100:
            strategy.ticket = strategy.buy(quantity=2, limit=90)
        elif candle.close == 101:
            act(strategy)

    return on_candle


CANCEL = then(lambda strategy: strategy.cancel(strategy.ticket))
MODIFY = then(lambda strategy: strategy.modify(strategy.ticket, quantity=1))


def two_candles(client: Client) -> None:
    client.candles(0)
    client.ack()
    client.candles(1)
    client.ack()


def end(client: Client, index: int = 2) -> None:
    client.candles(index)
    client.ack()
    client.complete()
    client.ack()


def when_told(*wanted: Any) -> Callable[[Client], None]:
    """Return a script that ends when the strategy was told of something."""

    def script(client: Client) -> None:
        two_candles(client)
        client.wait_for(lambda: all(one in client.timeline for one in wanted))
        end(client)

    return script


def lost(act: Callable[[Handler], object]) -> Callable[[Handler], bool]:
    """Return a fault: something is done, and the answer is lost."""

    def fault(handler: Handler) -> bool:
        act(handler)
        handler.hang_up()
        return True

    return fault


def nothing(handler: Handler) -> None:
    """Do nothing."""


def cancelled(handler: Handler) -> None:
    handler.book.orders[0]["status"] = "CANCELLED"


def filled(handler: Handler) -> None:
    handler.book.fill(handler.book.orders[0])


def replaced(handler: Handler) -> None:
    """Change an order as some gateways do: cancel it, and place another one."""
    old = handler.book.orders[0]
    old["status"] = "CANCELLED"
    names = ("symbol", "side", "order_type", "client_order_id", "limit_price")
    handler.book.place({**{name: old[name] for name in names}, **handler.sent})


def told(peer: Peer) -> list[Any]:
    return [one for one in peer.timeline if one[0] in ("order", "error")]


def requests(peer: Peer, method: str) -> int:
    return sum(one[0] == method for one in peer.book.requests)


def play(
    script: Any, folder: Path, act: Any, faults: dict[str, list[Any]], **options: Any
) -> tuple[Peer, Session]:
    with running(script) as peer:
        peer.book.faults.update(faults)
        _, session = drive_live(peer, folder, act, strategy=Telling, **options)
    return peer, session


@pytest.mark.parametrize(("method", "act"), [("DELETE", CANCEL), ("PATCH", MODIFY)])
def test_R11_a_request_without_an_answer_holds_nothing_up(
    tmp_path: Path, method: str, act: Any
) -> None:
    last: list[str] = []

    def script(client: Client) -> None:
        two_candles(client)
        client.candles(2)
        client.ack()
        last.append(client.book.requests[-1][0])
        client.complete()
        client.ack()

    peer, _ = play(script, tmp_path, act, {method: [lost(nothing)]}, pauses_s=(60.0,))

    # Two more candles were handled, and nothing was asked for in between.
    assert last == [method]
    assert told(peer)[0] == ("error", "REQUEST_UNANSWERED")


def test_R11_a_cancellation_without_an_answer_that_was_made_is_found(tmp_path: Path) -> None:
    done = ("order", "CANCELLED", "o1", "2")
    peer, _ = play(when_told(done), tmp_path, CANCEL, {"DELETE": [lost(cancelled)]})

    assert told(peer) == [("error", "REQUEST_UNANSWERED"), done]
    assert requests(peer, "DELETE") == 1


def test_R11_a_cancellation_without_an_answer_is_repeated_while_the_order_works(
    tmp_path: Path,
) -> None:
    done = ("order", "CANCELLED", "o1", "2")
    peer, session = play(when_told(done), tmp_path, CANCEL, {"DELETE": [lost(nothing)] * 2})

    assert requests(peer, "DELETE") == 3
    assert session.desk.working == {}


def test_R11_a_cancellation_that_never_gets_an_answer_is_given_up(tmp_path: Path) -> None:
    failed = ("error", "REQUEST_FAILED")
    peer, session = play(when_told(failed), tmp_path, CANCEL, {"DELETE": [lost(nothing)] * 100})

    assert requests(peer, "DELETE") == 6  # once, and at each of five looks
    assert [one.status.value for one in session.desk.working.values()] == ["OPEN"]


def test_R11_the_stream_settles_a_cancellation_before_anybody_looks(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        two_candles(client)
        client.order({**client.book.orders[0], "status": "CANCELLED"}, "ORDER_CANCELLED")
        client.wait_for(lambda: ("order", "CANCELLED", "o1", "2") in client.timeline)
        end(client)

    peer, _ = play(
        script, tmp_path, CANCEL, {"DELETE": [lost(nothing)]}, pauses_s=(60.0,)
    )  # fmt: skip

    assert requests(peer, "DELETE") == 1


def refuse(act: Callable[[Handler], object]) -> Callable[[Handler], bool]:
    def fault(handler: Handler) -> bool:
        act(handler)
        handler.refuse(409, "ORDER_NOT_MODIFIABLE")
        return True

    return fault


@pytest.mark.parametrize(("method", "act"), [("DELETE", CANCEL), ("PATCH", MODIFY)])
def test_R11_what_is_refused_because_the_order_has_filled_is_told_as_it_stands(
    tmp_path: Path, method: str, act: Any
) -> None:
    done = ("order", "FILLED", "o1", "2")
    peer, session = play(when_told(done), tmp_path, act, {method: [refuse(filled)]})

    assert told(peer) == [("error", "ORDER_NOT_MODIFIABLE"), done]
    assert session.desk.portfolio.quantity(AAPL) == 2


def test_R11_cancelling_twice_ends_the_order_once(tmp_path: Path) -> None:
    def twice(strategy: Any) -> None:
        strategy.cancel(strategy.ticket)
        strategy.cancel(strategy.ticket)

    done = ("order", "CANCELLED", "o1", "2")
    faults = {"DELETE": [lost(cancelled), refuse(nothing)]}
    peer, session = play(when_told(done), tmp_path, then(twice), faults)

    assert told(peer).count(done) == 1
    assert requests(peer, "DELETE") == 2
    assert session.desk.working == {}


def test_R11_a_change_that_gave_the_order_another_id_is_linked(tmp_path: Path) -> None:
    done = ("order", "OPEN", "o2", "1")

    def script(client: Client) -> None:
        two_candles(client)
        client.wait_for(lambda: done in client.timeline)
        old, new = client.book.orders
        client.order(old, "ORDER_CANCELLED")  # late, and about what it was before
        client.book.fill(new)
        client.order(new, "ORDER_FILLED")
        client.wait_for(lambda: ("order", "FILLED", "o2", "1") in client.timeline)
        end(client)

    peer, session = play(script, tmp_path, MODIFY, {"PATCH": [lost(replaced)]})

    (order,) = session.desk.tickets.values()
    assert (order.id, order.client_order_id, order.status.value) == ("o2", "first-1", "FILLED")
    assert session.desk.portfolio.quantity(AAPL) == 1
    assert ("order", "CANCELLED", "o1", "2") not in peer.timeline
    journal = Journal(tmp_path / "journal.jsonl")
    assert (journal.past.open(), journal.past.positions()) == ([], {AAPL: Decimal(1)})
    journal.close()


def test_R11_what_executed_under_the_id_before_counts_as_well(tmp_path: Path) -> None:
    def replace(handler: Handler) -> bool:
        replaced(handler)
        old, new = handler.book.orders
        del new["client_order_id"]
        handler.answer(200, {"order": new, "previous_order_id": old["id"]})
        return True

    def script(client: Client) -> None:
        two_candles(client)
        old, new = client.book.orders
        part = {"filled_quantity": "0.5", "remaining_quantity": "1.5", "average_fill_price": "90"}
        client.order({**old, **part}, "ORDER_CANCELLED")
        client.execution("t-1", old, "0.5", "90")
        client.book.fill(new)
        client.order(new, "ORDER_FILLED")
        client.execution("t-2", new, "1", "100")
        client.wait_for(lambda: ("order", "FILLED", "o2", "1") in client.timeline)
        end(client)

    peer, session = play(script, tmp_path, MODIFY, {"PATCH": [replace]})

    assert session.desk.portfolio.quantity(AAPL) == Decimal("1.5")
    assert [one.trade.id for one in session.desk.portfolio.fills] == ["t-1", "t-2"]
    assert [one[1] for one in told(peer)] == ["OPEN", "FILLED"]


def test_R11_a_change_that_failed_half_way_leaves_what_the_gateway_shows(tmp_path: Path) -> None:
    failed = ("error", "REQUEST_FAILED")
    denied: list[str | None] = []

    def script(client: Client) -> None:
        two_candles(client)
        client.wait_for(lambda: failed in client.timeline)
        end(client)

    def act(strategy: Any, candle: Candle) -> None:
        MODIFY(strategy, candle)
        if candle.close == 101:
            # Somebody may have placed the order anew: nothing that opens more is sent meanwhile.
            strategy.more = strategy.buy(quantity=1, limit=90)
        if candle.close == 102:
            denied.append(strategy.more.reject_reason)
            strategy.buy(quantity=1, limit=90)

    peer, session = play(script, tmp_path, act, {"PATCH": [lost(cancelled)]})

    assert denied == ["DENIED_UNSETTLED_CHANGE"]
    statuses = [one.status.value for one in session.desk.tickets.values()]
    assert statuses == ["CANCELLED", "REJECTED", "OPEN"]
    assert requests(peer, "PATCH") == 1


def test_R11_a_change_that_was_not_made_is_told_and_never_asked_for_again(tmp_path: Path) -> None:
    failed = ("error", "REQUEST_FAILED")
    peer, session = play(when_told(failed), tmp_path, MODIFY, {"PATCH": [lost(nothing)]})

    assert requests(peer, "PATCH") == 1
    assert [str(one.quantity) for one in session.desk.working.values()] == ["2"]
