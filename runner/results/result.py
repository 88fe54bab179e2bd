"""The result of one run as plain values: everything any output says is read from here.

`build_result` takes what the run left behind (session, ending) and what only the composition root
knows. Everything but `seconds`, `started` and the addresses of the peer depends on the conversation
alone, so that two runtimes that hold the same conversation give the same result. May import the
session, the strategy floor and the protocol; never a transport, the dashboard or the configuration.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from runner.errors import RunnerError
from runner.protocol.decimals import plain
from runner.results import statistics
from runner.results.conventions import Conventions
from runner.results.why_no_trades import why_no_trades
from runner.session import Ending, Session
from runner.strategy.desk import Desk
from runner.strategy.portfolio import Fill

_ENDING_OF_EXIT = {130: "interrupted", 143: "terminated"}


@dataclass(frozen=True, slots=True)
class StrategyFacts:
    """What ran."""

    name: str
    """Name of the class."""
    source: str
    """How the user named it: a path, `module:Class`, or an installed name."""
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataFacts:
    """On which market data it was to run, as far as that is known beforehand."""

    source: str
    """For people: `bundled sample`, a path, or the address of the peer."""
    symbols: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    """Empty where the peer decides; what arrived is then shown."""


@dataclass(frozen=True, slots=True)
class RuntimeFacts:
    """Against what it ran."""

    name: str = "embedded"
    peers: tuple[str, ...] = ()
    """Addresses of the peer, without secrets; empty in process."""


@dataclass(frozen=True, slots=True)
class TradeFacts:
    """One execution."""

    id: str
    time: datetime
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    realized_pnl: Decimal | None
    """Before commission; None if it closed nothing."""
    reason: str
    order_id: str


@dataclass(frozen=True, slots=True)
class PositionFacts:
    """One position still open at the end."""

    symbol: str
    quantity: Decimal
    """Negative when short."""
    average_entry_price: Decimal
    last_price: float | None
    unrealized_pnl: float | None


@dataclass(frozen=True, slots=True)
class RejectionFacts:
    """All rejections for one reason."""

    reason: str
    count: int
    message: str
    """Of the first one."""


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """All notices of one code."""

    code: str
    count: int
    message: str
    """Of the first one."""


@dataclass(frozen=True, slots=True)
class EndingFacts:
    """How the run ended."""

    why: str
    """As `Ending.why`, or `failed`."""
    confirmed: bool
    exit_code: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """Everything there is to say about one run."""

    strategy: StrategyFacts
    runtime: RuntimeFacts
    data: DataFacts
    """With the symbols and timeframes that really arrived where none were stated."""
    events: int
    """Candles and quotes handled."""
    ending: EndingFacts
    error: RunnerError | None
    currency: str
    statistics: statistics.Statistics
    trades: tuple[TradeFacts, ...]
    times: array[int]
    """Starts of the time steps, Unix milliseconds; the curve's x values."""
    equities: array[float]
    open_positions: tuple[PositionFacts, ...]
    orders: int
    """Orders of the run, whatever became of them."""
    working_orders: int
    """Orders that still work at the end."""
    rejections: tuple[RejectionFacts, ...]
    notices: tuple[NoticeFacts, ...]
    warnings: tuple[str, ...]
    no_trades: tuple[str, ...]
    """Why there probably were no trades; empty when there were some."""
    conventions: Conventions
    seconds: float
    """Real time the run took."""
    started: datetime | None
    next_command: str
    """What to type next; empty leaves it to the output."""


