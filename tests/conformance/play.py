"""One strategy, played over either driver, and the diary it kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from runner import Strategy
from runner.engine.exchange import Exchange
from runner.engine.feed import Feed
from runner.engine.series import Series
from runner.engine.terms import Terms
from runner.session import Ending, Session
from runner.transports.local import run_local
from runner.transports.rest import RestClient
from runner.transports.websocket import ConnectionSettings, run_websocket
from tests.helpers import set_up
from tests.integration.engine_process import engine

Driver = Literal["local", "websocket"]


class Played:
    """A finished run: the session, how it ended, and the strategy's diary."""

    def __init__(self, session: Session, ending: Ending) -> None:
        self.session = session
        self.ending = ending
        self.strategy: Any = session.strategy
        self.diary: list[str] = self.strategy.diary


Play = Callable[..., Played]


class Diary(Strategy):
    """Writes down every call in the order in which it comes."""

    def __init__(self) -> None:
        self.diary: list[str] = []

    def note(self, *words: object) -> None:
        """Add a line."""
        self.diary.append(" ".join(map(str, words)))


def play_over(driver: Driver) -> Play:
    """Return what plays a strategy over `driver`."""

    def play(strategy: type[Strategy], *all_series: Series, **options: Any) -> Played:
        exchange_options = options.pop("exchange", {})
        symbols = tuple(dict.fromkeys(one.symbol for one in all_series))
        session = set_up(strategy, symbols=symbols, **options)
        if driver == "local":
            exchange = Exchange(Feed(all_series), Terms(**exchange_options))
            return Played(session, run_local(session, exchange))
        with engine(*all_series, exchange=exchange_options) as peer:
            rest = RestClient(peer.server.rest_url, timeout_s=10.0)
            ending = run_websocket(
                session, url=peer.server.ws_url, rest=rest, settings=ConnectionSettings()
            )
        return Played(session, ending)

    return play
