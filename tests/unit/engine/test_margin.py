"""Margin warnings, margin calls, and what is closed by force, with the arithmetic of each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runner.engine.exchange import Exchange
from runner.engine.ledger import Ledger
from runner.engine.series import Series
from runner.engine.terms import Margin
from runner.protocol.commands import CancelResult
from runner.protocol.enums import OrderType, Side
from runner.protocol.messages import (
    Account,
    AccountUpdate,
    Candle,
    ErrorNotice,
    Message,
    OrderUpdate,
    TradeUpdate,
)
from tests.helpers import AAPL, MSFT, START, Row, series
from tests.unit.engine.exchange_helpers import (
    cancel,
    modify,
    open_exchange,
    place,
    refused,
    request,
    said,
)

BUY, SELL = Side.BUY, Side.SELL


def exchange_over(*given: Series, warning: str = "1.25", **terms: Any) -> Exchange:
    """Return an account of 1,000 that opens at 25 % of the value, and keeps at 20 %."""
    return open_exchange(
        *given,
        cash=Decimal(1000),
        leverage=Decimal(4),
        margin=Margin(maintenance=Decimal("0.2"), warning=Decimal(warning)),
        **terms,
    )


def told(messages: list[Message]) -> list[str]:
    """Return one line per message, with the events of the account."""
    lines = []
    for one in messages:
        if isinstance(one, AccountUpdate):
            lines.append(f"{one.event} {one.account.equity.normalize():f}")
        elif isinstance(one, ErrorNotice):
            lines.append(f"{one.code} {one.message}")
        else:
            lines += said([one])
    return lines


def step_after(exchange: Exchange, *orders: Any) -> list[str]:
    """Place orders on the present step and return what the next one delivers."""
    for order in orders:
        place(exchange, **order)
    return told(exchange.advance())


def market(*rows: Row, symbol: str = AAPL) -> Series:
    """Return daily candles, one for each close or open-high-low-close."""
    return series(*rows, symbol=symbol)


# Most tests hold 40 units bought at 100: at a price p the equity is 1000 + 40 (p - 100) and the
# requirement 0.2 x 40 p = 8 p. They meet at 32 p = 3000, p = 93.75.


def test_a_warning_is_sent_once_before_the_candle_that_caused_it() -> None:
    exchange = exchange_over(market(101, (101, 101, 101, 102), 95, 96), warning="1.25")
    exchange.advance()

    # 39 units at 101: equity 1000 + 39 x (95 - 101) = 766 at 95, where 0.2 x 39 x 95 = 741 is
    # required and 926.25 is the warning level; at 96 it is 805 of 748.8, level 936.
    filled = step_after(exchange, {"side": BUY, "quantity": 39})
    warned, next_day = told(exchange.advance()), told(exchange.advance())

    assert filled[-2:] == ["BALANCE_UPDATED 1000", f"candle {AAPL} 102"]
    assert warned == ["MARGIN_WARNING 766", f"candle {AAPL} 95"]
    assert next_day == [f"candle {AAPL} 96"]


def test_the_warning_comes_again_after_the_equity_has_recovered() -> None:
    exchange = exchange_over(market(100, 100, 98, 100, 105, 98))
    exchange.advance()

    step_after(exchange, {"side": BUY, "quantity": 39})
    # 1000 + 39 (p - 100) meets the level, 0.25 x 39 p = 9.75 p, at 2900 / 29.25 = 99.145...
    steps = [told(exchange.advance()) for _ in range(4)]

    assert [len(one) for one in steps] == [2, 1, 1, 2]
    assert steps[0][0] == steps[3][0] == "MARGIN_WARNING 922"


def test_a_call_cancels_what_could_open_and_closes_the_position_at_the_next_open() -> None:
    exchange = exchange_over(market(100, 100, 93, (92, 94, 91, 93.5), 95))
    exchange.advance()
    place(exchange, BUY, 1, limit=50)
    step_after(exchange, {"side": BUY, "quantity": 40, "stop_loss": 50})
    stop = place(exchange, SELL, 5, stop=60, reduce_only=True)

    # At 93 the equity is 1000 - 280 = 720, and 8 x 93 = 744 are required.
    called, closed = told(exchange.advance()), told(exchange.advance())

    assert called == [
        "MARGIN_CALL 720",
        "o-1 cancelled INSUFFICIENT_MARGIN",
        "o-5 created",
        f"candle {AAPL} 93",
    ]
    # All 40 at the open of 92: 40 x (92 - 100) = -320, and what protected the position ends.
    assert closed == [
        "o-5 filled at 92",
        "t-2 sell 40 at 92",
        "position closed 0",
        "BALANCE_UPDATED 680",
        f"LIQUIDATION 40 {AAPL} sold at 92 to meet a margin call",
        "o-3 cancelled",
        f"candle {AAPL} 93.5",
    ]
    assert stop in exchange.working, "it may only reduce, and there is nothing to reduce"
    assert told(exchange.advance()) == [f"candle {AAPL} 95"]


def test_the_order_and_its_trade_say_what_they_are() -> None:
    exchange = exchange_over(market(100, 100, 93, 92))
    exchange.advance()
    step_after(exchange, {"side": BUY, "quantity": 40})

    (created,) = [one for one in exchange.advance() if isinstance(one, OrderUpdate)]
    step = exchange.advance()

    order = created.order
    assert (order.client_order_id, order.order_type) == ("liquidation-p-1", OrderType.MARKET)
    assert order.reduce_only is True
    (traded,) = [one.trade for one in step if isinstance(one, TradeUpdate)]
    assert traded.liquidation is True
    assert exchange.trades[0].liquidation is None
    (notice,) = [one for one in step if isinstance(one, ErrorNotice)]
    assert notice.details == {"position_id": "p-1", "order_id": "o-2", "trade_id": "t-2"}


def test_a_short_position_is_bought_back() -> None:
    exchange = exchange_over(market(100, 100, 105, 106))
    exchange.advance()

    # -40 at 100: equity 1000 - 40 x 5 = 800 at 105, of which 0.2 x 4200 = 840 are required.
    step_after(exchange, {"side": SELL, "quantity": 40})
    called, closed = told(exchange.advance()), told(exchange.advance())

    assert called[0] == "MARGIN_CALL 800"
    assert "t-2 buy 40 at 106" in closed
    assert f"LIQUIDATION 40 {AAPL} bought back at 106 to meet a margin call" in closed
    assert exchange.ledger.balance == 1000 - 40 * 6


def test_the_position_that_requires_most_is_closed_first_and_the_others_only_if_need_be() -> None:
    exchange = exchange_over(
        market(100, 100, 90, 91), market(10, 10, 10, 11, symbol=MSFT), warning="1"
    )
    exchange.advance()

    # 30 x 100 + 90 x 10 = 3900. At 90 the equity is 1000 - 300 = 700; 0.2 x (2700 + 900) = 720 are
    # required, without the larger position only 180.
    step_after(
        exchange,
        {"side": BUY, "quantity": 90, "symbol": MSFT},
        {"side": BUY, "quantity": 30},
    )
    called = told(exchange.advance())
    exchange.advance()

    assert called[:2] == ["MARGIN_CALL 700", "o-3 created"]
    assert exchange.orders["o-3"].symbol == AAPL
    assert list(exchange.ledger.holdings) == [MSFT]


def test_of_positions_that_require_the_same_the_oldest_goes_first() -> None:
    exchange = exchange_over(
        market(100, 100, 92, 92), market(100, 100, 92, 92, symbol=MSFT), warning="1"
    )
    exchange.advance()

    # 2 x 20 x 92 x 0.2 = 736 of 1000 - 2 x 160 = 680; one of them requires 368.
    step_after(
        exchange,
        {"side": BUY, "quantity": 20, "symbol": MSFT},
        {"side": BUY, "quantity": 20, "symbol": AAPL},
    )
    exchange.advance()

    assert [one.symbol for one in exchange.working.values()] == [AAPL]
    assert list(exchange.ledger.holdings) == [AAPL, MSFT], "matched in the order of the feed"


def test_all_positions_are_closed_where_less_does_not_suffice() -> None:
    exchange = exchange_over(
        market(100, 100, 70, 70), market(100, 100, 80, 80, symbol=MSFT), warning="1"
    )
    exchange.advance()

    # 1000 - 20 x 30 - 20 x 20 = 0: less than even one position requires.
    step_after(
        exchange, {"side": BUY, "quantity": 20}, {"side": BUY, "quantity": 20, "symbol": MSFT}
    )
    called = told(exchange.advance())
    exchange.advance()

    assert called[:3] == ["MARGIN_CALL 0", "o-3 created", "o-4 created"]
    assert [exchange.orders[one].symbol for one in ("o-3", "o-4")] == [MSFT, AAPL]
    assert not exchange.ledger.holdings


def test_a_shortfall_is_called_once_while_its_orders_work() -> None:
    longer = market(100, 100, 70, 69, 68, symbol=MSFT)
    exchange = exchange_over(market(100, 100), longer, warning="1")
    exchange.advance()

    # At 70 the equity is 1000 - 19 x 30 = 430, and 0.2 x (2100 + 1330) = 686 are required; without
    # the larger position, 266. Its symbol trades no more, so that its order goes on working.
    step_after(
        exchange, {"side": BUY, "quantity": 21}, {"side": BUY, "quantity": 19, "symbol": MSFT}
    )
    steps = [told(exchange.advance()) for _ in range(3)]

    assert steps == [
        ["MARGIN_CALL 430", "o-3 created", f"candle {MSFT} 70"],
        [f"candle {MSFT} 69"],
        [f"candle {MSFT} 68"],
    ]


def test_an_order_that_executes_in_parts_is_not_called_again_for_its_rest() -> None:
    exchange = exchange_over(
        market(100, 100, 100, 93, 92, 92, 92), warning="1", volume_share=Decimal("0.02")
    )
    exchange.advance()

    # 20 of the candle's 1000 units a day: two days in, two days out.
    step_after(exchange, {"side": BUY, "quantity": 40})
    exchange.advance()
    steps = [told(exchange.advance()) for _ in range(4)]

    calls = [line for step in steps for line in step if "MARGIN" in line]
    forced = [line for step in steps for line in step if "LIQUIDATION" in line]
    assert calls == ["MARGIN_CALL 720"]
    assert len(forced) == 2
    assert not exchange.ledger.holdings


def test_an_exit_of_ones_own_at_the_same_open_leaves_nothing_to_close_by_force() -> None:
    exchange = exchange_over(market(100, 100, 93, 92))
    exchange.advance()
    step_after(exchange, {"side": BUY, "quantity": 40, "stop_loss": 92.5})

    exchange.advance()
    step = told(exchange.advance())

    assert "t-2 sell 40 at 92" in step
    assert "o-3 cancelled REDUCE_ONLY_VIOLATED" in step
    assert not any("LIQUIDATION" in line for line in step)


def test_nobody_cancels_or_changes_an_order_that_meets_a_margin_call() -> None:
    exchange = exchange_over(market(100, 100, 93, 92))
    exchange.advance()
    step_after(exchange, {"side": BUY, "quantity": 40})
    exchange.advance()

    cancelled = cancel(exchange, "o-2")
    changed = refused(modify(exchange, "o-2", quantity=1))

    assert isinstance(cancelled, CancelResult)
    assert not cancelled.success
    assert (changed.status, changed.code) == (409, "ORDER_NOT_MODIFIABLE")
    assert changed.message == "order o-2 meets a margin call and cannot be modified"
    assert "o-2" in exchange.working


def test_during_a_call_nothing_can_be_opened() -> None:
    exchange = exchange_over(market(100, 100, 93, 92))
    exchange.advance()
    step_after(exchange, {"side": BUY, "quantity": 40})
    exchange.advance()

    answer = refused(exchange.execute(request(BUY, 1)))

    assert answer.reason == "INSUFFICIENT_MARGIN"


def test_a_call_on_the_last_candle_is_told_and_its_orders_end_with_the_data() -> None:
    exchange = exchange_over(market(100, 100, 93))
    exchange.advance()
    step_after(exchange, {"side": BUY, "quantity": 40})

    assert told(exchange.advance())[0] == "MARGIN_CALL 720"
    assert told(exchange.advance()) == ["o-2 cancelled", "complete"]
    assert exchange.ledger.quantity(AAPL) == 40


def test_exactly_what_is_required_is_enough() -> None:
    exchange = exchange_over(market(100, 100, 93.75, 93.74), warning="1")
    exchange.advance()
    step_after(exchange, {"side": BUY, "quantity": 40})

    # At 93.75 the equity is 1000 - 250 = 750, and 8 x 93.75 = 750 are required.
    assert told(exchange.advance()) == [f"candle {AAPL} 93.75"]
    assert told(exchange.advance())[0] == "MARGIN_CALL 749.6"


def test_without_a_maintenance_margin_nothing_is_ever_closed() -> None:
    exchange = open_exchange(market(100, 100, 50, 50), cash=Decimal(1000), leverage=Decimal(4))
    exchange.advance()
    step_after(exchange, {"side": BUY, "quantity": 40})

    assert told(exchange.advance()) == [f"candle {AAPL} 50"]
    assert exchange.ledger.equity() == -1000


def test_a_cash_account_that_sold_short_can_be_called_as_well() -> None:
    exchange = open_exchange(
        market(100, 100, 160, 161),
        cash=Decimal(1000),
        margin=Margin(maintenance=Decimal("0.3")),
    )
    exchange.advance()
    step_after(exchange, {"side": SELL, "quantity": 10})

    # 1000 - 600 = 400, of which 0.3 x 1600 = 480 are required.
    assert told(exchange.advance())[0] == "MARGIN_CALL 400"


@pytest.mark.parametrize("rows", [(100, 100, 93, 92, 90), (100, 100, 98, 99, 93, 92)])
def test_stretches_of_candles_stop_where_the_account_must_be_judged(rows: tuple[Row, ...]) -> None:
    def heard(exchange: Exchange) -> list[str]:
        lines: list[str] = []
        placed = False
        for one in exchange.messages():
            if isinstance(one, Candle | AccountUpdate | OrderUpdate | TradeUpdate):
                lines += told([one])
                continue
            for candle in getattr(one, "candles", ()):
                one.latest = candle  # type: ignore[union-attr]
                lines += told([candle])
                if not placed:
                    placed = True
                    exchange.execute(request(BUY, 40))
                    break
        return lines

    alone = heard(exchange_over(market(*rows)))

    assert sum("MARGIN_CALL" in line for line in alone) == 1
    assert alone.index("MARGIN_CALL 720") + 2 == alone.index(f"candle {AAPL} 93")


# What positions and accounts show


def test_the_initial_margin_may_be_said_outright() -> None:
    ledger = Ledger(Decimal(3000), margin=Margin(initial=Decimal("0.3")))

    assert ledger.can_carry(AAPL, BUY, Decimal(100), Decimal(100), Decimal(0))
    assert not ledger.can_carry(AAPL, BUY, Decimal(100), Decimal("100.01"), Decimal(0))
    ledger.apply(AAPL, BUY, Decimal(50), Decimal(100), Decimal(0), START)
    account: Account = ledger.account()
    assert (account.margin_used, account.margin_available) == (1500, 1500)
    assert ledger.leverage == Decimal("3.3333")


@pytest.mark.parametrize(
    ("side", "quantity", "expected"),
    [
        pytest.param(BUY, "40", "93.75", id="long: 3000 / 32"),
        pytest.param(SELL, "40", "104.1666666667", id="short: 5000 / 48"),
        pytest.param(BUY, "5", None, id="a long position that the account can lose"),
    ],
)
def test_a_position_shows_where_it_would_be_closed_by_force(
    side: Side, quantity: str, expected: str | None
) -> None:
    ledger = Ledger(Decimal(1000), leverage=Decimal(4), margin=Margin(maintenance=Decimal("0.2")))
    ledger.apply(AAPL, side, Decimal(quantity), Decimal(100), Decimal(0), START)

    (position,) = ledger.positions()

    assert position.liquidation_price == (None if expected is None else Decimal(expected))
    assert position.leverage == 4


def test_the_price_of_one_position_counts_what_the_others_are_worth() -> None:
    ledger = Ledger(Decimal(1000), leverage=Decimal(4), margin=Margin(maintenance=Decimal("0.2")))
    ledger.apply(AAPL, BUY, Decimal(20), Decimal(100), Decimal(0), START)
    ledger.apply(MSFT, SELL, Decimal(10), Decimal(100), Decimal(0), START)
    ledger.marks[MSFT] = 110.0

    # 1000 - 100 + 20 (p - 100) = 0.2 (20 p + 1100): 16 p = 1320, p = 82.5.
    assert ledger.liquidation_price(ledger.holdings[AAPL]) == Decimal("82.5")


def test_a_cash_account_without_margin_shows_neither() -> None:
    ledger = Ledger(Decimal(1000))
    ledger.apply(AAPL, BUY, Decimal(5), Decimal(100), Decimal(0), START)

    (position,) = ledger.positions()

    assert (position.leverage, position.liquidation_price) == (None, None)


def test_a_margin_of_the_whole_value_has_no_price_for_what_is_long() -> None:
    ledger = Ledger(Decimal(1000), margin=Margin(maintenance=Decimal(1)))
    ledger.apply(AAPL, BUY, Decimal(5), Decimal(100), Decimal(0), START)

    assert ledger.liquidation_price(ledger.holdings[AAPL]) is None
