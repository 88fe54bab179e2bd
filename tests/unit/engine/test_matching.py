"""Where one order executes: each type against gap, touch, cross and miss, in parts and to its end.

The rows tell of buys. Each row is run a second time in the mirror, where 100 is the middle: prices
become 200 less themselves, buys become sells, highs become lows, and the path that begins with the
high becomes the one that begins with the low. Only what is a percentage cannot be mirrored; those
rows stand for both sides.

What is expected stands for one candle after another: `95` is the whole order at 95, `4@95` four
units of it, `-` nothing, and what ends an order otherwise is a word.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from runner.engine.choices import PricePath
from runner.engine.costs import Slippage
from runner.protocol.enums import OrderType, Side, TimeInForce, TrailingType
from runner.protocol.messages import Message, OrderUpdate, TradeUpdate
from tests.helpers import Row, series
from tests.unit.engine.exchange_helpers import open_exchange, place

WORST, OHLC, OLHC = PricePath
BUY, SELL = Side.BUY, Side.SELL
GTC, DAY, IOC, FOK = TimeInForce.GTC, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK
ALL = (100, 110, 90, 105)
"""Open, high, low, close of most rows."""
QUANTITY = Decimal(10)
ENDINGS = {f"ORDER_{word.upper()}": word for word in ("cancelled", "expired", "rejected")}
SHARE = Decimal("0.004")
"""Four units of the volume of each candle, which is 1000."""


class Order(NamedTuple):
    """The fields of a buy order for ten units."""

    limit: object = None
    stop: object = None
    trail: object = None
    percent: object = None
    fields: dict[str, Any] = {}  # noqa: RUF012 - never changed

    def place(self, exchange: Any, side: Side, *, mirrored: bool) -> str:
        """Place the order, or its mirror image."""
        prices = {
            name: _mirror(value) if mirrored else value
            for name, value in (("limit", self.limit), ("stop", self.stop))
            if value is not None
        }
        distance = self.trail if self.percent is None else self.percent
        if distance is not None:
            kind = TrailingType.ABSOLUTE if self.percent is None else TrailingType.PERCENT
            prices |= {
                "order_type": OrderType.TRAILING_STOP,
                "trailing_distance": Decimal(str(distance)),
                "trailing_type": kind,
            }
        return place(exchange, side, QUANTITY, **prices, **self.fields)


def _mirror(price: object) -> Decimal:
    return 200 - Decimal(str(price))


def _mirrored(candle: Any) -> Row:
    one = candle if isinstance(candle, tuple) else (candle,) * 4
    first, high, low, close = (float(_mirror(price)) for price in one)
    return first, low, high, close


def _plain(candle: Any) -> Row:
    first, high, low, close = candle if isinstance(candle, tuple) else (candle,) * 4
    return float(first), float(high), float(low), float(close)


def _step(messages: list[Message]) -> str:
    parts = []
    for one in messages:
        if isinstance(one, TradeUpdate):
            amount = "" if one.trade.quantity == QUANTITY else f"{one.trade.quantity}@"
            parts.append(f"{amount}{one.trade.price}")
        elif isinstance(one, OrderUpdate) and one.event in ENDINGS:
            parts.append(ENDINGS[one.event])
    return "+".join(parts) or "-"


def outcome(
    order: Order,
    candles: tuple[Any, ...],
    path: PricePath,
    *,
    side: Side = BUY,
    mirrored: bool = False,
    **terms: Any,
) -> str:
    """Return what becomes of an order that is placed at a close of 100 and meets `candles`."""
    rows = [_mirrored(one) if mirrored else _plain(one) for one in candles]
    exchange = open_exchange(series(100.0, *rows), price_path=path, **terms)
    exchange.advance()
    order.place(exchange, side, mirrored=mirrored)
    return " ".join(_step(exchange.advance()) for _ in rows)


def in_mirror(expected: str) -> str:
    """Return the outcome of the mirror image."""

    def part(text: str) -> str:
        amount, at, price = text.rpartition("@")
        return f"{amount}{at}{_mirror(price).normalize() + 0}" if price[0].isdigit() else text

    return " ".join("+".join(map(part, step.split("+"))) for step in expected.split())


MIRROR = {WORST: WORST, OHLC: OLHC, OLHC: OHLC}

TABLE: list[tuple[str, Order, tuple[Any, ...], str | tuple[str, str, str]]] = [
    # What happens, the order, its candles; what is expected on every path, or on worst, ohlc, olhc.
    ("market: the open", Order(), (ALL,), "100"),
    ("market, gap: the open it gets", Order(), ((107, 110, 90, 105),), "107"),
    # A limit executes at its price, or better where the market opens better.
    ("limit crossed: its price", Order(limit=95), (ALL,), "95"),
    ("limit touched by the low", Order(limit=90), (ALL,), "90"),
    ("limit missed by a cent", Order(limit="89.99"), (ALL,), "-"),
    ("limit at the open", Order(limit=100), (ALL,), "100"),
    ("limit above the open: the better open", Order(limit=101), (ALL,), "100"),
    ("limit, gap below: the better open", Order(limit=95), ((93, 99, 91, 98),), "93"),
    ("limit waits for a later candle", Order(limit=95), (99, (98, 99, 94, 96)), "- 95"),
    ("limit, gap after waiting: the better open", Order(limit=95), (99, 94), "- 94"),
    ("limit of 0.1 meets a low of 0.1", Order(limit="0.1"), ((0.3, 0.3, 0.1, 0.2),), "0.1"),
    # A stop executes at its price, or worse where the market opens beyond it.
    ("stop crossed: its price", Order(stop=105), (ALL,), "105"),
    ("stop touched by the high", Order(stop=110), (ALL,), "110"),
    ("stop missed by a cent", Order(stop="110.01"), (ALL,), "-"),
    ("stop at the open", Order(stop=100), (ALL,), "100"),
    ("stop below the open: reached already", Order(stop=95), (ALL,), "100"),
    ("stop, gap over it: the worse open", Order(stop=105), ((107, 110, 90, 105),), "107"),
    ("stop waits for a later candle", Order(stop=105), (104, (104, 106, 103, 104)), "- 105"),
    # A stop-limit triggers like a stop and then rests as a limit.
    ("stop-limit: the limit allows the trigger", Order(stop=105, limit=107), (ALL,), "105"),
    ("stop-limit: trigger touched", Order(stop=110, limit=110), (ALL,), "110"),
    ("stop-limit: trigger missed", Order(stop="110.01", limit=120), (ALL,), "-"),
    ("stop-limit, gap within the limit", Order(stop=105, limit=107), ((106, 110, 90, 99),), "106"),
    (
        "stop-limit, gap beyond the limit: the low of 106 comes back to it",
        Order(stop=105, limit=107), ((109, 112, 106, 111),), "107",
    ),
    (
        "stop-limit, gap beyond the limit: the low of 108 does not, the next open does",
        Order(stop=105, limit=107), ((109, 112, 108, 111), 104), "- 104",
    ),
    (
        "stop-limit, limit below its trigger: the close of 105 proves the way back to 105",
        Order(stop=107, limit=105), (ALL,), "105",
    ),
    (
        "stop-limit, limit below its trigger: only a fall from the high comes back to 104",
        Order(stop=107, limit=104), (ALL, (106, 108, 103, 104)), ("- 104", "104 -", "- 104"),
    ),
    (
        "stop-limit, limit below its trigger, the low before the trigger does not count",
        Order(stop=107, limit=95), ((100, 110, 90, 108),), ("-", "95", "-"),
    ),
    # A trailing stop has seen 100: it stands at 105 and moves down with the price.
    ("trailing: high of 104 below 105", Order(trail=5), ((102, 104, 101, 103),), "-"),
    ("trailing touched", Order(trail=5), ((102, 105, 101, 103),), "105"),
    ("trailing, gap above it: the worse open", Order(trail=5), ((107, 108, 101, 103),), "107"),
    (
        "trailing: high first meets 105; low first moves it to 90 + 5",
        Order(trail=5), ((102, 106, 90, 91),), ("105", "105", "95"),
    ),
    (
        "trailing: the open moves it to 98 + 5; low first moves it to 97 + 5",
        Order(trail=5), ((98, 103, 97, 100),), ("103", "103", "102"),
    ),
    (
        "trailing: the open moves it to 98 + 5, which a high of 102.9 misses",
        Order(trail=5), ((98, 102.9, 98, 100),), "-",
    ),
    (
        "trailing: the low moves it to 92 + 5, and the close of 98 lies beyond it",
        Order(trail=5), ((101, 102, 92, 98),), "97",
    ),
    (
        "trailing: the low moves it to 92 + 5; only a later high comes back to it",
        Order(trail=5), ((101, 102, 92, 96),), ("-", "-", "97"),
    ),
    (
        "trailing follows from candle to candle: 92 + 5 in the next",
        Order(trail=5), ((95, 96, 92, 93), (94, 98, 93, 97)), "- 97",
    ),
    ("trailing never moves back: 95 + 5", Order(trail=5), (95, 99, (99, 100, 98, 99)), "- - 100"),
]  # fmt: skip


@pytest.mark.parametrize("path", PricePath, ids=str)
@pytest.mark.parametrize("mirrored", [False, True], ids=["buy", "sell in the mirror"])
@pytest.mark.parametrize(
    ("order", "candles", "expected"), [pytest.param(*row, id=name) for name, *row in TABLE]
)
def test_where_an_order_executes(
    order: Order,
    candles: tuple[Any, ...],
    expected: str | tuple[str, str, str],
    mirrored: bool,
    path: PricePath,
) -> None:
    side = SELL if mirrored else BUY
    row_path = MIRROR[path] if mirrored else path
    wanted = expected if isinstance(expected, str) else expected[list(PricePath).index(row_path)]

    seen = outcome(order, candles, path, side=side, mirrored=mirrored)

    assert (in_mirror(wanted) if mirrored else wanted) == seen


@pytest.mark.parametrize(
    ("side", "percent", "candles", "expected"),
    [
        pytest.param(
            BUY, 10, ((100, 101, 80, 81), (82, 90, 82, 89)), ("- 88", "- 88", "88 -"),
            id="buy: 80 + 10%, which a high after the low of the first candle meets",
        ),
        pytest.param(
            SELL, 10, ((100, 120, 99, 119), (112, 112, 105, 106)), ("- 108", "108 -", "- 108"),
            id="sell: 120 - 10%, which a low after the high of the first candle meets",
        ),
        pytest.param(BUY, "2.5", ((90, 93, 80, 81), 83), ("92.25 -", "92.25 -", "82 -"),
            id="buy: the open makes it 90 + 2.5%, the low 80 + 2.5%",
        ),
        pytest.param(SELL, 5, ((93, 99, 90, 91),), ("93", "93", "93"),
            id="sell: gapped below 100 - 5%",
        ),
    ],
)  # fmt: skip
def test_a_trailing_stop_in_percent_of_the_best_price(
    side: Side, percent: object, candles: tuple[Any, ...], expected: tuple[str, str, str]
) -> None:
    assert list(expected) == [
        outcome(Order(percent=percent), candles, path, side=side) for path in PricePath
    ]


PARTS: list[tuple[str, Order, tuple[Any, ...], str]] = [
    ("market: four a candle", Order(), (100, 103, 109), "4@100 4@103 2@109"),
    (
        "limit: only where it is reached",
        Order(limit=95), ((100, 101, 94, 96), (96, 97, 95.5, 96), 94), "4@95 - 4@94",
    ),
    (
        "stop: at the market once it has triggered",
        Order(stop=105), ((100, 106, 99, 100), 90, 91), "4@105 4@90 2@91",
    ),
    (
        "stop-limit: a limit once it has triggered",
        Order(stop=105, limit=107), ((100, 106, 99, 100), 108, 106), "4@105 - 4@106",
    ),
    (
        "trailing stop: at the market once it has triggered",
        Order(trail=5), ((100, 106, 100, 100), 90, 91), "4@105 4@90 2@91",
    ),
    ("IOC: one candle's part of it", Order(fields={"time_in_force": IOC}), (100, 100),
     "4@100+cancelled -"),
    ("IOC limit: one candle's part of it", Order(limit=95, fields={"time_in_force": IOC}),
     (ALL, 90), "4@95+cancelled -"),
    ("FOK: all or nothing", Order(fields={"time_in_force": FOK}), (100, 100), "cancelled -"),
    ("DAY: the rest expires", Order(fields={"time_in_force": DAY}), (100, 100), "4@100 expired"),
]  # fmt: skip


@pytest.mark.parametrize("path", PricePath, ids=str)
@pytest.mark.parametrize("mirrored", [False, True], ids=["buy", "sell in the mirror"])
@pytest.mark.parametrize(
    ("order", "candles", "expected"), [pytest.param(*row, id=name) for name, *row in PARTS]
)
def test_where_the_parts_of_an_order_execute(
    order: Order, candles: tuple[Any, ...], expected: str, mirrored: bool, path: PricePath
) -> None:
    side = SELL if mirrored else BUY

    seen = outcome(order, candles, path, side=side, mirrored=mirrored, volume_share=SHARE)

    assert (in_mirror(expected) if mirrored else expected) == seen


ENDS = {GTC: "- -", DAY: "- expired", IOC: "cancelled -", FOK: "cancelled -"}
NEVER = {
    "limit": Order(limit=50),
    "stop": Order(stop=150),
    "stop-limit": Order(stop=150, limit=151),
    "trailing stop": Order(trail=60),
}
"""Orders that nothing in 100-110-90-105 reaches."""
AT_ONCE = {
    "market": (Order(), "100"),
    "limit": (Order(limit=95), "95"),
    "stop": (Order(stop=105), "105"),
    "stop-limit": (Order(stop=105, limit=107), "105"),
    "trailing stop": (Order(trail=5), ("105", "105", "95")),
}


@pytest.mark.parametrize("path", PricePath, ids=str)
@pytest.mark.parametrize("force", TimeInForce, ids=str)
@pytest.mark.parametrize("kind", NEVER)
def test_how_an_order_ends_that_is_never_reached(
    kind: str, force: TimeInForce, path: PricePath
) -> None:
    order = NEVER[kind]._replace(fields={"time_in_force": force})

    assert ENDS[force] == outcome(order, (ALL, ALL), path)


@pytest.mark.parametrize("path", PricePath, ids=str)
@pytest.mark.parametrize("force", TimeInForce, ids=str)
@pytest.mark.parametrize("kind", AT_ONCE)
def test_the_first_candle_is_enough_for_every_time_in_force(
    kind: str, force: TimeInForce, path: PricePath
) -> None:
    order, price = AT_ONCE[kind]
    wanted = price if isinstance(price, str) else price[list(PricePath).index(path)]

    seen = outcome(order._replace(fields={"time_in_force": force}), (ALL, ALL), path)

    assert f"{wanted} -" == seen


@pytest.mark.parametrize("path", PricePath, ids=str)
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        pytest.param(Order(), "102.01", id="market: 101 + 1%"),
        pytest.param(Order(stop=105), "106.05", id="stop: 105 + 1%"),
        pytest.param(Order(stop=99), "102.01", id="stop at the open: 101 + 1%"),
        pytest.param(Order(trail=8), "109.08", id="trailing: 108 + 1%"),
        pytest.param(Order(limit="100.5"), "100.5", id="limit"),
        pytest.param(Order(limit=102), "101", id="limit at the open"),
        pytest.param(Order(stop=105, limit=120), "105", id="stop-limit"),
        pytest.param(Order(stop=99, limit=120), "101", id="stop-limit at the open"),
    ],
)
def test_only_market_and_stop_fills_slip(order: Order, expected: str, path: PricePath) -> None:
    candles = ((101, 110, 100, 105),)  # its low moves no trailing stop

    assert expected == outcome(order, candles, path, slippage=Slippage(bps=Decimal(100)))


@pytest.mark.parametrize("path", PricePath, ids=str)
def test_a_day_order_has_all_candles_of_the_day_of_its_first_one(path: PricePath) -> None:
    hours = series(*[(100.0, 101.0, 99.0, 100.0)] * 48, timeframe="1h")
    exchange = open_exchange(hours, price_path=path)
    exchange.advance()
    place(exchange, limit=50, time_in_force=DAY)

    steps = [_step(exchange.advance()) for _ in range(47)]

    # Placed after the first hour: 23 candles remain of that day.
    assert steps == ["-"] * 23 + ["expired"] + ["-"] * 23
