"""Executions of a live run over real sockets: foreign, told twice, not told, and missed."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runner.errors import RiskHalt
from runner.protocol.messages import Trade
from runner.results.executions import summarise
from runner.session import Session
from tests.integration.peer import Client, Handler, Noting, Peer, drive_live, execution, running

AAPL = "S:AAPL"
OTHERS = {"symbol": AAPL, "side": "BUY", "order_type": "MARKET", "quantity": "7"}
START = 100_000


class Telling(Noting):
    """Notes executions and errors, too."""

    def on_trade(self, trade: Trade) -> None:
        said = "synthesised" if trade.synthesised else trade.id
        self.timeline.append(("trade", said, str(trade.quantity), str(trade.price)))

    def on_error(self, error: Any) -> None:
        self.timeline.append(("error", error.code))


def buy_two(strategy: Any, candle: Any) -> None:
    if not hasattr(strategy, "ticket") and strategy.is_flat:
        strategy.ticket = strategy.buy(quantity=2, reason="in")


def sell_two(strategy: Any, candle: Any) -> None:
    if not hasattr(strategy, "ticket"):
        strategy.ticket = strategy.sell(quantity=2, reason="out")


def nothing(strategy: Any, candle: Any) -> None:
    """Leave it at what the run before has done."""


def told(peer: Peer, *kinds: str) -> list[Any]:
    return [one for one in peer.timeline if one[0] in (kinds or ("trade",))]


def executed(client: Client, index: int, filled: str, average: str, *, status: str = "") -> Any:
    """Execute an order in the gateway's books, and return how it stands."""
    order = client.book.orders[index]
    done = Decimal(filled) == Decimal(order["quantity"])
    order.update(
        status=status or ("FILLED" if done else "PARTIALLY_FILLED"),
        filled_quantity=filled,
        remaining_quantity=str(Decimal(order["quantity"]) - Decimal(filled)),
        average_fill_price=average,
    )
    return order


def trades(client: Client, count: int) -> None:
    client.wait_for(lambda: sum(one[0] == "trade" for one in client.timeline) >= count)


def end(client: Client, index: int = 1) -> None:
    client.candles(index)
    client.ack()
    client.complete()
    client.ack()


def settle_in(client: Client, symbol: str, quantity: str, price: str, balance: str) -> None:
    """Set what the gateway holds after executions that nobody was told of."""
    client.book.hold(symbol, quantity)
    for one in client.book.positions:
        one["average_entry_price"] = price
    client.book.account.update(balance=balance, equity=balance)


def adds_up(session: Session) -> None:
    """I8: balance - start is what was realized, less commissions; executions are the position."""
    portfolio = session.desk.portfolio
    account, figures = portfolio.account, summarise(portfolio.fills)
    assert account is not None
    earned = figures.realized_pnl - figures.commission
    assert account.balance == Decimal(str(portfolio.starting_equity)) + earned
    held = sum((one.trade.quantity * one.trade.side.sign for one in portfolio.fills), Decimal(0))
    assert held == portfolio.quantity(AAPL)


# Not ours


def test_F13_an_execution_of_an_unknown_order_is_tagged_kept_and_reconciled(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        theirs = client.book.place({**OTHERS, "client_order_id": "by-hand"})
        client.book.hold(AAPL, "7")
        reads = client.book.state_reads
        for _ in range(2):
            client.execution("t-9", theirs, "7")
        client.wait_for(lambda: ("error", "EXTERNAL_FILL") in client.timeline)
        assert client.book.state_reads > reads
        end(client)

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, strategy=Telling)

    (fill,) = session.desk.portfolio.fills
    assert (fill.trade.id, fill.order_reason) == ("t-9", "EXTERNAL")
    assert session.desk.portfolio.quantity(AAPL) == 7
    assert told(peer, "trade", "error") == [
        ("trade", "t-9", "7", "100"),
        ("error", "EXTERNAL_FILL"),
        ("error", "FOREIGN_STATE"),
    ]