def build_result(
    session: Session,
    ending: Ending | None,
    *,
    strategy: StrategyFacts,
    data: DataFacts,
    conventions: Conventions,
    runtime: RuntimeFacts | None = None,
    seconds: float = 0.0,
    started: datetime | None = None,
    error: RunnerError | None = None,
    exit_code: int | None = None,
    next_command: str = "",
) -> RunResult:
    """Gather the result of a run, whether it ended well or not.

    Args:
        session: the strategy's side, after its last event.
        ending: how the conversation ended; None when it raised.
        strategy, data, runtime, conventions: what only the composition root knows.
        seconds, started: real time the run took, and when it began.
        error: what ended the run, if something did.
        exit_code: what the process will exit with; by default that of `error`, or 0.
        next_command: what to suggest typing next.
    """
    desk = session.desk
    desk.catch_up()
    portfolio = desk.portfolio
    code = exit_code if exit_code is not None else (error.exit_code if error else 0)
    return RunResult(
        strategy=strategy,
        runtime=runtime or RuntimeFacts(),
        data=_arrived(data, desk),
        events=desk.market_events,
        ending=EndingFacts(
            why=ending.why if ending else _ENDING_OF_EXIT.get(code, "failed"),
            confirmed=ending is not None and ending.confirmed,
            exit_code=code,
        ),
        error=error,
        currency=portfolio.account.currency if portfolio.account else "USD",
        statistics=statistics.compute(
            portfolio.times, portfolio.equities, portfolio.starting_equity, portfolio.fills
        ),
        trades=tuple(map(_trade, portfolio.fills)),
        times=portfolio.times,
        equities=portfolio.equities,
        open_positions=_positions(desk),
        orders=len(desk.tickets),
        working_orders=len(desk.working),
        rejections=_rejections(session),
        notices=_notices(session),
        warnings=_warnings(session, ending),
        no_trades=() if portfolio.fills else why_no_trades(session, data.symbols),
        conventions=conventions,
        seconds=seconds,
        started=started,
        next_command=next_command,
    )


def _arrived(data: DataFacts, desk: Desk) -> DataFacts:
    symbols = dict.fromkeys(symbol for symbol, _ in desk.streams)
    timeframes = dict.fromkeys(timeframe for _, timeframe in desk.streams)
    return DataFacts(
        data.source, data.symbols or tuple(symbols), data.timeframes or tuple(timeframes)
    )


def _trade(fill: Fill) -> TradeFacts:
    trade = fill.trade
    return TradeFacts(
        trade.id,
        trade.timestamp,
        trade.symbol,
        trade.side.value,
        trade.quantity,
        trade.price,
        trade.commission,
        fill.realized_pnl,
        fill.order_reason,
        trade.order_id,
    )


def _positions(desk: Desk) -> tuple[PositionFacts, ...]:
    found = []
    for symbol, position in desk.portfolio.positions.items():
        price = desk.portfolio.last.get(symbol)
        profit = None if price is None else position.size * price - position.value
        found.append(
            PositionFacts(symbol, position.quantity, position.average_entry_price, price, profit)
        )
    return tuple(found)


def _rejections(session: Session) -> tuple[RejectionFacts, ...]:
    found: dict[str, tuple[int, str]] = {}
    for order in session.rejections:
        reason = order.reject_reason or "UNKNOWN"
        count, message = found.get(reason, (0, ""))
        # Only an order that was accepted first is refused without a message.
        said = order.reject_message or (
            f"accepted, then refused when it was to {order.side.lower()} "
            f"{plain(order.quantity)} {order.symbol}"
        )
        found[reason] = (count + 1, message or said)
    return tuple(RejectionFacts(reason, *rest) for reason, rest in _most_frequent(found))


def _notices(session: Session) -> tuple[NoticeFacts, ...]:
    found: dict[str, tuple[int, str]] = {}
    for notice in session.notices:
        count, message = found.get(notice.code, (0, notice.message))
        found[notice.code] = (count + 1, message)
    return tuple(NoticeFacts(code, *rest) for code, rest in _most_frequent(found))


def _most_frequent(found: dict[str, tuple[int, str]]) -> list[tuple[str, tuple[int, str]]]:
    return sorted(found.items(), key=lambda one: (-one[1][0], one[0]))


def _warnings(session: Session, ending: Ending | None) -> tuple[str, ...]:
    warnings = []
    if session.backtest and ending is not None and ending.why == "closed" and not ending.confirmed:
        warnings.append(
            "the peer closed normally without saying that the backtest is complete: "
            "the end is not confirmed"
        )
    if session.failures:
        warnings.append(
            f"{_times(len(session.failures))} a handler raised and was skipped, "
            f"first: {session.failures[0]}"
        )
    if session.not_subscribed:
        warnings.append(
            f"{_times(session.not_subscribed)} market data arrived that is not subscribed; "
            "it was acknowledged and not handled"
        )
    if session.malformed:
        warnings.append(f"{_times(session.malformed)} a frame could not be read and was skipped")
    for kind, count in sorted(session.unknown_types.items()):
        warnings.append(f"{_times(count)} a frame of the unknown type {kind!r} was ignored")
    return tuple(warnings)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
