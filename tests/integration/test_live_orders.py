"""Orders of a live run, over real sockets: written down first, sent once, looked for in doubt.

`AMBIGUOUS_SUBMITS=10000 pytest tests/integration/test_live_orders.py -k ambiguous` sends more.
"""

from __future__ import annotations

import errno
import json
import os
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runner.errors import ConnectError, MachineError, RiskHalt
from runner.journal import Journal
from runner.protocol.messages import Candle
from runner.session import Session, Stop
from runner.strategy.order import Order
from runner.transports.stop import StopRequest
from tests.integration.peer import Client, Handler, Noting, Peer, drive_live, running

Fault = Callable[[Handler], bool]


def buy_once(strategy: Any, candle: Candle) -> None:
    if not hasattr(strategy, "ticket"):
        strategy.ticket = strategy.buy(quantity=1)


def refuse(status: int, code: str) -> Fault:
    def fault(handler: Handler) -> bool:
        handler.refuse(status, code)
        return True

    return fault


def toxic(after: Callable[[Handler], None]) -> Callable[[bool], Fault]:
    """Return a fault: the order is placed, or not, and then something goes wrong."""

    def make(placed: bool) -> Fault:
        def fault(handler: Handler) -> bool:
            if placed:
                handler.book.place(handler.sent)
            after(handler)
            return True

        return fault

    return make


def write_and_hang_up(data: bytes) -> Callable[[Handler], None]:
    def after(handler: Handler) -> None:
        handler.wfile.write(data)
        handler.wfile.flush()
        handler.hang_up()

    return after


TOXICS: dict[str, Callable[[bool], Fault]] = {
    "reset": toxic(Handler.hang_up),
    "cut status line": toxic(write_and_hang_up(b"HTTP/1.1 20")),
    "cut body": toxic(write_and_hang_up(b'HTTP/1.1 201 C\r\nContent-Length: 500\r\n\r\n{"id":"o')),
    "500": toxic(lambda handler: handler.answer(500, b"")),
    "502": toxic(lambda handler: handler.answer(502, b"<html>bad gateway</html>")),
    "503 provider": toxic(lambda handler: handler.refuse(503, "PROVIDER_UNAVAILABLE")),
    "504": toxic(lambda handler: handler.answer(504, b"")),
    "201 without JSON": toxic(lambda handler: handler.answer(201, b"OK")),
    "no answer in time": toxic(lambda handler: handler.book.released.wait(5.0)),
}


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]


def verdicts(folder: Path) -> list[str]:
    return [line["verdict"] for line in lines_of(folder) if line["kind"] == "outcome"]


def statuses(session: Session) -> list[str]:
    return [order.status.value for order in session.desk.tickets.values()]


class Settled:
    """A script of two candles; the second comes when the order of the first is settled.

    Settled means that the strategy was told of it: `on_order` or `on_error` has run.
    """

    def __init__(self, told: int) -> None:
        self.told = told

    def __call__(self, client: Client) -> None:
        client.candles(0)
        client.ack()
        client.wait_for(lambda: self.is_told(client))
        client.candles(1)
        client.ack()
        client.complete()
        client.ack()

    def is_told(self, client: Client) -> bool:
        return sum(one[0] in ("order", "error") for one in client.timeline) >= self.told


class Telling(Noting):
    """Notes errors, too."""

    def on_error(self, error: Any) -> None:
        self.timeline.append(("error", error.code))


def play(
    fault: Fault | None,
    folder: Path,
    *,
    told: int,
    book: Callable[[Peer], None] | None = None,
    **options: Any,
) -> tuple[Peer, Session]:
    """Buy once on the first candle, with a fault in the answer; end after the second candle."""
    with running(Settled(told)) as peer:
        if fault is not None:
            peer.book.faults["POST"] = [fault]
        if book is not None:
            book(peer)
        _, session = drive_live(peer, folder, buy_once, strategy=Telling, **options)
        peer.book.released.set()
    return peer, session


# Written down before it leaves


def test_I6_the_intent_of_an_order_is_on_the_disk_before_the_order_leaves(tmp_path: Path) -> None:
    found: list[str] = []
    synced: list[int] = []

    def look() -> None:
        found.extend((one["kind"], one["client_order_id"]) for one in lines_of(tmp_path)[-2:])
        synced.append(is_synced[-1])

    is_synced: list[int] = []

    def sync(file: int) -> None:
        os.fsync(file)
        is_synced.append((tmp_path / "journal.jsonl").stat().st_size)

    def watch(peer: Peer) -> None:
        peer.book.on_post = look

    play(None, tmp_path, told=0, book=watch, sync=sync)

    assert found == [("intent", "first-1"), ("sent", "first-1")]
    data = (tmp_path / "journal.jsonl").read_bytes()
    assert [json.loads(one)["kind"] for one in data[: synced[0]].splitlines()][-2:] == [
        "intent",
        "sent",
    ]


