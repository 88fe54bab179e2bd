"""Commands over REST, against a real HTTP server: what is certain, and what nobody knows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from runner.errors import ConnectError, ProtocolError
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    ReadState,
    Rejection,
    State,
    SubmitOrder,
    Unanswered,
)
from runner.protocol.enums import OrderStatus, OrderType, Side
from runner.transports.backoff import TemporaryFailure
from runner.transports.rest import RestClient
from tests.helpers import AAPL
from tests.integration.peer import PATIENCE_S, Book, Handler, raw_server, rest_running

ORDER = SubmitOrder(AAPL, Side.BUY, Decimal("1.50"), OrderType.MARKET, client_order_id="r-1")

Fault = Callable[[Handler], bool]


@pytest.fixture
def book() -> Book:
    return Book([])


@pytest.fixture
def client(book: Book) -> Iterator[RestClient]:
    with rest_running(book) as url:
        yield RestClient(url, api_key="key-1", timeout_s=5.0, look_up_after_s=(0.0, 0.0, 0.0))


def refusing(status: int, code: str, **details: Any) -> Fault:
    def fault(handler: Handler) -> bool:
        handler.refuse(status, code, **details)
        return True

    return fault


def saying(status: int, body: bytes, *, placed: bool = False) -> Fault:
    def fault(handler: Handler) -> bool:
        if placed:
            handler.book.place(handler.sent)
        handler.answer(status, body)
        return True

    return fault


def hanging_up(*, placed: bool) -> Fault:
    def fault(handler: Handler) -> bool:
        if placed:
            handler.book.place(handler.sent)
        handler.hang_up()
        return True

    return fault


def cutting_the_body(*, placed: bool) -> Fault:
    def fault(handler: Handler) -> bool:
        if placed:
            handler.book.place(handler.sent)
        handler.wfile.write(b'HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"id":"o1"')
        handler.wfile.flush()
        handler.hang_up()
        return True

    return fault


def test_an_order_is_posted_with_plain_numbers_and_its_answer_returned(
    book: Book, client: RestClient
) -> None:
    reply = client.execute(ORDER)

    assert reply == OrderHandle("o1", OrderStatus.OPEN, "r-1")
    assert book.posts[0]["quantity"] in ("1.5", "1.50")
    assert book.posts[0]["client_order_id"] == "r-1"
    assert book.authorization == ["Bearer key-1"]


def test_one_connection_serves_all_requests(book: Book, client: RestClient) -> None:
    places: set[Any] = set()

    def note(handler: Handler) -> bool:
        places.add(handler.client_address)
        return False

    book.faults = {"GET": [note] * 9, "POST": [note] * 3}

    client.execute(ReadState())
    client.execute(ORDER)
    client.execute(ReadState())

    assert len(places) == 1


def test_a_kept_connection_that_the_peer_has_closed_meanwhile_is_opened_anew(
    book: Book, client: RestClient
) -> None:
    has_left = threading.Event()

    def answering_and_leaving(handler: Handler) -> bool:
        handler.on_post()
        handler.hang_up()
        has_left.set()
        return True

    book.faults["POST"] = [answering_and_leaving]

    client.execute(ORDER)
    assert has_left.wait(PATIENCE_S)

    assert client.execute(ORDER) == OrderHandle("o2", OrderStatus.OPEN, "r-1")
    assert [method for method, _ in book.requests] == ["POST", "POST"]


def test_state_is_account_positions_and_working_orders_filtered_here(
    book: Book, client: RestClient
) -> None:
    client.execute(ORDER)
    client.execute(ORDER)
    book.orders[0]["status"] = "FILLED"

    state = client.execute(ReadState())

    assert isinstance(state, State)
    assert state.account.equity == Decimal(100_000)
    assert [order.id for order in state.orders] == ["o2"]


def test_cancel_and_modify_carry_their_order_back(book: Book, client: RestClient) -> None:
    client.execute(ORDER)

    modified = client.execute(ModifyOrder("o1", quantity=Decimal(3)))
    cancelled = client.execute(CancelOrder("o1"))

    assert isinstance(modified, ModifyResult)
    assert modified.order.quantity == 3
    assert isinstance(cancelled, CancelResult)
    assert cancelled.success
    assert cancelled.order.status is OrderStatus.CANCELLED


@pytest.mark.parametrize(
    ("status", "code", "details", "reason"),
    [
        (422, "ORDER_REJECTED", {"reject_code": "INSUFFICIENT_FUNDS"}, "INSUFFICIENT_BALANCE"),
        (422, "ORDER_REJECTED", {"reject_reason": "MARKET_CLOSED"}, "MARKET_CLOSED"),
        (422, "ORDER_REJECTED", {"reject_code": "tick_size"}, "tick_size"),
        (422, "ORDER_REJECTED", {}, "UNKNOWN"),
        (400, "INVALID_VALUE", {"field": "limit_price"}, "INVALID_PRICE"),
        (429, "RATE_LIMITED", {"retry_after_seconds": 1_000_000_000}, "RATE_LIMITED"),
        (501, "UNSUPPORTED_OPERATION", {"operation": "TRAILING_STOP"}, "UNKNOWN"),
        (503, "SHUTTING_DOWN", {}, "UNKNOWN"),
    ],
)
def test_R8_R9_a_refusal_is_certain_and_final(
    book: Book, client: RestClient, status: int, code: str, details: dict[str, Any], reason: str
) -> None:
    book.faults["POST"] = [refusing(status, code, **details)]

    reply = client.execute(ORDER)

    assert isinstance(reply, Rejection)
    assert (reply.status, reply.code, reply.reason) == (status, code, reason)
    assert reply.message == f"said {code}"
    assert len(book.requests) == 1


UNCERTAIN: dict[str, Callable[[bool], Fault]] = {
    "reset": lambda placed: hanging_up(placed=placed),
    "cut body": lambda placed: cutting_the_body(placed=placed),
    "500": lambda placed: saying(500, b"", placed=placed),
    "502": lambda placed: saying(502, b"<html>bad gateway</html>", placed=placed),
    "504": lambda placed: saying(504, b"", placed=placed),
    "provider": lambda placed: saying(
        503, b'{"code":"PROVIDER_UNAVAILABLE","message":"x"}', placed=placed
    ),
    "201 without JSON": lambda placed: saying(201, b"OK", placed=placed),
    "201 of another order": lambda placed: saying(
        201, b'{"id":"o9","status":"OPEN","client_order_id":"r-9"}', placed=placed
    ),
}


@pytest.mark.parametrize("fault", UNCERTAIN.values(), ids=UNCERTAIN.keys())
def test_R2_an_order_without_an_answer_is_found_again(
    book: Book, client: RestClient, fault: Callable[[bool], Fault]
) -> None:
    book.faults["POST"] = [fault(True)]

    reply = client.execute(ORDER)

    assert reply == OrderHandle("o1", OrderStatus.OPEN, "r-1")
    assert len(book.posts) == 1


@pytest.mark.parametrize("fault", UNCERTAIN.values(), ids=UNCERTAIN.keys())
def test_R2_an_order_that_is_not_found_stays_unanswered_and_is_not_sent_again(
    book: Book, client: RestClient, fault: Callable[[bool], Fault]
) -> None:
    book.faults["POST"] = [fault(False)]

    reply = client.execute(ORDER)

    assert isinstance(reply, Unanswered)
    assert len(book.posts) == 1
    assert len(book.requests) == 1 + 2 * 3


def test_R2_a_late_answer_is_no_answer(book: Book) -> None:
    def dawdling(handler: Handler) -> bool:
        handler.book.place(handler.sent)
        handler.book.released.wait(5.0)
        return True

    book.faults["POST"] = [dawdling]
    with rest_running(book) as url:
        client = RestClient(url, timeout_s=0.1, look_up_after_s=(0.0,))
        reply = client.execute(ORDER)
        book.released.set()

    assert reply == OrderHandle("o1", OrderStatus.OPEN, "r-1")
    assert len(book.posts) == 1


def test_R6_an_order_that_shows_late_is_adopted(book: Book, client: RestClient) -> None:
    book.faults["POST"] = [hanging_up(placed=True)]
    book.hidden = 5

    assert client.execute(ORDER) == OrderHandle("o1", OrderStatus.OPEN, "r-1")


def test_R5_the_search_filters_here(book: Book, client: RestClient) -> None:
    book.place({"symbol": AAPL, "side": "BUY", "order_type": "MARKET", "quantity": "1"})
    book.place({**book.orders[0], "client_order_id": "r-11"})
    book.faults["POST"] = [hanging_up(placed=True)]

    assert client.execute(ORDER) == OrderHandle("o3", OrderStatus.OPEN, "r-1")


def test_an_order_found_rejected_is_a_rejection(book: Book, client: RestClient) -> None:
    def rejecting(handler: Handler) -> bool:
        handler.book.place(handler.sent).update(status="REJECTED", reject_reason="MARKET_CLOSED")
        handler.hang_up()
        return True

    book.faults["POST"] = [rejecting]

    reply = client.execute(ORDER)

    assert isinstance(reply, Rejection)
    assert reply.reason == "MARKET_CLOSED"


def test_R1_a_request_that_never_left_is_certainly_not_placed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        client = RestClient(f"http://127.0.0.1:{free.getsockname()[1]}")

    reply = client.execute(ORDER)

    assert isinstance(reply, Rejection)
    assert (reply.status, reply.code) == (0, "NOT_SENT")
    assert "connection refused" in reply.message


def test_state_of_a_peer_that_is_not_up_is_a_temporary_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        client = RestClient(f"http://127.0.0.1:{free.getsockname()[1]}")

    with pytest.raises(TemporaryFailure) as caught:
        client.execute(ReadState())

    assert caught.value.exit_code == 6
    assert "runner engine serve" in caught.value.fix


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("command", [ORDER, ReadState()], ids=["order", "state"])
def test_N11_no_admission_is_final(
    book: Book, client: RestClient, status: int, command: Any
) -> None:
    book.faults = {method: [refusing(status, "UNAUTHORIZED")] for method in ("GET", "POST")}

    with pytest.raises(ConnectError) as caught:
        client.execute(command)

    assert caught.value.id == "E602"
    assert not isinstance(caught.value, TemporaryFailure)
    assert len(book.requests) == 1


def test_R13_positions_that_cannot_be_read_are_never_taken_for_none(
    book: Book, client: RestClient
) -> None:
    book.faults["GET"] = [lambda handler: False, saying(500, b"")]

    with pytest.raises(TemporaryFailure):
        client.execute(ReadState())


@pytest.mark.parametrize(
    "fault",
    [saying(200, b"<html>"), saying(404, b""), saying(200, b'{"balance":"1"}')],
    ids=["HTML", "404", "half an account"],
)
def test_what_is_no_trading_interface_is_exit_7(
    book: Book, client: RestClient, fault: Fault
) -> None:
    book.faults["GET"] = [fault]

    with pytest.raises(ProtocolError) as caught:
        client.execute(ReadState())

    assert caught.value.id == "E741"
    assert "8080" in caught.value.fix


def test_C12_a_redirect_is_never_followed(book: Book, client: RestClient) -> None:
    def redirecting(handler: Handler) -> bool:
        handler.send_response(302)
        handler.send_header("Location", "http://169.254.169.254/")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    book.faults["GET"] = [redirecting]

    with pytest.raises(ProtocolError) as caught:
        client.execute(ReadState())

    assert "redirect" in caught.value.why


def test_what_does_not_speak_http_is_exit_7() -> None:
    with raw_server(lambda sock: sock.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")) as (place, _):
        client = RestClient(f"http://{place}", timeout_s=5.0)
        with pytest.raises(ProtocolError) as caught:
            client.execute(ReadState())

    assert caught.value.id == "E741"
    assert "SSH" in caught.value.why


@pytest.mark.parametrize("head", [b"Content-Length: 99999999", b"Transfer-Encoding: chunked"])
def test_R12_an_answer_without_end_is_cut_off(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    from runner.transports import http

    monkeypatch.setattr(http, "BODY_LIMIT", 300_000)

    def talk(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        while True:
            sock.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    with raw_server(talk) as (place, _):
        client = RestClient(f"http://{place}", timeout_s=5.0)
        with pytest.raises(TemporaryFailure) as caught:
            client.execute(ReadState())

    assert "larger than" in caught.value.why


def test_R11_a_cancellation_without_an_answer_is_settled_by_the_order_itself(
    book: Book, client: RestClient
) -> None:
    def cancelling(handler: Handler) -> bool:
        handler.book.orders[0]["status"] = "FILLED"
        handler.hang_up()
        return True

    client.execute(ORDER)
    book.faults["DELETE"] = [cancelling]

    reply = client.execute(CancelOrder("o1", "r-1"))

    assert isinstance(reply, CancelResult)
    assert not reply.success
    assert reply.order.status is OrderStatus.FILLED


def test_a_cancellation_without_an_answer_is_repeated_while_the_order_works(
    book: Book, client: RestClient
) -> None:
    client.execute(ORDER)
    book.faults["DELETE"] = [hanging_up(placed=False)]

    reply = client.execute(CancelOrder("o1", "r-1"))

    assert isinstance(reply, CancelResult)
    assert reply.success


def test_R11_a_modification_without_an_answer_is_read_off_the_order_that_replaced_it(
    book: Book, client: RestClient
) -> None:
    def replacing(handler: Handler) -> bool:
        old = handler.book.orders[0]
        old["status"] = "CANCELLED"
        handler.book.place({**old, "quantity": handler.sent["quantity"]})
        handler.hang_up()
        return True

    client.execute(ORDER)
    book.faults["PATCH"] = [replacing]

    reply = client.execute(ModifyOrder("o1", "r-1", quantity=Decimal(4)))

    assert isinstance(reply, ModifyResult)
    assert (reply.order.id, reply.previous_order_id) == ("o2", "o1")


def test_a_modification_that_nobody_carried_out_stays_unanswered(
    book: Book, client: RestClient
) -> None:
    client.execute(ORDER)
    book.faults["PATCH"] = [hanging_up(placed=False)]

    reply = client.execute(ModifyOrder("o1", "r-1", quantity=Decimal(4)))

    assert isinstance(reply, Unanswered)
    assert [method for method, _ in book.requests].count("PATCH") == 1


@pytest.mark.parametrize("command", [CancelOrder("o9"), ModifyOrder("o9", quantity=Decimal(1))])
def test_what_the_peer_does_not_know_is_refused(client: RestClient, command: Any) -> None:
    reply = client.execute(command)

    assert isinstance(reply, Rejection)
    assert (reply.status, reply.code) == (404, "ORDER_NOT_FOUND")


def test_a_cancellation_may_be_answered_without_a_body(book: Book, client: RestClient) -> None:
    def cancelling(handler: Handler) -> bool:
        handler.book.orders[0]["status"] = "CANCELLED"
        handler.answer(204, b"")
        return True

    client.execute(ORDER)
    book.faults["DELETE"] = [cancelling]

    reply = client.execute(CancelOrder("o1"))

    assert isinstance(reply, CancelResult)
    assert reply.success


def test_a_modification_answered_unreadably_is_read_off_the_order(
    book: Book, client: RestClient
) -> None:
    def modifying(handler: Handler) -> bool:
        handler.book.orders[0].update(handler.sent)
        handler.answer(200, b"OK")
        return True

    client.execute(ORDER)
    book.faults["PATCH"] = [modifying]

    reply = client.execute(ModifyOrder("o1", limit_price=Decimal("7.5")))

    assert isinstance(reply, ModifyResult)
    assert reply.order.limit_price == Decimal("7.5")


def test_cancelling_is_given_up_when_nobody_answers(book: Book, client: RestClient) -> None:
    client.execute(ORDER)
    book.faults = {
        "DELETE": [hanging_up(placed=False)] * 9,
        "GET": [saying(500, b"")] * 9,
    }

    assert isinstance(client.execute(CancelOrder("o1")), Unanswered)