def test_F13_an_unknown_order_that_executes_is_tagged_and_reconciled(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.book.place({**OTHERS, "client_order_id": "by-hand"})
        client.order(executed(client, 0, "7", "90"), "ORDER_FILLED")
        client.book.hold(AAPL, "7")
        trades(client, 1)
        client.wait_for(lambda: ("error", "EXTERNAL_FILL") in client.timeline)
        end(client)

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, strategy=Telling)

    (ticket,) = session.desk.tickets.values()
    assert (ticket.reason, ticket.status.value) == ("EXTERNAL", "FILLED")
    (fill,) = session.desk.portfolio.fills
    assert (fill.order_reason, fill.trade.price, fill.trade.synthesised) == ("EXTERNAL", 90, True)


def test_F13_an_execution_of_an_order_that_is_looked_for_is_ours(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.execution("t-1", executed(client, 0, "2", "100"), "2")
        trades(client, 1)
        end(client)

    def place_and_hang_up(handler: Handler) -> bool:
        handler.book.place(handler.sent)
        handler.hang_up()
        return True

    with running(script) as peer:
        peer.book.faults["POST"] = [place_and_hang_up]
        _, session = drive_live(
            peer, tmp_path, buy_two, strategy=Telling, pauses_s=(60.0,)
        )  # fmt: skip

    (fill,) = session.desk.portfolio.fills
    assert fill.order_reason == "in"
    assert told(peer, "order", "trade") == [
        ("order", "UNKNOWN"),
        ("order", "FILLED"),
        ("trade", "t-1", "2", "100"),
    ]


def test_F13_an_execution_in_a_symbol_that_is_ignored_is_neither_told_nor_kept(
    tmp_path: Path,
) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        theirs = client.book.place({**OTHERS, "client_order_id": "by-hand"})
        client.execution("t-9", theirs, "7")
        end(client)

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, strategy=Telling, foreign={"*": "ignore"})

    assert session.desk.portfolio.fills == []
    assert told(peer, "trade", "error") == []


# Impossible ones


@pytest.mark.parametrize(
    ("status", "quantities", "said"),
    [
        ("", ["1", "1", "0.5"], "order o1 was executed for 2.5 of 2 S:AAPL"),
        ("CANCELLED", ["1", "0.5"], "executed for 1.5 S:AAPL, and had ended as CANCELLED with 1"),
    ],
    ids=["more than ordered", "after the end"],
)
def test_F14_executions_that_cannot_be_stop_the_run(
    tmp_path: Path, status: str, quantities: list[str], said: str
) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        if status:
            client.order(executed(client, 0, "1", "100", status=status), f"ORDER_{status}")
        for index, quantity in enumerate(quantities):
            client.execution(f"t-{index}", client.book.orders[0], quantity)
        client.wait_until_closed()

    with running(script) as peer, pytest.raises(RiskHalt) as caught:
        drive_live(peer, tmp_path, buy_two, strategy=Telling)

    assert (caught.value.id, caught.value.exit_code) == ("E935", 9)
    assert said in caught.value.what


# Told twice


def test_F15_an_execution_without_an_id_counts_once_by_how_its_order_stands(
    tmp_path: Path,
) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        order = executed(client, 0, "1", "100")
        for _ in range(2):
            client.execution("", order, "1")
            client.order(order, "ORDER_PARTIALLY_FILLED")
        trades(client, 1)
        end(client)

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, buy_two, strategy=Telling)

    assert told(peer) == [("trade", "synthesised", "1", "100")]
    assert session.desk.portfolio.quantity(AAPL) == 1


def test_F15_an_execution_that_comes_after_it_was_concluded_counts_once(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        order = executed(client, 0, "2", "101")
        client.order(order, "ORDER_FILLED")
        trades(client, 1)
        for name in ("t-1", "t-2", "t-1"):
            client.execution(name, order, "1", "101")
        end(client)

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, buy_two, strategy=Telling)

    assert told(peer) == [("trade", "synthesised", "2", "101")]
    assert session.desk.portfolio.quantity(AAPL) == 2


