"""What `runner engine serve` serves: the feed and the terms, and the lines that tell of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.options import read

if TYPE_CHECKING:
    from runner.engine.feed import Feed
    from runner.engine.server import EngineServer
    from runner.engine.terms import Terms

TOKEN_VARIABLE = "RUNNER_ENGINE__TOKEN"  # noqa: S105 - the name of a variable, not a token


def listed(given: Sequence[str] | None) -> list[str]:
    """Return the items of comma lists."""
    return [one.strip() for text in given or () for one in text.split(",") if one.strip()]


def market(
    config: Path | None,
    flags: Mapping[str, object],
    symbols: Sequence[str],
    timeframes: Sequence[str],
    *,
    quotes: bool = False,
) -> tuple[Feed, Terms, str]:
    """Return what to serve, on what terms, and where it comes from.

    Without `symbols` and `timeframes`, that is what the configuration subscribes to. With `quotes`
    there are quotes of every symbol.

    Raises:
        ConfigError, DataError: it cannot be read.
    """
    import os

    from runner.app.market import feed_of, terms_of, wanted_of
    from runner.config import units
    from runner.config.load import load_config
    from runner.protocol.admission import ANY_SYMBOL
    from runner.protocol.enums import TIMEFRAME_MS

    for one in timeframes:
        read("--timeframes", lambda text: units.parse_choice(text, tuple(TIMEFRAME_MS)), one)
    cwd = Path.cwd()
    chosen = load_config(config, flags=flags, environ=os.environ, cwd=cwd).config
    subscriptions = chosen.subscriptions
    names = list(symbols or dict.fromkeys(one.symbol for one in subscriptions))
    wanted, quoted = wanted_of([] if symbols else subscriptions)
    if timeframes:
        wanted = [(name, one) for name in names or [ANY_SYMBOL] for one in timeframes]
    if quotes:
        quoted = [ANY_SYMBOL]
        if chosen.data.quotes is None:
            wanted = wanted or [(ANY_SYMBOL, None)]
    feed = feed_of(chosen.data, wanted, names, quoted=quoted, cwd=cwd)
    source = chosen.data.path if feed.series or not feed.quotes else str(chosen.data.quotes)
    return feed, terms_of(chosen.exchange), source


def served(
    server: EngineServer, feed: Feed, data: str, *, needs_token: bool, is_raw: bool
) -> list[str]:
    """Return the lines that tell a person what is served, and how to use it."""
    timeframes = ", ".join(dict.fromkeys(one.timeframe for one in feed.series))
    span = feed.span_ms
    dates = f", {_day(span[0])} to {_day(span[1] - 1)}" if span else ""
    source = "the bundled sample" if data == "sample" else data
    count = sum(map(len, feed.series))
    kinds = [f"{count:,} candles of {timeframes}"] if count else []
    kinds += [f"{len(feed) - count:,} quotes"] if len(feed) > count else []
    candles = f"{' and '.join(kinds)}{dates}"
    lengths = dict.fromkeys(feed.symbols, 0)
    for one in feed.series:
        lengths[one.symbol] += 1
    subscriptions = ",".join(
        [
            *(
                f"{one.symbol}:candle" + (f"_{one.timeframe}" if lengths[one.symbol] > 1 else "")
                for one in feed.series
            ),
            *(f"{symbol}:quote" for symbol in (*feed.quoted, *feed.heard)),
        ]
    )
    key = f"{TOKEN_VARIABLE}=... " if needs_token else ""
    said = [
        f"engine: {', '.join(feed.symbols)} from {source}: {candles}",
        *(f"engine: {said}" for said in feed.repaired()),
        f"engine: WebSocket {server.ws_url}, REST {server.rest_url}; Ctrl-C stops it",
    ]
    if is_raw:
        return [*said, "engine: raw dialect: point a gateway at these two addresses"]
    return [
        *said,
        "engine: run a strategy against it with",
        f"{key}ENGINE_WS_URL={server.ws_url} ENGINE_REST_URL={server.rest_url} "
        f"SUBSCRIPTIONS={subscriptions} runner run strategies/sma_cross.py",
    ]


def _day(ms: int) -> str:
    from runner.protocol.times import from_ms

    moment: datetime = from_ms(ms)
    return moment.date().isoformat()
