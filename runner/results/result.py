"""Gather the result of a run from what it left behind and what only the composition root knows.

May import the session, the strategy floor and the protocol; never a transport, the dashboard or the
configuration. It reads the session after its last event and changes nothing in it.
"""

from __future__ import annotations

from datetime import datetime

from runner.errors import RunnerError
from runner.protocol.decimals import plain
from runner.results.conventions import Conventions
from runner.results.facts import (
    DataFacts,
    EndingFacts,
    NoticeFacts,
    PositionFacts,
    RejectionFacts,
    RunResult,
    RuntimeFacts,
    StrategyFacts,
    TradeFacts,
)
from runner.results.statistics import compute
from runner.results.why_no_trades import why_no_trades
from runner.session import Ending, Session
from runner.strategy.desk import Desk
from runner.strategy.portfolio import Fill

__all__ = [
    "DataFacts",
    "EndingFacts",
    "NoticeFacts",
    "PositionFacts",
    "RejectionFacts",
    "RunResult",
    "RuntimeFacts",
    "StrategyFacts",
    "TradeFacts",
    "build_result",
    "times",
]

_ENDING_OF_EXIT = {130: "interrupted", 143: "terminated"}


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
    digest: str | None = None,
    record: str = "",
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
        digest: of all that the result depends on.
        record: id of the record of the run.
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
        quotes=desk.quotes,
        ending=EndingFacts(
            why=ending.why if ending else _ENDING_OF_EXIT.get(code, "failed"),
            confirmed=ending is not None and ending.confirmed,
            exit_code=code,
        ),
        error=error,
        currency=portfolio.account.currency if portfolio.account else "USD",
        statistics=compute(
            portfolio.times,
            portfolio.equities,
            portfolio.starting_equity,
            portfolio.fills,
            financing=portfolio.financing,
        ),
        buy_and_hold=_buy_and_hold(desk),
        trades=tuple(map(_trade, portfolio.fills)),
        times=portfolio.times,
        equities=portfolio.equities,
        open_positions=_positions(desk),
        orders=len(desk.tickets),
        working_orders=len(desk.working),
        rejections=_rejections(session),
        notices=_notices(session),
        warnings=(*data.repairs, *_warnings(session, ending)),
        no_trades=() if portfolio.fills else why_no_trades(session, data.symbols),
        conventions=conventions,
        seconds=seconds,
        started=started,
        next_command=next_command,
        digest=digest,
        record=record,
    )


def _arrived(data: DataFacts, desk: Desk) -> DataFacts:
    symbols = dict.fromkeys(symbol for symbol, _ in desk.streams)
    timeframes = dict.fromkeys(timeframe for _, timeframe in desk.streams)
    return DataFacts(
        data.source,
        data.symbols or tuple(symbols),
        data.timeframes or tuple(timeframes),
        data.repairs,
        data.files,
    )


def _buy_and_hold(desk: Desk) -> float | None:
    firsts: dict[str, float] = {}
    for (symbol, _), stream in desk.streams.items():
        firsts.setdefault(symbol, stream.first_close)
    if not firsts:
        return None
    last = desk.portfolio.last
    return sum(last[symbol] / first - 1 for symbol, first in firsts.items()) / len(firsts)


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
    for symbol in desk.portfolio.positions:
        price = desk.portfolio.last.get(symbol)
        for one in desk.portfolio.open_positions(symbol):
            profit = None if price is None else one.size * price - one.value
            found.append(
                PositionFacts(symbol, one.quantity, one.average_entry_price, price, profit)
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
            f"{times(len(session.failures))} a handler raised and was skipped, "
            f"first: {session.failures[0]}"
        )
    if session.not_subscribed:
        warnings.append(
            f"{times(session.not_subscribed)} market data arrived that is not subscribed; "
            "it was acknowledged and not handled"
        )
    if session.malformed:
        warnings.append(f"{times(session.malformed)} a frame could not be read and was skipped")
    if session.conflated:
        warnings.append(
            f"the strategy was slower than its data: {times(session.conflated)} a price was "
            "replaced by a newer one before it was handled"
        )
    if session.late_acks:
        window = f"{session.ack_window_s:g} s"
        warnings.append(
            f"{times(session.late_acks)} an acknowledgment took longer than {window}: an engine "
            "that waits no longer went on without it, so that orders came late"
        )
    if session.lost:
        warnings.append(
            f"{session.lost:,} messages were lost, because too many waited for the strategy"
        )
    for kind, count in sorted(session.unknown_types.items()):
        warnings.append(f"{times(count)} a frame of the unknown type {kind!r} was ignored")
    return tuple(warnings)


def times(count: int) -> str:
    """Return how often something was, in words."""
    return "once" if count == 1 else f"{count:,} times"
