"""`runner engine serve`: the embedded engine on a wire, for strategies that connect to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.engine_market import TOKEN_VARIABLE, listed, market, served
from runner.cli.engine_session import failure, session_rules
from runner.cli.options import (
    ColumnsOption,
    DataOption,
    DedupeOption,
    FromOption,
    QuotesDataOption,
    SkipBadOption,
    SortOption,
    TimezoneOption,
    ToOption,
    read,
)

if TYPE_CHECKING:
    from runner.engine.server import EngineServer

engine = typer.Typer(
    help="A Backtest Engine on this machine, over bundled or your own prices.",
    epilog="Example: runner engine serve --symbols S:AAPL",
    no_args_is_help=True,
)

MAX_PING_SECONDS = 3600.0
SIGNAL_EXITS = {"interrupted": 130, "terminated": 143}


@engine.callback()
def _group() -> None:
    # A callback keeps `serve` a command of its own while it is the only one.
    pass


@engine.command(epilog="Example: runner engine serve --symbols S:AAPL,S:MSFT --from 2010-01-01")
def serve(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="A configuration file: its data and exchange."),
    ] = None,
    data: DataOption = None,
    quotes_data: QuotesDataOption = None,
    symbols: Annotated[
        list[str] | None,
        typer.Option("--symbols", help="Symbols to serve: a comma list, or repeated."),
    ] = None,
    start: FromOption = None,
    end: ToOption = None,
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", help="Length of one candle; else detected.")
    ] = None,
    quotes: Annotated[
        bool, typer.Option("--quotes", help="Serve quotes as well: of files, or at each close.")
    ] = False,
    timezone: TimezoneOption = None,
    timeframes: Annotated[
        list[str] | None,
        typer.Option("--timeframes", help="Candles to serve, made from finer ones: 1h,1d."),
    ] = None,
    columns: ColumnsOption = None,
    sort: SortOption = False,
    dedupe: DedupeOption = False,
    skip_bad: SkipBadOption = None,
    cash: Annotated[str | None, typer.Option("--cash", help="Balance at the start.")] = None,
    leverage: Annotated[
        str | None, typer.Option("--leverage", help="Value of positions allowed per equity.")
    ] = None,
    commission: Annotated[
        str | None, typer.Option("--commission", help='Share of the traded value: "5 bps".')
    ] = None,
    slippage: Annotated[
        str | None,
        typer.Option("--slippage", help='On market and stop fills, against you: "2 bps".'),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other key: exchange.volume_share=10%."),
    ] = None,
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
    speed: Annotated[
        str,
        typer.Option(
            "--speed", help="max, realtime, a multiple such as 100x, or step: one step per Enter."
        ),
    ] = "max",
    start_on: Annotated[
        str,
        typer.Option("--start-on", help="What starts a replay: connect, or the first ack."),
    ] = "connect",
    ack_window: Annotated[
        str,
        typer.Option(
            "--ack-window", help="Wait for an ack before time goes on without it; 0 for ever."
        ),
    ] = "0",
    ack_grace: Annotated[
        int,
        typer.Option(
            "--ack-grace", min=1, help="Missed acks in a row that halt a run before its first ack."
        ),
    ] = 24,
    ack_limit: Annotated[
        int,
        typer.Option("--ack-limit", min=1, help="Missed acks in a row that halt a run later."),
    ] = 5,
    resume_window: Annotated[
        str,
        typer.Option(
            "--resume-window", help="How long a run is kept for a strategy that was cut off."
        ),
    ] = "0",
    faults: Annotated[
        str,
        typer.Option("--faults", help="Make trouble: repeat=10,cut=100 are every how many frames."),
    ] = "",
    dialect: Annotated[
        str,
        typer.Option("--dialect", help="normalised, or raw: what a gateway expects of an engine."),
    ] = "normalised",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the addresses as one JSON line when ready.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Serve backtests over WebSocket and REST: a fresh one for each strategy that connects."""
    from runner import __version__
    from runner.config import units
    from runner.engine.exchange import Exchange
    from runner.engine.server import EngineServer, Guard, serve_until_done
    from runner.secrecy import conceal

    if token:
        conceal([token])
    guard = Guard(host, token or None, frozenset(allow_origin or ()))
    flags = {
        "runtime": "embedded",
        "data.path": data,
        "data.quotes": quotes_data,
        "data.from": start,
        "data.to": end,
        "data.timeframe": timeframe,
        "data.timezone": timezone,
        "data.columns": columns,
        "data.sort": True if sort else None,
        "data.dedupe": True if dedupe else None,
        "data.skip_bad": skip_bad,
        "exchange.cash": cash,
        "exchange.leverage": leverage,
        "exchange.commission.rate": commission,
        "exchange.slippage.rate": slippage,
        "set": settings,
    }
    feed, terms, source = market(config, flags, listed(symbols), listed(timeframes), quotes=quotes)
    seconds = read(
        "--ping-interval",
        lambda text: units.parse_duration(text, low=0.001, high=MAX_PING_SECONDS, zero=True),
        ping_interval,
    )
    rules = session_rules(
        speed=speed,
        start_on=start_on,
        ack_window=ack_window,
        ack_grace=ack_grace,
        ack_limit=ack_limit,
        resume_window=resume_window,
        dialect=dialect,
        faults=faults,
    )

    def say(line: str) -> None:
        if not quiet:
            typer.echo(line, err=True)

    server = EngineServer(
        lambda: Exchange(feed, terms),
        guard,
        rules=rules,
        ws_port=ws_port,
        rest_port=rest_port,
        once=once,
        ping_seconds=seconds,
        version=__version__,
        report=lambda line: say(f"engine: {line}"),
    )

    def ready() -> None:
        is_raw = dialect == "raw"
        for line in served(server, feed, source, needs_token=bool(guard.token), is_raw=is_raw):
            say(line)
        if speed == "step":
            say("engine: each line read from the input (Enter) is one time step; its end, all")
        if as_json:
            _print_addresses(server)

    ended = serve_until_done(server, ready)
    error = failure(ended)
    if error is not None:
        raise error
    raise typer.Exit(SIGNAL_EXITS.get(ended, 0))


def _print_addresses(server: EngineServer) -> None:
    import json
    import sys

    typer.echo(json.dumps({"ws_url": server.ws_url, "rest_url": server.rest_url}))
    sys.stdout.flush()