def test_O5_an_order_that_cannot_be_written_down_is_not_sent(tmp_path: Path) -> None:
    def sync(file: int) -> None:
        if lines_of(tmp_path)[-1:] and lines_of(tmp_path)[-1]["kind"] == "sent":
            raise OSError(errno.ENOSPC, "No space left on device")

    with running(lambda client: client.candles(0)) as peer, pytest.raises(MachineError) as caught:
        drive_live(peer, tmp_path, buy_once, sync=sync)

    assert caught.value.id == "E1040"
    assert peer.book.posts == []
    assert peer.acked == []


def test_a_journal_cut_at_any_byte_after_an_order_left_knows_of_it(tmp_path: Path) -> None:
    lengths: dict[str, int] = {}

    def script(client: Client) -> None:
        client.candles(*range(6))
        client.acks(6)
        client.complete()
        client.ack()

    with running(script) as peer:
        path = tmp_path / "journal.jsonl"
        peer.book.on_post = lambda: lengths.update(
            {peer.book.posts[-1]["client_order_id"]: path.stat().st_size}
        )
        drive_live(peer, tmp_path, lambda strategy, candle: strategy.buy(quantity=1))

    data = path.read_bytes()
    assert len(lengths) == 6
    for cut in range(min(lengths.values()), len(data) + 1):
        path.write_bytes(data[:cut])
        journal = Journal(path, sync=lambda file: None)
        known = {name for name, one in journal.past.orders.items() if one.has_left}
        journal.close()
        assert {name for name, length in lengths.items() if length <= cut} <= known


# Three outcomes