@pytest.mark.parametrize("is_first", [True, False], ids=["the order first", "no order"])
def test_F15_executions_that_are_told_newest_first_after_a_part_was_concluded_count_once(
    tmp_path: Path, is_first: bool
) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.order(executed(client, 0, "1.5", "100"), "ORDER_PARTIALLY_FILLED")
        trades(client, 1)
        order = executed(client, 0, "2", "100")
        if is_first:
            client.order(order, "ORDER_FILLED")
        for name, quantity in (("t-2", "0.5"), ("t-1", "1.5")):
            client.execution(name, order, quantity)
        trades(client, 2)
        end(client)

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, buy_two, strategy=Telling)

    assert [one[2] for one in told(peer)] == ["1.5", "0.5"]
    assert sum(one.trade.quantity for one in session.desk.portfolio.fills) == 2
    assert session.desk.portfolio.quantity(AAPL) == 2


def test_F15_an_execution_that_an_earlier_run_was_told_of_counts_once(tmp_path: Path) -> None:
    def first(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.execution("t-1", client.book.orders[0], "1")
        client.order(executed(client, 0, "1", "100"), "ORDER_PARTIALLY_FILLED")
        client.book.hold(AAPL, "1")
        end(client)

    def second(client: Client) -> None:
        client.execution("t-1", client.book.orders[0], "1")
        end(client)

    with running(first, second) as peer:
        drive_live(peer, tmp_path, buy_two, strategy=Telling)
        _, session = drive_live(peer, tmp_path, nothing, run="second", strategy=Telling)

    assert told(peer) == [("trade", "t-1", "1", "100")]
    assert session.desk.portfolio.quantity(AAPL) == 1
    assert session.desk.portfolio.fills == []


# Not told


def test_executions_are_asked_for_where_only_the_order_tells_of_them(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        order = executed(client, 0, "2", "101")
        listed = [
            execution("t-2", order, "1.5", "101.5", "0.1"),
            execution("t-9", {**order, "id": "o9"}, "5"),
            execution("t-1", order, "0.5", "99.5", "0.1"),
        ]
        client.book.trades = listed
        client.order(order, "ORDER_FILLED")
        trades(client, 2)
        end(client)

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, buy_two, strategy=Telling)

    assert sorted(told(peer)) == [("trade", "t-1", "0.5", "99.5"), ("trade", "t-2", "1.5", "101.5")]
    assert session.desk.portfolio.commissions == Decimal("0.2")


def test_what_nobody_tells_is_concluded_from_the_order_part_by_part(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.order(executed(client, 0, "0.5", "100"), "ORDER_PARTIALLY_FILLED")
        trades(client, 1)
        client.order(executed(client, 0, "2", "103"), "ORDER_FILLED")
        trades(client, 2)
        end(client)

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, buy_two, strategy=Telling)

    assert told(peer) == [
        ("trade", "synthesised", "0.5", "100"),
        ("trade", "synthesised", "1.5", "104"),
    ]
    assert session.desk.portfolio.positions[AAPL].average_entry_price == 103


def test_what_was_not_told_when_the_run_ends_stands_in_its_result(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.order(executed(client, 0, "2", "101"), "ORDER_FILLED")
        end(client)

    with running(script) as peer:
        _, session = drive_live(
            peer, tmp_path, buy_two, strategy=Telling, executions_after_s=(60.0,)
        )  # fmt: skip

    assert told(peer) == []
    assert [one.trade.quantity for one in session.desk.portfolio.fills] == [2]


# Missed


@pytest.mark.parametrize("is_listed", [True, False], ids=["listed", "not listed"])
def test_what_executed_during_a_gap_is_told_with_what_it_earned(
    tmp_path: Path, is_listed: bool
) -> None:
    def bought(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.execution("t-1", client.book.orders[0], "2", "100")
        client.order(executed(client, 0, "2", "100"), "ORDER_FILLED")
        settle_in(client, AAPL, "2", "100", "100000")
        client.candles(1)
        client.ack()
        order = executed(client, 1, "2", "110")
        settle_in(client, AAPL, "0", "0", "100018" if is_listed else "100020")
        if is_listed:
            client.book.trades = [
                execution("t-3", order, "1.5", "112", "1.5"),
                execution("t-2", order, "0.5", "104", "0.5"),
                execution("t-1", client.book.orders[0], "2", "100"),
            ]
        client.cut()

    def turn(strategy: Any, candle: Any) -> None:
        buy_two(strategy, candle) if candle.close == 100 else strategy.sell(quantity=2)

    def quiet_end(client: Client) -> None:
        client.wait_for(lambda: ("connection", "RECONNECTED") in client.timeline)
        client.complete()
        client.ack()

    with running(bought, quiet_end) as peer:
        _, session = drive_live(peer, tmp_path, turn, strategy=Telling)

    missed = told(peer)[1:]
    if is_listed:
        assert sorted(missed) == [("trade", "t-2", "0.5", "104"), ("trade", "t-3", "1.5", "112")]
    else:
        assert missed == [("trade", "synthesised", "2", "110")]
    assert summarise(session.desk.portfolio.fills).realized_pnl == 20
    kinds = [one[0] for one in told(peer, "order", "trade", "connection")]
    assert kinds[-len(missed) - 2 :] == ["order", *["trade"] * len(missed), "connection"]
    adds_up(session)


def test_what_executed_between_two_runs_is_told_with_what_it_earned(tmp_path: Path) -> None:
    def first(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.execution("t-1", client.book.orders[0], "2", "100")
        client.order(executed(client, 0, "2", "100"), "ORDER_FILLED")
        settle_in(client, AAPL, "2", "100", "100000")
        end(client)

    def second(client: Client) -> None:
        client.candles(1)
        client.ack()
        client.order(executed(client, 1, "0.5", "104"), "ORDER_PARTIALLY_FILLED")
        trades(client, 2)
        end(client, 2)

    with running(first, second, end) as peer:
        drive_live(peer, tmp_path, buy_two, strategy=Telling)
        drive_live(peer, tmp_path, sell_two, run="second", strategy=Telling)
        executed(peer.book.clients[0], 1, "2", "110")
        settle_in(peer.book.clients[0], AAPL, "0", "0", "100020")
        _, session = drive_live(peer, tmp_path, nothing, run="third", strategy=Telling)

    assert told(peer) == [
        ("trade", "t-1", "2", "100"),
        ("trade", "synthesised", "0.5", "104"),
        ("trade", "synthesised", "1.5", "112"),
    ]
    (fill,) = session.desk.portfolio.fills
    assert (fill.realized_pnl, fill.order_reason) == (18, "out")
    assert session.desk.portfolio.starting_equity == START + 2
    lines = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert sum(json.loads(one)["kind"] == "traded" for one in lines) == 3


def test_what_a_run_knew_to_have_executed_and_not_how_the_next_one_tells(tmp_path: Path) -> None:
    def first(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.order(executed(client, 0, "2", "105"), "ORDER_FILLED")
        settle_in(client, AAPL, "2", "105", "100000")
        client.wait_for(lambda: ("order", "FILLED") in client.timeline)
        client.cut()

    def refuse(handler: Handler) -> bool:
        handler.refuse(401, "UNAUTHORIZED")
        return True

    with running(first, end) as peer:
        drive = {"strategy": Telling, "executions_after_s": (60.0,)}
        peer.book.on_post = lambda: peer.book.faults.update(GET=[refuse])
        with pytest.raises(Exception, match="does not let us in"):
            drive_live(peer, tmp_path, buy_two, **drive)
        peer.book.on_post = lambda: None
        peer.book.faults.clear()
        _, session = drive_live(peer, tmp_path, nothing, run="second", **drive)

    assert told(peer, "order", "trade")[-2:] == [
        ("order", "FILLED"),
        ("trade", "synthesised", "2", "105"),
    ]
    assert [one.order_reason for one in session.desk.portfolio.fills] == ["in"]
    assert session.desk.portfolio.quantity(AAPL) == 2
