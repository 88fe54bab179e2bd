"""A scripted peer: a real WebSocket and a real REST server on this machine, told what to do wrong.

A script is a function of one connection; the first connection runs the first script, and so on, the
last one again and again. `timeline` holds what happened, in order, on all sides.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol
from websockets.sync.server import Server, ServerConnection, serve

from runner.journal import Journal, Memory
from runner.protocol.codec import encode
from runner.protocol.messages import BacktestComplete, Candle, Connection
from runner.protocol.times import from_ms
from runner.safety import Limits
from runner.session import Ending, Session
from runner.strategy.base import Strategy
from runner.strategy.order import Order
from runner.transports.clocks import Clocks
from runner.transports.live import Live
from runner.transports.lookups import Lookups
from runner.transports.rest import RestClient
from runner.transports.stop import StopRequest
from runner.transports.websocket import ConnectionSettings, run_websocket
from tests.helpers import candle, set_up

PATIENCE_S = 5.0
"""How long anything may take before a test is lost."""


class Client:
    """One connection, seen from the peer."""

    def __init__(self, socket: ServerConnection, book: Book) -> None:
        self.socket = socket
        self.timeline = book.timeline
        self.book = book
        book.clients.append(self)

    def send(self, *messages: str | bytes) -> None:
        """Send messages, all in one write."""
        texts = [one.encode() if isinstance(one, str) else one for one in messages]
        self.write(b"".join(Frame(Opcode.TEXT, text).serialize(mask=False) for text in texts))

    def write(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.socket.socket.sendall(data)

    def connected(self) -> None:
        self.send(encode(Connection("CONNECTED"), timestamp=from_ms(0)))

    def candles(self, *indices: int) -> None:
        """Send candles with the ids e0, e1, ... of their indices, all in one write."""
        self.send(*(candle_frame(index) for index in indices))

    def order(self, order: Mapping[str, Any], event: str) -> None:
        """Tell how an order of the book stands."""
        frame = {"type": "order", "event": event, "order": order, "timestamp": order["updated_at"]}
        self.send(json.dumps(frame))

    def execution(
        self, id: str, order: Mapping[str, Any], quantity: str, price: str = "100"
    ) -> None:
        """Tell of an execution of an order of the book."""
        trade = execution(id, order, quantity, price)
        frame = {"type": "trade", "event": "TRADE_FILLED", "trade": trade}
        self.send(json.dumps({**frame, "timestamp": order["updated_at"]}))

    def wait_for(self, condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Wait until something has happened on another side."""
        until = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError("what was waited for has not happened")
            time.sleep(0.002)

    def complete(self, event_id: str | None = "end") -> None:
        self.send(encode(BacktestComplete(), event_id=event_id, timestamp=from_ms(0)))

    def read(self, patience_s: float = PATIENCE_S) -> Any:
        """Return the next message, read as JSON."""
        return json.loads(self.socket.recv(timeout=patience_s))

    def ack(self, patience_s: float = PATIENCE_S) -> list[str]:
        """Return the ids of the next message, which is an ack."""
        message = self.read(patience_s)
        assert message["type"] == "event_ack", message
        assert isinstance(message["timestamp"], int)
        self.timeline.append(("ack", *message["events_processed"]))
        return list(message["events_processed"])

    def acks(self, number: int) -> list[list[str]]:
        """Return acks until they hold so many ids."""
        seen: list[list[str]] = []
        while sum(map(len, seen)) < number:
            seen.append(self.ack())
        return seen

    def cut(self) -> None:
        """Break the connection off with a reset."""
        raw = self.socket.socket
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.shutdown(socket.SHUT_RD)
        raw.close()

    def wait_until_closed(self, patience_s: float = PATIENCE_S) -> int | None:
        """Read until the client closes and return its close code."""
        try:
            while True:
                self.socket.recv(timeout=patience_s)
        except ConnectionClosed as closed:
            self.timeline.append(("closed", closed.rcvd.code if closed.rcvd else None))
            return closed.rcvd.code if closed.rcvd else None


def execution(
    id: str, order: Mapping[str, Any], quantity: str, price: str = "100", commission: str = "0"
) -> dict[str, Any]:
    """Return an execution of an order of the book."""
    return {
        "id": id,
        "order_id": order["id"],
        "symbol": order["symbol"],
        "side": order["side"],
        "quantity": quantity,
        "price": price,
        "commission": commission,
        "commission_currency": "USD",
        "timestamp": order["updated_at"],
    }