def test_R1_an_order_that_never_left_is_rejected_and_is_not_looked_for(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.complete()
        client.ack()

    with running(script) as peer:

        def buy_when_nobody_listens(strategy: Any, candle: Candle) -> None:
            peer.book.refuse_connections()
            buy_once(strategy, candle)

        _, session = drive_live(peer, tmp_path, buy_when_nobody_listens)

    assert statuses(session) == ["REJECTED"]
    assert verdicts(tmp_path) == ["rejected"]
    assert "NOT_SENT" in lines_of(tmp_path)[-1]["evidence"]


@pytest.mark.parametrize("fault", TOXICS.values(), ids=TOXICS.keys())
def test_R2_an_order_without_an_answer_that_was_placed_is_found_and_not_sent_again(
    tmp_path: Path, fault: Callable[[bool], Fault]
) -> None:
    peer, session = play(fault(True), tmp_path, told=3, timeout_s=0.3)

    assert statuses(session) == ["OPEN"]
    assert [one["client_order_id"] for one in peer.book.orders] == ["first-1"]
    assert len(peer.book.posts) == 1
    assert [one for one in peer.timeline if one[0] in ("order", "error")] == [
        ("error", "REQUEST_UNANSWERED"),
        ("order", "UNKNOWN"),
        ("order", "OPEN"),
    ]
    assert verdicts(tmp_path) == ["unknown"]


@pytest.mark.parametrize("fault", TOXICS.values(), ids=TOXICS.keys())
def test_R2_an_order_without_an_answer_that_was_not_placed_is_orphaned_and_not_sent_again(
    tmp_path: Path, fault: Callable[[bool], Fault]
) -> None:
    peer, session = play(fault(False), tmp_path, told=3, timeout_s=0.3)

    (order,) = session.desk.tickets.values()
    assert (order.status.value, order.is_orphaned) == ("UNKNOWN", True)
    assert peer.book.orders == []
    assert len(peer.book.posts) == 1
    assert [one[1] for one in peer.timeline if one[0] == "error"] == [
        "REQUEST_UNANSWERED",
        "ORDER_ORPHANED",
    ]
    assert verdicts(tmp_path) == ["unknown", "orphaned"]


def test_R3_every_order_has_an_id_of_its_own_that_any_gateway_takes(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(*range(20))
        client.acks(20)
        client.complete()
        client.ack()

    with running(script) as peer:
        drive_live(peer, tmp_path, lambda strategy, candle: strategy.buy(quantity=1))

    ids = [post["client_order_id"] for post in peer.book.posts]
    assert len(set(ids)) == 20
    assert all(len(one) <= 32 and one.replace("-", "").isalnum() for one in ids)


def test_R4_an_event_settles_an_order_in_doubt_and_ends_the_search(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.order(client.book.orders[0], "ORDER_CREATED")
        client.wait_for(lambda: ("order", "OPEN") in client.timeline)
        client.complete()
        client.ack()

    with running(script) as peer:
        peer.book.faults["POST"] = [TOXICS["reset"](True)]
        _, session = drive_live(peer, tmp_path, buy_once, pauses_s=(60.0,))

    assert statuses(session) == ["OPEN"]
    assert len(peer.book.posts) == 1
    assert not any("client_order_id=" in path for _, path in peer.book.requests)


def adapter(shape: Callable[[list[dict[str, Any]], Handler], list[dict[str, Any]] | None]) -> Fault:
    """Return a way to list orders, as one kind of gateway does; None is a listing it has not."""

    def fault(handler: Handler) -> bool:
        if handler.route[:1] != ["orders"] or "client_order_id" not in handler.query:
            return False
        listed = shape(handler.book.orders, handler)
        if listed is None:
            handler.refuse(501, "UNSUPPORTED_OPERATION")
        else:
            handler.answer(200, listed)
        return True

    return fault


def is_history(handler: Handler) -> bool:
    return handler.route == ["orders", "history"]


SHAPES: dict[str, Fault] = {
    "heeds no filter": adapter(lambda orders, handler: orders),
    "shows new orders in its history only": adapter(
        lambda orders, handler: orders if is_history(handler) else []
    ),
    "has no history": adapter(lambda orders, handler: None if is_history(handler) else orders),
    "wants the symbol": adapter(
        lambda orders, handler: [one for one in orders if one["symbol"] == handler.query["symbol"]]
    ),
    "compares ids without the last letter": adapter(
        lambda orders, handler: [{**one, "client_order_id": "first-"} for one in orders] + orders
    ),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_R5_an_order_is_found_at_gateways_of_any_shape(tmp_path: Path, shape: Fault) -> None:
    def prepare(peer: Peer) -> None:
        peer.book.place(
            {"symbol": "S:AAPL", "side": "BUY", "order_type": "MARKET", "quantity": "7",
             "client_order_id": "first-11"}
        )  # fmt: skip
        peer.book.faults["GET"] = [shape] * 100

    _, session = play(TOXICS["reset"](True), tmp_path, told=3, book=prepare)

    order = session.desk.tickets["first-1"]
    assert (order.id, order.status.value) == ("o2", "OPEN")


def test_R6_an_order_that_shows_late_is_adopted_and_not_doubled(tmp_path: Path) -> None:
    peer, session = play(
        TOXICS["502"](True), tmp_path, told=3, book=lambda peer: setattr(peer.book, "hidden", 8)
    )

    assert statuses(session) == ["OPEN"]
    assert len(peer.book.orders) == len(peer.book.posts) == 1


def test_R9_a_gateway_that_shuts_down_has_surely_refused(tmp_path: Path) -> None:
    peer, session = play(refuse(503, "SHUTTING_DOWN"), tmp_path, told=1)

    assert statuses(session) == ["REJECTED"]
    assert verdicts(tmp_path) == ["rejected"]
    assert not any("client_order_id=" in path for _, path in peer.book.requests)


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "id": ({"client_order_id": "other-1"}, "client order id other-1 in place of first-1"),
    "symbol": ({"symbol": "S:MSFT"}, "symbol S:MSFT in place of S:AAPL"),
    "side": ({"side": "SELL"}, "side SELL in place of BUY"),
    "quantity": ({"quantity": "10"}, "quantity 10 in place of 1"),
    "quantity that is none": ({"quantity": "sNaN"}, "quantity sNaN in place of 1"),
    "type": ({"order_type": "LIMIT"}, "type LIMIT in place of MARKET"),
    "several": (
        {"side": "SELL", "quantity": "2"},
        "side SELL in place of BUY, quantity 2 in place of 1",
    ),
}


@pytest.mark.parametrize(("other", "said"), OTHERS.values(), ids=OTHERS)
def test_R10_an_answer_for_another_order_stops_the_run(
    tmp_path: Path, other: dict[str, Any], said: str
) -> None:
    def mix_up(handler: Handler) -> bool:
        handler.answer(201, {"id": "o9", "status": "OPEN", **other})
        return True

    with running(lambda client: client.candles(0)) as peer:
        peer.book.faults["POST"] = [mix_up]
        with pytest.raises(RiskHalt) as caught:
            drive_live(peer, tmp_path, buy_once)

    assert (caught.value.id, caught.value.exit_code) == ("E933", 9)
    assert said in caught.value.what
    assert verdicts(tmp_path) == ["unknown"]
    assert peer.acked == []


def test_R10_an_answer_with_the_id_of_another_order_stops_the_run(tmp_path: Path) -> None:
    def repeat(handler: Handler) -> bool:
        handler.answer(201, {"id": "o1", "status": "OPEN"})
        return True

    def twice(strategy: Any, candle: Candle) -> None:
        strategy.buy(quantity=1)
        strategy.buy(quantity=2)

    with running(lambda client: client.candles(0)) as peer:
        peer.book.faults["POST"] = [lambda handler: False, repeat]
        with pytest.raises(RiskHalt, match="with the id of first-1, o1") as caught:
            drive_live(peer, tmp_path, twice)

    assert caught.value.id == "E933"


def test_R10_an_answer_that_repeats_the_order_in_its_own_spelling_is_an_answer(
    tmp_path: Path,
) -> None:
    def spell(handler: Handler) -> bool:
        order = handler.book.place(handler.sent)
        said = {**order, "side": "buy", "order_type": "market", "quantity": 1.0}
        handler.answer(201, said)
        return True

    _, session = play(spell, tmp_path, told=0)

    assert statuses(session) == ["OPEN"]


def test_N11_a_key_that_expires_ends_the_run_and_the_order_is_known_not_to_be_placed(
    tmp_path: Path,
) -> None:
    with running(lambda client: client.candles(0)) as peer:
        peer.book.faults["POST"] = [refuse(401, "UNAUTHORIZED")]
        with pytest.raises(ConnectError) as caught:
            drive_live(peer, tmp_path, buy_once)

    assert caught.value.id == "E602"
    assert verdicts(tmp_path) == ["rejected"]


def test_while_an_order_is_in_doubt_its_symbol_is_only_reduced(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.candles(1)
        client.ack()
        client.complete()
        client.ack()

    with running(script) as peer:
        peer.book.faults["POST"] = [TOXICS["reset"](False)]
        _, session = drive_live(
            peer,
            tmp_path,
            lambda strategy, candle: strategy.buy(quantity=1),
            pauses_s=(60.0,),
        )

    first, second = session.desk.tickets.values()
    assert first.status.value == "UNKNOWN"
    assert (second.status.value, second.reject_reason) == ("REJECTED", "DENIED_UNKNOWN_ORDER")
    assert len(peer.book.posts) == 1


def test_when_an_order_is_found_its_symbol_is_free_again(tmp_path: Path) -> None:
    def prepare(peer: Peer) -> None:
        peer.book.faults["POST"] = [TOXICS["reset"](True)]

    with running(Settled(3)) as peer:
        prepare(peer)
        _, session = drive_live(
            peer, tmp_path, lambda strategy, candle: strategy.buy(quantity=1), strategy=Telling
        )

    assert statuses(session) == ["OPEN", "OPEN"]


def test_R14_an_order_in_doubt_at_the_end_is_looked_for_once_more(tmp_path: Path) -> None:
    stop = StopRequest()

    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        stop.ask(Stop("terminated"))
        client.wait_until_closed()

    with running(script) as peer:
        peer.book.faults["POST"] = [TOXICS["reset"](True)]
        ending, session = drive_live(peer, tmp_path, buy_once, pauses_s=(60.0,), stop=stop)

    assert ending.why == "terminated"
    assert statuses(session) == ["OPEN"]


def test_F12_a_fill_that_comes_before_the_answer_joins_its_order(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        client.complete()
        client.ack()

    def fill_first(handler: Handler) -> bool:
        order = handler.book.place(handler.sent)
        order.update(status="FILLED", filled_quantity="1", remaining_quantity="0",
                     average_fill_price="100")  # fmt: skip
        handler.book.clients[-1].order(order, "ORDER_FILLED")
        handler.answer(201, {"id": order["id"], "status": "OPEN"})
        return True

    with running(script) as peer:
        peer.book.faults["POST"] = [fill_first]
        _, session = drive_live(peer, tmp_path, buy_once)

    assert statuses(session) == ["FILLED"]
    assert session.desk.portfolio.quantity("S:AAPL") == 1


IMPOSSIBLE: dict[str, tuple[list[dict[str, str]], str]] = {
    "more executed than ordered": (
        [{"status": "FILLED", "filled_quantity": "2", "remaining_quantity": "0"}],
        "first-1 was executed for 2 of 1 S:AAPL",
    ),
    "less than nothing left": (
        [{"status": "OPEN", "filled_quantity": "0", "remaining_quantity": "-1"}],
        "first-1 has 0 executed and -1 left of 1 S:AAPL",
    ),
    "less than nothing executed": (
        [{"status": "OPEN", "filled_quantity": "-1", "remaining_quantity": "2"}],
        "first-1 has -1 executed and 2 left of 1 S:AAPL",
    ),
    "executed after it was cancelled": (
        [
            {"status": "CANCELLED", "filled_quantity": "0.25"},
            {"status": "FILLED", "filled_quantity": "1", "remaining_quantity": "0"},
        ],
        "first-1 was executed for 1 S:AAPL after it had ended as CANCELLED with 0.25",
    ),
    "executed after it was rejected": (
        [
            {"status": "REJECTED"},
            {"status": "PARTIALLY_FILLED", "filled_quantity": "0.5", "remaining_quantity": "0.5"},
        ],
        "first-1 was executed for 0.5 S:AAPL after it had ended as REJECTED with 0",
    ),
    "another side": ([{"side": "SELL"}], "told as SELL S:AAPL, and was sent as BUY S:AAPL"),
}


@pytest.mark.parametrize(("changes", "said"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_F14_what_cannot_be_stops_the_run_and_nothing_more_is_sent(
    tmp_path: Path, changes: list[dict[str, str]], said: str
) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        for one in changes:
            client.order({**client.book.orders[0], **one}, f"ORDER_{one.get('status', 'CREATED')}")
        client.candles(1)
        client.wait_until_closed()

    with running(script) as peer, pytest.raises(RiskHalt) as caught:
        drive_live(peer, tmp_path, buy_once)

    assert (caught.value.id, caught.value.exit_code) == ("E935", 9)
    assert said in caught.value.what
    assert len(peer.book.posts) == 1
    assert "e1" not in peer.acked


def test_F14_an_older_message_of_an_execution_is_no_contradiction(tmp_path: Path) -> None:
    def script(client: Client) -> None:
        client.candles(0)
        client.ack()
        part = {"filled_quantity": "0.5", "remaining_quantity": "0.5"}
        for status in ("CANCELLED", "PARTIALLY_FILLED"):
            client.order({**client.book.orders[0], **part, "status": status}, f"ORDER_{status}")
        client.candles(1)
        client.ack()
        client.complete()
        client.ack()

    with running(script) as peer:
        _, session = drive_live(peer, tmp_path, buy_once)

    assert statuses(session) == ["CANCELLED"]
    assert session.desk.portfolio.quantity("S:AAPL") == Decimal("0.5")


# Many


MANY = int(os.environ.get("AMBIGUOUS_SUBMITS", "300"))


@pytest.mark.timeout(max(120, MANY / 4))
def test_I5_many_ambiguous_submits_leave_no_order_twice(tmp_path: Path) -> None:
    count = MANY
    draw = random.Random(7)
    kinds = [kind for name, kind in TOXICS.items() if name != "no answer in time"]
    is_placed = [draw.random() < 0.5 for _ in range(count)]

    def script(client: Client) -> None:
        for index in range(count):
            client.candles(index)
            client.ack(60.0)
        client.wait_for(
            lambda: sum(one[0] == "settled" for one in client.timeline) == count, count / 50
        )
        client.complete()
        client.ack()

    class Many(Noting):
        def on_candle(self, candle: Candle) -> None:
            self.made = getattr(self, "made", 0) + 1
            self.buy(f"S:X{self.made}", quantity=1)

        def on_order(self, order: Order) -> None:
            if order.status.value == "OPEN":
                self.timeline.append(("settled",))

        def on_error(self, error: Any) -> None:
            if error.code == "ORDER_ORPHANED":
                self.timeline.append(("settled",))

    with running(script) as peer:
        peer.book.faults["POST"] = [draw.choice(kinds)(placed) for placed in is_placed]
        # With ten thousand orders, a listing of all of them would take all the time.
        peer.book.heeds_filters = True
        _, session = drive_live(
            peer, tmp_path, strategy=Many, pauses_s=(0.0,) * 5, sync=lambda file: None
        )

    posted = [post["client_order_id"] for post in peer.book.posts]
    held = [order["client_order_id"] for order in peer.book.orders]
    assert len(posted) == len(set(posted)) == count
    assert len(held) == len(set(held)) == sum(is_placed)
    assert statuses(session) == ["OPEN" if placed else "UNKNOWN" for placed in is_placed]
