"""Ask a gateway where it trades, before anything is sent to it. Reads only."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import msgspec

from runner.protocol.commands import ReadState, State
from runner.protocol.routes import ROUTES
from runner.safety.venue import Venue
from runner.transports.backoff import START_HINT, Attempts, TemporaryFailure
from runner.transports.http import HttpClient, NoAnswer, NotSent
from runner.transports.rest import RestClient
from runner.transports.settings import ConnectionSettings


class _Provider(msgspec.Struct):
    platform: str


class _Health(msgspec.Struct):
    providers: list[_Provider] = []


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
        self._base_url = base_url
        self._rest = rest
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

    def _platforms(self) -> tuple[str, ...]:
        try:
            answer = self._http.request("GET", ROUTES["health"].path)
        except (NotSent, NoAnswer) as error:
            raise TemporaryFailure(
                "cannot reach the REST side of the peer",
                where=self._base_url,
                why=str(error),
                fix=START_HINT,
                id="E610",
            ) from None
        try:
            providers = msgspec.json.decode(answer.body, type=_Health).providers
        except msgspec.MsgspecError:
            return ()  # it does not say, which is an answer
        return tuple(one.platform for one in providers)