def candle_frame(index: int, event_id: str | None = None) -> bytes:
    """Return a candle, the `index`-th day, with an id."""
    return encode(
        candle(100.0 + index, index=index), event_id=event_id or f"e{index}", timestamp=from_ms(0)
    )


Script = Callable[[Client], object]


class Peer:
    """Both sides of a peer, while `running`."""

    def __init__(self, scripts: Sequence[Script]) -> None:
        self.timeline: list[Any] = []
        self.scripts = list(scripts)
        self.connections = 0
        self.failures: list[BaseException] = []
        self.book = Book(self.timeline)
        self.ws_url = ""
        self.rest_url = ""
        self.done = threading.Event()
        self.threads: list[threading.Thread] = []

    @property
    def acked(self) -> list[str]:
        """All acknowledged ids, in order."""
        return [one for entry in self.timeline if entry[0] == "ack" for one in entry[1:]]

    def handle(self, socket: ServerConnection) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        self.threads.append(threading.current_thread())
        try:
            script(Client(socket, self.book))
        except TimeoutError as error:
            self.failures.append(error)
        except (ConnectionClosed, OSError):
            pass
        except BaseException as error:
            self.failures.append(error)
        finally:
            self.done.set()


@contextmanager
def running(*scripts: Script, **options: Any) -> Iterator[Peer]:
    """Run a peer; a script that fails, fails the test."""
    peer = Peer(scripts)
    with serve(peer.handle, "127.0.0.1", 0, compression=None, **options) as stream:
        peer.ws_url = f"ws://127.0.0.1:{stream.socket.getsockname()[1]}"
        with rest_running(peer.book) as peer.rest_url:
            thread = _in_background(stream)
            try:
                yield peer
                # What a script has still to note, it notes before the test looks.
                for one in list(peer.threads):
                    one.join(PATIENCE_S)
            finally:
                peer.book.released.set()
                stream.shutdown()
                thread.join()
    if peer.failures:
        raise AssertionError("the peer's script failed") from peer.failures[0]


def _in_background(server: Server) -> threading.Thread:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    return thread


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[int]]]:
    """Accept TCP connections and let `talk` handle them; give host:port and a list of visits."""
    visits: list[int] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            visits.append(1)
            with sock, suppress(OSError):
                talk(sock)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}", visits
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE_S)


class Book:
    """The REST side: an account, orders, and what to do with the next requests."""

    def __init__(self, timeline: list[Any]) -> None:
        self.timeline = timeline
        self.orders: list[dict[str, Any]] = []
        self.positions: list[dict[str, Any]] = []
        self.trades: list[dict[str, Any]] | None = None
        """The executions that it lists; None for a peer that has no such list."""
        self.account = dict(ACCOUNT)
        self.posts: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.authorization: list[str | None] = []
        self.state_reads = 0
        self.faults: dict[str, list[Callable[[Handler], bool]]] = {}
        """By method, what to do with the next requests; False lets the book answer, too."""
        self.hidden = 0
        """How many listings do not show orders yet."""
        self.on_post: Callable[[], None] = lambda: None
        self.platforms: Sequence[str] | None = ("mock",)
        """What it says to trade; None is a peer that does not tell."""
        self.metrics: str | None = None
        """What it tells Prometheus; None is a peer that does not."""
        self.capabilities: dict[str, Any] | None = None
        """What it says that it can do; None is a peer that does not tell."""
        self.heeds_filters = False
        """Whether a listing shows only the orders that are asked for."""
        self.fills = False
        """Whether market orders fill at once, in the books alone: no frame tells of it."""
        self.released = threading.Event()
        self.clients: list[Client] = []
        self.connections: list[socket.socket] = []
        """Connections that were opened to the REST side."""
        self.refuse_connections: Callable[[], None] = lambda: None

    def place(self, body: dict[str, Any]) -> dict[str, Any]:
        now = "2024-01-01T00:00:00Z"
        order = {
            "time_in_force": "GTC",
            **body,
            "id": f"o{len(self.orders) + 1}",
            "status": "OPEN",
            "filled_quantity": "0",
            "remaining_quantity": body["quantity"],
            "created_at": now,
            "updated_at": now,
        }
        self.orders.append(order)
        return order

    def hold(self, symbol: str, quantity: str) -> None:
        """Hold a position of `symbol`, negative when short; nothing at all with 0."""
        self.positions = [one for one in self.positions if one["symbol"] != symbol]
        if float(quantity):
            now = "2024-01-01T00:00:00Z"
            self.positions.append(
                {
                    "id": f"p-{symbol}",
                    "symbol": symbol,
                    "side": "SHORT" if quantity.startswith("-") else "LONG",
                    "quantity": quantity.removeprefix("-"),
                    "average_entry_price": "100",
                    "current_price": "100",
                    "unrealized_pnl": "0",
                    "realized_pnl": "0",
                    "opened_at": now,
                    "updated_at": now,
                }
            )

    def fill(self, order: dict[str, Any]) -> None:
        """Fill an order whole, at 100."""
        order.update(status="FILLED", filled_quantity=order["quantity"], remaining_quantity="0")
        order["average_fill_price"] = "100"
        signed = Decimal(order["quantity"]) * (1 if order["side"] == "BUY" else -1)
        self.hold(order["symbol"], str(self.held().get(order["symbol"], Decimal(0)) + signed))

    def held(self) -> dict[str, Decimal]:
        """Return signed quantities by symbol."""
        return {
            one["symbol"]: Decimal(one["quantity"]) * (1 if one["side"] == "LONG" else -1)
            for one in self.positions
        }

    def find(self, order_id: str) -> dict[str, Any] | None:
        return next((one for one in self.orders if one["id"] == order_id), None)


