"""What the configuration says about prices and trading, as the objects of the engine.

Both who runs a strategy in process and who serves an engine to others come here, so that one file
means the same to both. The engine is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from runner.config.exchange import ExchangeConfig
from runner.config.models import DataConfig, RunConfig, Runtime
from runner.config.risk import RiskConfig
from runner.protocol.admission import ANY_SYMBOL, CANDLE, QUOTE, Subscription
from runner.protocol.times import to_ms
from runner.safety import Limits

if TYPE_CHECKING:
    from runner.engine.feed import Feed
    from runner.engine.series import Series
    from runner.engine.terms import Terms

_BPS = 10_000
SAMPLE = "sample"


def wanted_of(
    subscriptions: Sequence[Subscription],
) -> tuple[list[tuple[str, str | None]], list[str]]:
    """Return which candles, and quotes of which symbols, subscriptions ask for."""
    candles = [(one.symbol, one.timeframe) for one in subscriptions if one.event_type == CANDLE]
    return candles, [one.symbol for one in subscriptions if one.event_type == QUOTE]


def feed_of(
    data: DataConfig,
    wanted: Sequence[tuple[str, str | None]],
    symbols: Sequence[str],
    *,
    quoted: Sequence[str] = (),
    cwd: Path,
) -> Feed:
    """Return the prices of `symbols`, in the timeframes that are `wanted` of them.

    Args:
        data: where the prices are, and how to read them.
        wanted: symbols (`*` for all) and timeframes (None for that of the data); nothing means
            the data as it is, unless quotes are wanted.
        symbols: whose data to read.
        quoted: symbols (`*` for all) of which quotes are wanted.
        cwd: where a path that is not absolute begins.

    Where there are files of quotes, each symbol has one. The candles of a symbol of which only
    quotes are wanted are not read then, and those of the sample only where they are wanted.

    Raises:
        ConfigError: E322; coarser candles cannot be made of these.
        DataError: E351 to E369; the data cannot be read, or anything in it is wrong.
    """
    from runner.engine.calendar import Calendar
    from runner.engine.data import open_data, open_quotes
    from runner.engine.feed import Feed
    from runner.engine.repairs import Allowed

    start_ms = to_ms(data.start) if data.start else None
    end_ms = to_ms(data.end) + 1 if data.end else None
    allowed = Allowed(sort=data.sort, dedupe=data.dedupe, skip_bad=data.skip_bad)
    calendar = Calendar(data.timezone) if data.timezone else None
    names: Sequence[str] = symbols
    are_read = True
    if data.quotes is not None and (wanted or quoted or data.path == SAMPLE):
        names = [name for name, _ in wanted]
        are_read = bool(names)
    series = []
    if are_read:
        series = open_data(
            data.path if data.path == SAMPLE else str(cwd / data.path),
            names,
            timeframe=data.timeframe,
            asked=wanted,
            start_ms=start_ms,
            end_ms=end_ms,
            columns=data.columns,
            allowed=allowed,
            calendar=calendar,
        )
    quotes = []
    if data.quotes is not None:
        quotes = open_quotes(
            str(cwd / data.quotes),
            [name for name in symbols if name != ANY_SYMBOL] or [one.symbol for one in series],
            start_ms=start_ms,
            end_ms=end_ms,
            allowed=allowed,
            calendar=calendar,
        )
    return Feed.of(series, wanted, quoted=quoted, quotes=quotes)


def prices_of(config: RunConfig, symbols: Sequence[str], cwd: Path) -> list[Series]:
    """Return the prices that a run in process was fed with; none of a run against a peer.

    They are read again, for whoever draws them afterwards.

    Raises:
        DataError: E351 to E369; they cannot be read any more.
    """
    if config.runtime is not Runtime.EMBEDDED:
        return []
    return list(feed_of(config.data, [], symbols, cwd=cwd).series)


def limits_of(risk: RiskConfig, *, backtest: bool) -> Limits:
    """Return the limits that the configuration sets; a live run has some of its own anyway."""
    limits = Limits(**{one.name: getattr(risk, one.name) for one in fields(Limits)})
    return limits if backtest else limits.with_defaults_of_live()


def terms_of(exchange: ExchangeConfig) -> Terms:
    """Return the account and the costs that the configuration describes."""
    from runner.engine.costs import Commission, Slippage, Spread, VolumeImpact
    from runner.engine.terms import Interest, Margin, Terms

    charged, slips, margin = exchange.commission, exchange.slippage, exchange.margin
    return Terms(
        cash=exchange.cash,
        currency=exchange.currency,
        leverage=exchange.leverage,
        margin=Margin(margin.initial, margin.maintenance, margin.warning),
        interest=Interest(borrow=exchange.borrow, financing=exchange.financing),
        commission=Commission(
            bps=charged.rate * _BPS,
            per_unit=charged.per_unit,
            minimum=charged.minimum,
            maker_bps=None if charged.maker is None else charged.maker * _BPS,
        ),
        slippage=Slippage(
            bps=slips.rate * _BPS,
            range_share=slips.range_share,
            volume_impact=VolumeImpact(slips.volume_impact),
        ),
        spread=Spread(half_bps=exchange.half_spread * _BPS),
        volume_share=exchange.volume_share,
        price_path=exchange.price_path,
        fill_at=exchange.fill_at,
        position_mode=exchange.position_mode,
    )
