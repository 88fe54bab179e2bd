"""Ask a gateway where it trades, before a run and after it. Reads only.

What a run does to leave it is `leaving`.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Collection
from typing import TypeVar

import msgspec

from runner.journal import Journal
from runner.protocol.commands import ReadState, Reply, State, SubmitOrder
from runner.protocol.messages import OrderSnapshot, Trade
from runner.protocol.routes import ROUTES
from runner.safety.venue import Venue
from runner.transports.backoff import START_HINT, Attempts, TemporaryFailure
from runner.transports.http import HttpClient, NoAnswer, NotSent
from runner.transports.leaving import Departure, Witness
from runner.transports.rest import RestClient
from runner.transports.settings import ConnectionSettings
from runner.transports.written import Written

Body = TypeVar("Body")
LEAVING_TIMEOUT_S = 2.0
"""Longest wait for one answer while a run leaves: several must fit into five seconds."""


class _Provider(msgspec.Struct):
    platform: str


class _Health(msgspec.Struct):
    providers: list[_Provider] = []


class _Capabilities(msgspec.Struct):
    position_mode: str = ""


class Enquiry:
    """Asks one gateway, with patience: it may not be up yet."""

    def __init__(
        self,
        base_url: str,
        rest: RestClient,
        settings: ConnectionSettings,
        *,
        timeout_s: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare to ask the gateway at `base_url`, whose account `rest` reads."""
        self.base_url = base_url
        self._rest = rest
        self._timeout_s = timeout_s
        self._settings = settings
        self._http = HttpClient(base_url, headers=settings.headers, timeout_s=timeout_s)
        self._sleep = sleep

    def venue(self) -> Venue:
        """Return what the gateway says about where it trades.

        Source: Trading API, `GET /health` for the platforms, `GET /v1/account` for the currency.

        Raises:
            ConnectError: E610, it does not answer, after all attempts; E602, it does not let us in.
            ProtocolError: E741, what answers is no gateway.
        """
        attempts = Attempts(self._settings, random.random)
        while True:
            try:
                return Venue(self._platforms(), self.state().account.currency)
            except TemporaryFailure as failure:
                self._sleep(attempts.failed(failure))

    def state(self) -> State:
        """Return account, positions and working orders.

        Raises:
            TemporaryFailure, ConnectError, ProtocolError: as `RestClient.execute` does.
        """
        state = self._rest.execute(ReadState())
        assert isinstance(state, State)
        return state

    def is_hedging(self) -> bool:
        """Tell whether the account can hold several positions in one symbol; no answer is no."""
        found = self._read(ROUTES["read_capabilities"].path, _Capabilities)
        return found is not None and found.position_mode == "HEDGING"

    def order(
        self, client_order_id: str | None, symbol: str, order_id: str | None
    ) -> OrderSnapshot | None:
        """Return an order as the gateway holds it, see `RestClient.trace`."""
        return self._rest.trace(client_order_id, symbol, order_id)

    def executions(self, order_id: str) -> tuple[Trade, ...]:
        """Return the executions of an order, see `RestClient.executions`."""
        return self._rest.executions(order_id)

    def departure(
        self,
        prefixes: Collection[str],
        next_id: Callable[[], str],
        *,
        witness: Witness | None = None,
        journal: Journal | None = None,
        reason: str = "",
        left_s: Callable[[], float] = lambda: math.inf,
    ) -> Departure:
        """Return a leaving of this gateway, see `Departure`.

        It has requests of its own: short, and without a second look, since it reads the state.

        Args:
            prefixes: what the client order ids of our orders begin with, before a dash.
            next_id: returns client order ids for the orders that close positions.
            witness: told of all that happens.
            journal: where every order is written down before it leaves, and what came of it.
            reason: of the orders that close, for the journal.
            left_s: how long cancelling may take, and each request.
        """
        key = self._settings.headers.get("Authorization", "").removeprefix("Bearer ")
        rest = RestClient(
            self.base_url,
            api_key=key or None,
            timeout_s=min(LEAVING_TIMEOUT_S, self._timeout_s),
            look_up_after_s=(),
        )
        rest.hurry(left_s)
        self._http.left_s = left_s
        written = None if journal is None else Written(rest, journal, reason=reason)
        return Departure(
            rest if written is None else written,
            prefixes,
            next_id,
            witness=_Noted(witness, written),
            names_positions=self.is_hedging(),
            trace=rest.trace,
            left_s=left_s,
        )

    def _read(self, path: str, kind: type[Body]) -> Body | None:
        try:
            return msgspec.json.decode(self._http.request("GET", path).body, type=kind)
        except (NotSent, NoAnswer, msgspec.MsgspecError):
            return None

    def _platforms(self) -> tuple[str, ...]:
        try:
            answer = self._http.request("GET", ROUTES["health"].path)
        except (NotSent, NoAnswer) as error:
            raise TemporaryFailure(
                "cannot reach the REST side of the peer",
                where=self.base_url,
                why=str(error),
                fix=START_HINT,
                id="E610",
            ) from None
        try:
            providers = msgspec.json.decode(answer.body, type=_Health).providers
        except msgspec.MsgspecError:
            return ()  # it does not say, which is an answer
        return tuple(one.platform for one in providers)


class _Noted:
    """Writes into the journal what becomes of orders, and passes it on."""

    def __init__(self, witness: Witness | None, written: Written | None) -> None:
        self._witness = witness
        self._written = written

    def heard(self, order: OrderSnapshot) -> None:
        if self._written is not None:
            self._written.see(order)
        if self._witness is not None:
            self._witness.heard(order)

    def sent(self, request: SubmitOrder, reply: Reply) -> None:
        if self._witness is not None:
            self._witness.sent(request, reply)