ACCOUNT = {
    "balance": "100000",
    "equity": "100000",
    "margin_used": "0",
    "margin_available": "100000",
    "unrealized_pnl": "0",
    "currency": "USD",
}


class Handler(BaseHTTPRequestHandler):
    """Answers as the book says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    book: Book

    def setup(self) -> None:
        super().setup()
        self.book.connections.append(self.connection)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def answer(self, status: int, body: Any) -> None:
        """Answer with JSON, or with bytes as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status, HTTPStatus(status).phrase)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def refuse(self, status: int, code: str, **details: Any) -> None:
        self.answer(status, {"code": code, "message": f"said {code}", "details": details})

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def handle_one(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.sent = json.loads(self.rfile.read(size)) if size else {}
        parts = urlsplit(self.path)
        self.route = [part for part in parts.path.split("/") if part][1:]
        self.query = {key: one[0] for key, one in parse_qs(parts.query).items()}
        book = self.book
        book.requests.append((self.command, self.path))
        book.authorization.append(self.headers.get("Authorization"))
        if self.command == "POST":
            book.posts.append(self.sent)
            book.timeline.append(("post", self.sent["client_order_id"]))
            book.on_post()
        faults = book.faults.get(self.command)
        if faults and faults.pop(0)(self):
            return
        getattr(self, f"on_{self.command.lower()}")()

    do_GET = do_POST = do_DELETE = do_PATCH = handle_one  # noqa: N815 - the server looks for these

    def on_get(self) -> None:
        book = self.book
        match self.route:
            case ["account"]:
                book.state_reads += 1
                book.timeline.append(("state",))
                self.answer(200, book.account)
            case ["positions"]:
                self.answer(200, book.positions)
            case ["trades"] if book.trades is not None:
                self.answer(200, book.trades)
            case [] if self.path == "/metrics" and book.metrics is not None:
                self.answer(200, book.metrics.encode())
            case ["capabilities"] if book.capabilities is not None:
                self.answer(200, book.capabilities)
            case [] if self.path == "/health" and book.platforms is not None:
                named = [{"platform": one, "connected": True} for one in book.platforms]
                self.answer(200, {"status": "connected", "providers": named})
            case ["orders"] | ["orders", "history"]:
                hidden, book.hidden = book.hidden, max(0, book.hidden - 1)
                listed = book.orders  # heeding no filter at all, as some peers do
                if book.heeds_filters and "client_order_id" in self.query:
                    name = self.query["client_order_id"]
                    listed = [one for one in listed if one.get("client_order_id") == name]
                self.answer(200, [] if hidden else listed)
            case ["orders", order_id]:
                order = book.find(order_id)
                if order is None:
                    self.refuse(404, "ORDER_NOT_FOUND")
                else:
                    self.answer(200, order)
            case _:
                self.answer(404, b"")

    def on_post(self) -> None:
        order = self.book.place(self.sent)
        if self.book.fills and order["order_type"] == "MARKET":
            self.book.fill(order)
        names = ("id", "client_order_id", "status")
        self.answer(201, {name: order[name] for name in names if name in order})

    def on_delete(self) -> None:
        order = self.book.find(self.route[1])
        if order is None:
            self.refuse(404, "ORDER_NOT_FOUND")
            return
        order["status"] = "CANCELLED"
        self.answer(200, {"success": True, "order": order})

    def on_patch(self) -> None:
        order = self.book.find(self.route[1])
        if order is None:
            self.refuse(404, "ORDER_NOT_FOUND")
            return
        order.update(self.sent)
        self.answer(200, {"order": order})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that has broken off, as tests have it do, is nothing to print.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def rest_running(book: Book) -> Iterator[str]:
    """Serve a book over HTTP and give its address."""
    handler = type("BookHandler", (Handler,), {"book": book})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    kept: list[socket.socket] = []

    def refuse_connections() -> None:
        server.shutdown()
        server.socket.close()
        for one in kept:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    book.refuse_connections = refuse_connections
    book.connections = kept
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def upgrade(sock: socket.socket) -> None:
    """Accept the opening request of a WebSocket and read nothing after it."""
    protocol = ServerProtocol()
    requests: list[Any] = []
    while not requests:
        protocol.receive_data(sock.recv(65_536))
        requests = protocol.events_received()
    protocol.send_response(protocol.accept(requests[0]))
    sock.sendall(b"".join(protocol.data_to_send()))


QUICK = ConnectionSettings(
    open_timeout_s=PATIENCE_S,
    close_timeout_s=PATIENCE_S,
    stall_timeout_s=PATIENCE_S,
    max_attempts=3,
    backoff_initial_s=0.01,
    backoff_max_s=0.02,
    guard_after_s=0.05,
)


class Noting(Strategy):
    """Notes what it is told; `act` is what a test wants done with a candle."""

    timeline: ClassVar[list[Any]]
    act: ClassVar[Callable[[Noting, Candle], None] | None]

    def on_start(self) -> None:
        self.gaps: list[int | None] = []

    def on_candle(self, candle: Candle) -> None:
        act = type(self).act
        if act is not None:
            act(self, candle)
        self.timeline.append(("handled", round(candle.close - 100)))

    def on_order(self, order: Order) -> None:
        self.timeline.append(("order", order.status.value))

    def on_connection(self, connection: Connection) -> None:
        self.timeline.append(("connection", connection.event))
        self.gaps.append(connection.gap_duration_ms)

    def on_stop(self) -> None:
        self.timeline.append(("stopped",))


def drive(
    peer: Peer,
    act: Callable[[Any, Candle], None] | None = None,
    *,
    stop: StopRequest | None = None,
    max_events: int | None = None,
    look_up_after_s: Sequence[float] = (0.0, 0.0, 0.0),
    session: Mapping[str, Any] | None = None,
    **settings: Any,
) -> tuple[Ending, Session]:
    """Run a strategy against a peer, to the end."""
    strategy = type("Noting", (Noting,), {"timeline": peer.timeline, "act": act})
    made = set_up(strategy, **(session or {}))
    ending = run_websocket(
        made,
        url=peer.ws_url,
        rest=RestClient(peer.rest_url, timeout_s=PATIENCE_S, look_up_after_s=look_up_after_s),
        settings=replace(QUICK, **settings),
        stop=stop,
        max_events=max_events,
    )
    return ending, made


def drive_live(
    peer: Peer,
    folder: Path,
    act: Callable[[Any, Candle], None] | None = None,
    *,
    strategy: type[Strategy] = Noting,
    run: str = "first",
    pauses_s: Sequence[float] = (0.001,) * 5,
    timeout_s: float = PATIENCE_S,
    stop: StopRequest | None = None,
    sync: Callable[[int], None] = os.fsync,
    foreign: Mapping[str, str] | None = None,
    clocks: Clocks | None = None,
    company: bool = False,
    executions_after_s: Sequence[float] = (0.02, 0.02),
    **settings: Any,
) -> tuple[Ending, Session]:
    """Run a strategy live against a peer, to the end, with a journal in `folder`."""
    made = set_up(
        type("Noting", (strategy,), {"timeline": peer.timeline, "act": act}),
        limits=Limits(),
        backtest=False,
    )
    made.desk.order_prefix = run
    rest = RestClient(peer.rest_url, timeout_s=timeout_s, looks_up_orders=False)
    journal = Journal(folder / "journal.jsonl", sync=sync)
    try:
        ending = run_websocket(
            made,
            url=peer.ws_url,
            rest=rest,
            settings=replace(QUICK, **settings),
            stop=stop,
            clocks=clocks,
            company=rest.connections if company else None,
            live=Live(
                made,
                rest,
                journal,
                Memory(folder / "state.json"),
                run=run,
                peer=peer.rest_url,
                lookups=Lookups(pauses_s),
                foreign=foreign,
                executions_after_s=executions_after_s,
            ),
        )
    finally:
        journal.close()
    return ending, made
