"""`runner engine serve`: the embedded engine on a wire, for strategies that connect to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from runner.engine.exchange import Exchange
    from runner.engine.feed import Feed
    from runner.engine.server import EngineServer
    from runner.errors import RunnerError

Value = TypeVar("Value")

engine = typer.Typer(
    help="A Backtest Engine on this machine, over bundled or your own prices.",
    no_args_is_help=True,
)

TOKEN_VARIABLE = "RUNNER_ENGINE__TOKEN"  # noqa: S105 - the name of a variable, not a token
MAX_MONEY = Decimal(10) ** 15
MAX_LEVERAGE = Decimal(1000)
MAX_PING_SECONDS = 3600.0
SIGNAL_EXITS = {"interrupted": 130, "terminated": 143}


@engine.callback()
def _group() -> None:
    # A callback keeps `serve` a command of its own while it is the only one.
    pass


@engine.command(epilog="Example: runner engine serve --symbols S:AAPL,S:MSFT --from 2010-01-01")
def serve(
    data: Annotated[
        str, typer.Option("--data", help="sample, a CSV file, or a pattern: prices/{symbol}.csv.")
    ] = "sample",
    symbols: Annotated[
        list[str] | None,
        typer.Option("--symbols", help="Symbols to serve: a comma list, or repeated."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="First date to replay, e.g. 2008-01-01.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last date to replay, included.")] = None,
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", help="Length of one candle; else detected.")
    ] = None,
    cash: Annotated[str, typer.Option("--cash", help="Balance at the start.")] = "100000",
    leverage: Annotated[
        str, typer.Option("--leverage", help="Value of positions allowed per unit of equity.")
    ] = "1",
    commission: Annotated[
        str, typer.Option("--commission", help='Share of the traded value: "5 bps" or 0.05%.')
    ] = "0 bps",
    commission_per_unit: Annotated[
        str, typer.Option("--commission-per-unit", help="Charge per unit traded.")
    ] = "0",
    commission_minimum: Annotated[
        str, typer.Option("--commission-minimum", help="Least charge per trade.")
    ] = "0",
    slippage: Annotated[
        str, typer.Option("--slippage", help='On market and stop fills, against you: "2 bps".')
    ] = "0 bps",
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen on; beyond this machine it needs a token."),
    ] = "127.0.0.1",
    ws_port: Annotated[
        int, typer.Option("--ws-port", min=0, max=65535, help="WebSocket port; 0 takes a free one.")
    ] = 8081,
    rest_port: Annotated[
        int, typer.Option("--rest-port", min=0, max=65535, help="REST port; 0 takes a free one.")
    ] = 8080,
    token: Annotated[
        str | None,
        typer.Option("--token", envvar=TOKEN_VARIABLE, help="What a client must present."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option("--allow-origin", help="A web page whose WebSocket may connect."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Serve one backtest, then exit; 7 if it broke off.")
    ] = False,
    ping_interval: Annotated[
        str, typer.Option("--ping-interval", help="Time between heartbeats; 0 for none.")
    ] = "15s",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the addresses as one JSON line when ready.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Serve backtests over WebSocket and REST: a fresh one for each strategy that connects."""
    from runner import __version__
    from runner.config import units
    from runner.engine.data import open_data
    from runner.engine.feed import Feed
    from runner.engine.server import EngineServer, Guard, serve_until_done
    from runner.protocol.enums import TIMEFRAME_MS
    from runner.protocol.times import to_ms

    guard = Guard(host, token or None, frozenset(allow_origin or ()))
    first = _optional("--from", units.parse_moment, start)
    last = _optional("--to", lambda text: units.parse_moment(text, end=True), end)
    length = _optional(
        "--timeframe", lambda text: units.parse_choice(text, tuple(TIMEFRAME_MS)), timeframe
    )
    seconds = _read(
        "--ping-interval",
        lambda text: units.parse_duration(text, low=0.001, high=MAX_PING_SECONDS, zero=True),
        ping_interval,
    )
    terms = _Terms(cash, leverage, commission, commission_per_unit, commission_minimum, slippage)
    feed = Feed(
        open_data(
            data,
            [name.strip() for one in symbols or () for name in one.split(",") if name.strip()],
            timeframe=length,
            start_ms=to_ms(first) if first else None,
            end_ms=to_ms(last) + 1 if last else None,
        )
    )

    def say(line: str) -> None:
        if not quiet:
            typer.echo(line, err=True)

    server = EngineServer(
        lambda: terms.exchange(feed),
        guard,
        ws_port=ws_port,
        rest_port=rest_port,
        once=once,
        ping_seconds=seconds,
        version=__version__,
        report=lambda line: say(f"engine: {line}"),
    )

    def ready() -> None:
        for line in _served(server, feed, data, needs_token=bool(guard.token)):
            say(line)
        if as_json:
            _print_addresses(server)

    ended = serve_until_done(server, ready)
    if ended == "broken":
        raise _broke_off()
    raise typer.Exit(SIGNAL_EXITS.get(ended, 0))


