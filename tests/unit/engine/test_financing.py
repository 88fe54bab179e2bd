"""Interest for the days that positions are held over, with the arithmetic of each amount."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from runner.engine.calendar import Calendar
from runner.engine.exchange import Exchange
from runner.engine.series import Series
from runner.engine.terms import Interest
from runner.protocol.decimals import plain
from runner.protocol.enums import Side
from runner.protocol.messages import AccountUpdate, Candle, Financing, Message, Stretch
from tests.helpers import AAPL, DAY_MS, MSFT, START_MS, candle, series
from tests.unit.engine.exchange_helpers import open_exchange, place, request, said

BUY, SELL = Side.BUY, Side.SELL
HOUR_MS = 3_600_000
# 36.5 % a year is 0.1 % a day, 73 % is 0.2 %.
BORROW, FINANCING = Decimal("0.365"), Decimal("0.73")


def exchange_over(*given: Series, **terms: Any) -> Exchange:
    """Return an account of 1,000 at leverage 4, with both kinds of interest."""
    interest = Interest(borrow=BORROW, financing=FINANCING)
    return open_exchange(
        *given, **{"cash": Decimal(1000), "leverage": Decimal(4), "interest": interest} | terms
    )


def told(messages: list[Message]) -> list[str]:
    """Return one line per message, interest included."""
    return [
        f"{one.symbol} {plain(one.amount)}" if isinstance(one, Financing) else said([one])[0]
        for one in messages
    ]


def on_days(*days: int, closes: tuple[float, ...], symbol: str = AAPL) -> Series:
    """Return daily candles, flat at a close, on these days after the first of January."""
    rows = [candle(c, index=d, symbol=symbol) for d, c in zip(days, closes, strict=True)]
    made = Series(symbol, "1d")
    for one in rows:
        made.times.append(one.time)  # type: ignore[attr-defined]
        for name in ("open", "high", "low", "close"):
            getattr(made, f"{name}s").append(getattr(one, name))
        made.volumes.append(1000.0)  # type: ignore[attr-defined]
    return made


def test_a_short_position_pays_on_its_value_for_the_days_before_the_fills() -> None:
    exchange = exchange_over(series(100, 100, 110, 105))
    exchange.advance()
    place(exchange, SELL, 10)
    first = told(exchange.advance())
    place(exchange, BUY, 10)

    closed, after = told(exchange.advance()), told(exchange.advance())

    # Sold at the open of the second day, held until the third begins, at the close of 100:
    # 10 x 100 x 0.1 % = 1.
    assert not any("-1" in line for line in first if line.startswith("S:"))
    assert closed == [
        f"{AAPL} -1",
        "balance 999",
        "o-2 filled at 110",
        "t-2 buy 10 at 110",
        "position closed 0",
        "balance 899",
        f"candle {AAPL} 110",
    ]
    assert after == [f"candle {AAPL} 105"]
    assert (exchange.ledger.financing, exchange.ledger.balance) == (-1, 899)


def test_a_weekend_is_paid_for_when_it_is_over() -> None:
    # Monday the first, Tuesday, Friday, and the Monday after.
    exchange = exchange_over(on_days(0, 1, 4, 7, closes=(100, 100, 120, 120)))
    exchange.advance()
    place(exchange, SELL, 10)
    exchange.advance()

    friday, monday = told(exchange.advance()), told(exchange.advance())

    # Three days on 1000, then three on 1200.
    assert friday[:2] == [f"{AAPL} -3", "balance 997"]
    assert monday[:2] == [f"{AAPL} -3.6", "balance 993.4"]


def test_long_positions_pay_for_their_value_beyond_the_equity_only() -> None:
    exchange = exchange_over(series(100, 100, 110, 120))
    exchange.advance()
    place(exchange, BUY, 30)
    exchange.advance()

    steps = [told(exchange.advance()) for _ in range(2)]

    # 3000 were bought with 1000: 2000 are lent, x 0.2 % = 4, whatever the price does. The second
    # day the 4 of the first are lent as well: 2004 x 0.2 % = 4.008.
    assert steps == [
        [f"{AAPL} -4", "balance 996", f"candle {AAPL} 110"],
        [f"{AAPL} -4.008", "balance 991.992", f"candle {AAPL} 120"],
    ]


def test_what_the_equity_pays_for_costs_nothing() -> None:
    exchange = exchange_over(series(100, 100, 50, 50))
    exchange.advance()
    place(exchange, BUY, 10)
    exchange.advance()

    assert told(exchange.advance()) == [f"candle {AAPL} 50"]
    assert exchange.ledger.financing == 0


def test_several_positions_share_what_is_lent_and_each_short_pays_for_itself() -> None:
    exchange = exchange_over(
        series(100, 100, 100), series(50, 50, 50, symbol=MSFT), series(10, 10, 10, symbol="S:IBM")
    )
    exchange.advance()
    place(exchange, BUY, 18)
    place(exchange, BUY, 12, symbol=MSFT)
    place(exchange, SELL, 70, symbol="S:IBM")
    exchange.advance()

    step = told(exchange.advance())

    # 1800 + 600 long, 1000 of it by the equity: 1400 lent, x 0.2 % = 2.8, three quarters of it for
    # the first. 700 short, x 0.1 % = 0.7.
    assert step[:4] == [f"{AAPL} -2.1", f"{MSFT} -0.7", "S:IBM -0.7", "balance 996.5"]


def test_amounts_are_rounded_to_the_step_of_the_ledger() -> None:
    exchange = exchange_over(series(100, 100, 100), interest=Interest(borrow=Decimal("0.03")))
    exchange.advance()
    place(exchange, SELL, 1)
    exchange.advance()

    # 100 x 3 % / 365 = 0.008219178082|19...
    assert told(exchange.advance())[0] == f"{AAPL} -0.0082191781"


def test_hours_are_paid_for_once_a_day() -> None:
    hours = series(*[100.0] * 60, timeframe="1h", start_ms=START_MS + 20 * HOUR_MS)
    exchange = exchange_over(hours)
    exchange.advance()
    place(exchange, SELL, 10)

    booked = [
        index
        for index in range(1, 60)
        if any(isinstance(one, Financing) for one in exchange.advance())
    ]

    # The fifth candle is the first of the second day, then every 24th.
    assert booked == [4, 28, 52]
    assert exchange.ledger.financing == -3


def test_days_are_those_of_the_zone_of_the_data() -> None:
    hours = series(*[100.0] * 30, timeframe="1h", start_ms=START_MS)
    hours.calendar = Calendar("America/New_York")
    exchange = exchange_over(hours)
    exchange.advance()
    place(exchange, SELL, 10)

    booked = [
        index
        for index in range(1, 30)
        if any(isinstance(one, Financing) for one in exchange.advance())
    ]

    assert booked == [5, 29], "midnight in New York is 05:00 UTC in winter"


def test_an_account_without_rates_is_never_charged() -> None:
    exchange = exchange_over(series(100, 100, 100), interest=Interest())
    exchange.advance()
    place(exchange, SELL, 10)
    exchange.advance()

    assert told(exchange.advance()) == [f"candle {AAPL} 100"]


@pytest.mark.parametrize(
    ("side", "quantity", "expected"),
    [
        pytest.param(SELL, 10, 3, id="short"),
        pytest.param(BUY, 30, 3, id="lent"),
        pytest.param(BUY, 10, 0, id="paid for"),
    ],
)
@pytest.mark.parametrize("timeframe", ["1h", "1d"])
def test_stretches_of_candles_stop_where_interest_is_due(
    side: Side, quantity: int, expected: int, timeframe: str
) -> None:
    count = 5 if timeframe == "1d" else 4 * 24
    exchange = exchange_over(series(*[100.0] * count, timeframe=timeframe))
    charges = accounts = candles = 0
    for one in exchange.messages():
        charges += isinstance(one, Financing)
        accounts += isinstance(one, AccountUpdate)
        if isinstance(one, Stretch):
            for each in one.candles:
                assert isinstance(each, Candle)
                one.latest = each
                candles += 1
                if candles == 1:
                    exchange.execute(request(side, quantity))
                    break

    assert (charges, candles) == (expected, count)
    assert accounts == expected + 1
    assert exchange.now_ms == START_MS + (count * DAY_MS if timeframe == "1d" else 4 * DAY_MS)
