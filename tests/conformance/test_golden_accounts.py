"""Four accounts worked out by hand, to the last digit, in process and over the wire.

Every amount below was computed on paper from the candles and the terms; the arithmetic stands
beside it. Nothing is copied from what the program said.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner import Account, Candle, ErrorNotice, Order, Trade
from runner.engine.choices import PositionMode
from runner.engine.costs import Commission, Slippage, Spread
from runner.engine.series import Series
from runner.engine.terms import Interest, Margin
from runner.protocol.decimals import plain
from runner.results.executions import summarise
from tests.conformance.play import Diary, Play, play_over
from tests.helpers import AAPL, DAY_MS, START_MS


@pytest.fixture(params=["local", "websocket"])
def play(request: pytest.FixtureRequest) -> Play:
    return play_over(request.param)


class Bookkeeper(Diary):
    """Notes every change of the money, and the equity at every close."""

    def on_candle(self, candle: Candle) -> None:
        self.note("close", f"{candle.close:g},", "equity", f"{self.equity:.5f}")
        self.decide(candle)

    def decide(self, candle: Candle) -> None:
        """Order something."""

    def on_trade(self, trade: Trade) -> None:
        forced = " by force" if trade.liquidation else ""
        paid = f"commission {plain(trade.commission)}"
        self.note(f"{trade.side} {plain(trade.quantity)} at {plain(trade.price)}{forced},", paid)

    def on_account(self, account: Account) -> None:
        self.note("balance", f"{plain(account.balance)},", "equity", plain(account.equity))

    def on_error(self, error: ErrorNotice) -> None:
        self.note(error.code)


def days(*rows: tuple[int, float, float, float, float, float]) -> Series:
    """Return daily candles: days since Monday the first, open, high, low, close, volume."""
    return Series.of(((START_MS + day * DAY_MS, *rest) for day, *rest in rows), AAPL, "1d")


def test_a_long_position_bought_twice_and_sold_twice(play: Play) -> None:
    """10,000 in cash; commission 10 bps of the value; half the spread is 5 bps."""

    class Long(Bookkeeper):
        def decide(self, candle: Candle) -> None:
            match candle.close:
                case 50:
                    self.buy(quantity=100)
                case 51:
                    self.buy(quantity=50)
                case 54:
                    self.sell(quantity=60)
                case 53:
                    self.close()

    played = play(
        Long,
        days(
            (0, 50, 50, 50, 50, 9e6),
            (1, 50, 52, 49, 51, 9e6),
            (2, 52, 55, 51, 54, 9e6),
            (3, 55, 56, 52, 53, 9e6),
            (4, 52, 53, 51, 52, 9e6),
        ),
        exchange={
            "cash": Decimal(10_000),
            "commission": Commission(bps=Decimal(10)),
            "spread": Spread(half_bps=Decimal(5)),
        },
    )

    assert played.diary == [
        "close 50, equity 10000.00000",
        # The ask is 50 x 1.0005 = 50.025. The value is 5002.5, a thousandth of it 5.0025.
        "BUY 100 at 50.025, commission 5.0025",
        # 10000 - 5.0025
        "balance 9994.9975, equity 9994.9975",
        # 9994.9975 + 100 x 51 - 5002.5 = 9994.9975 + 97.5
        "close 51, equity 10092.49750",
        # 52 x 1.0005 = 52.026, value 2601.3
        "BUY 50 at 52.026, commission 2.6013",
        # Balance 9994.9975 - 2.6013. Cost 5002.5 + 2601.3 = 7603.8, 50.692 a unit. At 52.026 the
        # 150 are worth 7803.9: 200.1 more than they cost.
        "balance 9992.3962, equity 10192.4962",
        # 9992.3962 + 150 x 54 - 7603.8 = 9992.3962 + 496.2
        "close 54, equity 10488.59620",
        # The bid is 55 x 0.9995 = 54.9725, value 3298.35
        "SELL 60 at 54.9725, commission 3.29835",
        # Sold 60 x 50.692 = 3041.52 of cost for 3298.35: realized 256.83. Balance 9992.3962
        # + 256.83 - 3.29835. Left are 90, cost 4562.28, worth 90 x 54.9725 = 4947.525: that is
        # 385.245 more.
        "balance 10245.92785, equity 10631.17285",
        # 10245.92785 + 90 x 53 - 4562.28 = 10245.92785 + 207.72
        "close 53, equity 10453.64785",
        # 52 x 0.9995 = 51.974, value 4677.66
        "SELL 90 at 51.974, commission 4.67766",
        # Realized 4677.66 - 4562.28 = 115.38; balance 10245.92785 + 115.38 - 4.67766. In all:
        # 10000 + (256.83 + 115.38) - (5.0025 + 2.6013 + 3.29835 + 4.67766) = 10372.21 - 15.57981.
        "balance 10356.63019, equity 10356.63019",
        "close 52, equity 10356.63019",
    ]


def test_a_short_position_that_pays_for_borrowing_until_a_margin_call(play: Play) -> None:
    """10,000 at leverage 2; 40 % are required, a warning at 50 %; 0.01 a unit; 7.3 % a year, which
    is 0.02 % a day."""

    class Short(Bookkeeper):
        def decide(self, candle: Candle) -> None:
            if candle.close == 100:
                self.sell(quantity=150)

    played = play(
        Short,
        days(
            (0, 100, 100, 100, 100, 9e6),  # Monday
            (1, 100, 103, 99, 102, 9e6),
            (2, 103, 111, 102, 110, 9e6),
            (3, 110, 114, 109, 113, 9e6),
            (4, 114, 121, 113, 120, 9e6),  # Friday
            (7, 121, 122, 115, 116, 9e6),  # the Monday after
            (8, 116, 116, 116, 116, 9e6),
        ),
        exchange={
            "cash": Decimal(10_000),
            "leverage": Decimal(2),
            "margin": Margin(maintenance=Decimal("0.4"), warning=Decimal("1.25")),
            "interest": Interest(borrow=Decimal("0.073")),
            "commission": Commission(per_unit=Decimal("0.01")),
        },
    )

    assert played.diary == [
        "close 100, equity 10000.00000",
        # 15,000 sold; half of it is required, 7,500 of 9,998.5.
        "SELL 150 at 100, commission 1.5",
        "balance 9998.5, equity 9998.5",
        # 9998.5 - 150 x 2. Required are 0.4 x 15300 = 6120, the warning stands at 7650.
        "close 102, equity 9698.50000",
        # Wednesday: one day on 150 x 102 = 15300 is 3.06. Equity 9995.44 - 300.
        "balance 9995.44, equity 9695.44",
        # 9995.44 - 150 x 10. The warning stands at 0.5 x 16500 = 8250.
        "close 110, equity 8495.44000",
        # Thursday: 16500 x 0.02 % = 3.3. Equity 9992.14 - 1500.
        "balance 9992.14, equity 8492.14",
        # The close of 113: equity 9992.14 - 150 x 13 = 8042.14, below 0.5 x 16950 = 8475 and not
        # below 0.4 x 16950 = 6780.
        "balance 9992.14, equity 8042.14",
        "MARGIN_WARNING",
        "close 113, equity 8042.14000",
        # Friday: 16950 x 0.02 % = 3.39. Equity 9988.75 - 1950.
        "balance 9988.75, equity 8038.75",
        # The close of 120: equity 9988.75 - 150 x 20 = 6988.75, below 0.4 x 18000 = 7200.
        "balance 9988.75, equity 6988.75",
        "MARGIN_CALL",
        "close 120, equity 6988.75000",
        # Monday: three days on 18000 are 10.8. Equity 9977.95 - 3000.
        "balance 9977.95, equity 6977.95",
        # Bought back at Monday's open.
        "BUY 150 at 121 by force, commission 1.5",
        # Realized 150 x (100 - 121) = -3150; balance 9977.95 - 3150 - 1.5. In all: 10000 - 3150 - 3
        # - (3.06 + 3.3 + 3.39 + 10.8) = 6847 - 20.55.
        "balance 6826.45, equity 6826.45",
        "LIQUIDATION",
        "close 116, equity 6826.45000",
        "close 116, equity 6826.45000",
    ]
    portfolio = played.session.desk.portfolio
    assert portfolio.financing == Decimal("-20.55")
    assert [one.order_reason for one in portfolio.fills] == ["", "margin call"]


def test_a_bracket_that_fills_and_ends_in_parts(play: Play) -> None:
    """20,000 in cash; at most 10 % of a candle's volume; commission 10 bps, makers 5 bps; slippage
    10 bps."""

    class Bracket(Bookkeeper):
        def decide(self, candle: Candle) -> None:
            if candle.close == 40:
                self.buy(quantity=200, stop_loss=38, take_profit=44)

        def on_order(self, order: Order) -> None:
            done = f"{plain(order.filled_quantity)} of {plain(order.quantity)}"
            self.note(order.client_order_id, order.status, done)

    played = play(
        Bracket,
        days(
            (0, 40, 40, 40, 40, 1000),
            (1, 40, 41, 39.5, 40.5, 1000),
            (2, 41, 42, 40, 41.5, 1000),
            (3, 43, 44.5, 42.5, 43.5, 600),
            (4, 37, 37.5, 36, 36.5, 1000),
        ),
        exchange={
            "cash": Decimal(20_000),
            "volume_share": Decimal("0.1"),
            "commission": Commission(bps=Decimal(10), maker_bps=Decimal(5)),
            "slippage": Slippage(bps=Decimal(10)),
        },
    )

    assert played.diary == [
        "close 40, equity 20000.00000",
        "r-1 OPEN 0 of 200",
        # A tenth of 1000 units, at 40 x 1.001 = 40.04: value 4004, commission 4.004.
        "r-1 PARTIALLY_FILLED 100 of 200",
        "BUY 100 at 40.04, commission 4.004",
        "balance 19995.996, equity 19995.996",
        "r-1-sl OPEN 0 of 100",
        "r-1-tp OPEN 0 of 100",
        # 19995.996 + 100 x 40.5 - 4004 = 19995.996 + 46
        "close 40.5, equity 20041.99600",
        # The rest at 41 x 1.001 = 41.041: value 4104.1, commission 4.1041.
        "r-1 FILLED 200 of 200",
        "BUY 100 at 41.041, commission 4.1041",
        # Balance 19995.996 - 4.1041. Cost 4004 + 4104.1 = 8108.1, 40.5405 a unit. At 41.041 the 200
        # are worth 8208.2: 100.1 more.
        "balance 19991.8919, equity 20091.9919",
        "r-1-sl-1 OPEN 0 of 100",
        "r-1-tp-1 OPEN 0 of 100",
        # 19991.8919 + 200 x 41.5 - 8108.1 = 19991.8919 + 191.9
        "close 41.5, equity 20183.79190",
        # A tenth of 600 for each take-profit, at 44 without slippage: value 2640, as a maker 1.32.
        "r-1-tp PARTIALLY_FILLED 60 of 100",
        "SELL 60 at 44, commission 1.32",
        # Realized 2640 - 60 x 40.5405 = 2640 - 2432.43 = 207.57; balance 19991.8919 + 207.57
        # - 1.32. Left are 140, cost 5675.67, worth 6160: 484.33 more.
        "balance 20198.1419, equity 20682.4719",
        "r-1-sl OPEN 0 of 40",
        "r-1-tp-1 PARTIALLY_FILLED 60 of 100",
        "SELL 60 at 44, commission 1.32",
        # The same again: balance 20198.1419 + 207.57 - 1.32. Left are 80, cost 3243.24, worth 3520:
        # 276.76 more.
        "balance 20404.3919, equity 20681.1519",
        "r-1-sl-1 OPEN 0 of 40",
        # 20404.3919 + 80 x 43.5 - 3243.24 = 20404.3919 + 236.76
        "close 43.5, equity 20641.15190",
        # The next candle opens below both stops: 37 x 0.999 = 36.963, value 1478.52.
        "r-1-sl FILLED 40 of 40",
        "SELL 40 at 36.963, commission 1.47852",
        # Realized 1478.52 - 40 x 40.5405 = 1478.52 - 1621.62 = -143.1; balance 20404.3919 - 143.1
        # - 1.47852. Left are 40, 143.1 less worth than they cost.
        "balance 20259.81338, equity 20116.71338",
        "r-1-tp CANCELLED 60 of 100",
        "r-1-sl-1 FILLED 40 of 40",
        "SELL 40 at 36.963, commission 1.47852",
        # The same again. In all: 20000 + 2 x 207.57 - 2 x 143.1 - (4.004 + 4.1041 + 2 x 1.32
        # + 2 x 1.47852) = 20128.94 - 13.70514.
        "balance 20115.23486, equity 20115.23486",
        "r-1-tp-1 CANCELLED 60 of 100",
        "close 36.5, equity 20115.23486",
    ]


def test_long_and_short_positions_in_one_symbol_at_once(play: Play) -> None:
    """10,000 at leverage 2, hedging; 40 % are required; 0.01 a unit; 7.3 % a year on short
    positions, which is 0.02 % a day."""

    class Hedged(Bookkeeper):
        def decide(self, candle: Candle) -> None:
            held = [f"{one.id} {plain(one.quantity)}" for one in self.positions()]
            self.note(plain(self.position().quantity), "of", *held)
            match candle.close:
                case 100:
                    self.buy(quantity=60)
                case 104:
                    self.sell(quantity=40, stop_loss=112)
                case 108:
                    self.sell(quantity=20, position="p-1")
                case 111:
                    self.sell(quantity=120)
                case 136:
                    self.close()

    played = play(
        Hedged,
        days(
            (0, 100, 100, 100, 100, 9e6),  # Monday
            (1, 100, 105, 100, 104, 9e6),
            (2, 105, 109, 104, 108, 9e6),
            (3, 110, 113, 109, 111, 9e6),
            (4, 110, 135, 109, 135, 9e6),  # Friday
            (7, 136, 136, 136, 136, 9e6),  # the Monday after
            (8, 137, 137, 137, 137, 9e6),
        ),
        exchange={
            "cash": Decimal(10_000),
            "leverage": Decimal(2),
            "margin": Margin(maintenance=Decimal("0.4"), warning=Decimal(1)),
            "interest": Interest(borrow=Decimal("0.073")),
            "commission": Commission(per_unit=Decimal("0.01")),
            "position_mode": PositionMode.HEDGING,
        },
    )

    assert played.diary == [
        "close 100, equity 10000.00000",
        "0 of",
        "BUY 60 at 100, commission 0.6",
        "balance 9999.4, equity 9999.4",
        # 9999.4 + 60 x 4
        "close 104, equity 10239.40000",
        "60 of p-1 60",
        # A sale that names no position opens one: nothing is realized.
        "SELL 40 at 105, commission 0.4",
        # 9999.4 - 0.4; the long position is worth 60 x 5 more than it cost.
        "balance 9999, equity 10299",
        # 9999 + 60 x 8 - 40 x 3
        "close 108, equity 10359.00000",
        "20 of p-1 60 p-2 -40",
        # Thursday: 40 x 108 x 0.02 % = 0.864. Equity 9998.136 + 360.
        "balance 9998.136, equity 10358.136",
        "SELL 20 at 110, commission 0.2",
        # Realized 20 x (110 - 100) = 200: balance 9998.136 + 200 - 0.2. Equity: + 40 x 10 - 40 x 5.
        "balance 10197.936, equity 10397.936",
        # The stop of the short position alone.
        "BUY 40 at 112, commission 0.4",
        # Realized 40 x (105 - 112) = -280: balance 10197.936 - 280 - 0.4. Equity: + 40 x 12.
        "balance 9917.536, equity 10397.536",
        # 9917.536 + 40 x 11
        "close 111, equity 10357.53600",
        "40 of p-1 40",
        # Nothing short was held overnight. 160 x 110 = 17600 are open, 8,800 required.
        "SELL 120 at 110, commission 1.2",
        "balance 9916.336, equity 10316.336",
        # The close of 135: equity 9916.336 + 40 x 35 - 120 x 25 = 8316.336. Long and short require
        # both: 0.4 x 160 x 135 = 8640.
        "balance 9916.336, equity 8316.336",
        "MARGIN_CALL",
        "close 135, equity 8316.33600",
        "-80 of p-1 40 p-3 -120",
        # Three days on 120 x 135 = 16200 at 0.02 % are 9.72. Equity: + 40 x 35 - 120 x 25.
        "balance 9906.616, equity 8306.616",
        # The larger one is closed; what is left requires 0.4 x 40 x 135 = 2160.
        "BUY 120 at 136 by force, commission 1.2",
        # Realized 120 x (110 - 136) = -3120: balance 9906.616 - 3120 - 1.2. Equity: + 40 x 36.
        "balance 6785.416, equity 8225.416",
        "LIQUIDATION",
        "close 136, equity 8225.41600",
        "40 of p-1 40",
        "SELL 40 at 137, commission 0.4",
        # Realized 40 x 37 = 1480. In all: 10000 + (200 - 280 - 3120 + 1480) - 4.4 - (0.864 + 9.72).
        "balance 8265.016, equity 8265.016",
        "close 137, equity 8265.01600",
        "0 of",
    ]
    portfolio = played.session.desk.portfolio
    assert portfolio.financing == Decimal("-10.584")
    assert [one.position_id for one in portfolio.fills] == [
        *("p-1", "p-2", "p-1", "p-2", "p-3", "p-3", "p-1")
    ]
    figures = summarise(portfolio.fills)
    assert (figures.closing, figures.round_trips, figures.wins) == (4, 3, 2)
    # 1480 less 0.4, and less two thirds of the 0.6 that opening the 60 cost.
    assert figures.best == Decimal("1479.2")
    assert figures.realized_pnl == -1720