class _Terms:
    """What the account starts with and what trading costs, read once from the options."""

    def __init__(
        self,
        cash: str,
        leverage: str,
        commission: str,
        per_unit: str,
        minimum: str,
        slippage: str,
    ) -> None:
        from runner.config import units
        from runner.engine.costs import Commission, Slippage

        def money(text: str) -> Decimal:
            return units.parse_number(text, low=Decimal(0), high=MAX_MONEY)

        def bps(text: str) -> Decimal:
            return units.parse_rate(text) * 10_000

        self.cash = _read(
            "--cash",
            lambda text: units.parse_number(text, above=Decimal(0), high=MAX_MONEY),
            cash,
        )
        self.leverage = _read(
            "--leverage",
            lambda text: units.parse_number(text, low=Decimal(1), high=MAX_LEVERAGE),
            leverage,
        )
        self.commission = Commission(
            bps=_read("--commission", bps, commission),
            per_unit=_read("--commission-per-unit", money, per_unit),
            minimum=_read("--commission-minimum", money, minimum),
        )
        self.slippage = Slippage(bps=_read("--slippage", bps, slippage))

    def exchange(self, feed: Feed) -> Exchange:
        from runner.engine.exchange import Exchange

        return Exchange(
            feed,
            cash=self.cash,
            leverage=self.leverage,
            commission=self.commission,
            slippage=self.slippage,
        )


def _read(option: str, parse: Callable[[str], Value], text: str) -> Value:
    from runner.config.units import UnfitError
    from runner.errors import ConfigError

    try:
        return parse(text)
    except UnfitError as problem:
        raise ConfigError(
            f"{option} {problem.what}", where="command line", fix=problem.hint, id="E375"
        ) from None


def _optional(option: str, parse: Callable[[str], Value], text: str | None) -> Value | None:
    return None if text is None else _read(option, parse, text)


def _served(server: EngineServer, feed: Feed, data: str, *, needs_token: bool) -> list[str]:
    timeframes = ", ".join(dict.fromkeys(one.timeframe for one in feed.series))
    span = feed.span_ms
    dates = f", {_day(span[0])} to {_day(span[1] - 1)}" if span else ""
    source = "the bundled sample" if data == "sample" else data
    candles = f"{len(feed):,} candles of {timeframes}{dates}"
    subscriptions = ",".join(f"{symbol}:candle" for symbol in feed.symbols)
    key = f"{TOKEN_VARIABLE}=... " if needs_token else ""
    return [
        f"engine: {', '.join(feed.symbols)} from {source}: {candles}",
        f"engine: WebSocket {server.ws_url}, REST {server.rest_url}; Ctrl-C stops it",
        "engine: run a strategy against it with",
        f"{key}ENGINE_WS_URL={server.ws_url} ENGINE_REST_URL={server.rest_url} "
        f"SUBSCRIPTIONS={subscriptions} runner run strategies/sma_cross.py",
    ]


def _day(ms: int) -> str:
    from runner.protocol.times import from_ms

    moment: datetime = from_ms(ms)
    return moment.date().isoformat()


def _print_addresses(server: EngineServer) -> None:
    import json
    import sys

    typer.echo(json.dumps({"ws_url": server.ws_url, "rest_url": server.rest_url}))
    sys.stdout.flush()


def _broke_off() -> RunnerError:
    from runner.errors import ProtocolError

    return ProtocolError(
        "the strategy left before the backtest was complete",
        where="runner engine serve --once",
        why="its connection ended before the last event was acknowledged",
        fix="look at what the strategy printed",
        id="E741",
    )
