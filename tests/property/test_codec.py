"""The codec under arbitrary messages and arbitrary bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from runner.protocol import messages as m
from runner.protocol.codec import MAX_ID, decode, decode_body, encode, encode_body, encode_raw
from runner.protocol.commands import SubmitOrder
from runner.protocol.decimals import plain
from runner.protocol.decode import KNOWN_TYPES
from runner.protocol.enums import (
    TIMEFRAME_MS,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    TrailingType,
)
from runner.protocol.market import ENGINE_PROVIDER
from runner.protocol.objects import RAW_ORDER_EVENTS, RAW_REJECT_REASONS
from runner.protocol.times import EPOCH, from_ms

SENT = datetime(2025, 1, 2, 14, 35, tzinfo=UTC)

texts = st.text(max_size=12)
names = st.text(min_size=1, max_size=12)
ids = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029"),
    min_size=1,
    max_size=MAX_ID,
)
maybe_text = st.none() | texts
amounts = st.builds(
    lambda sign, digits, exponent: Decimal(f"{sign}{digits}E{exponent}"),
    st.sampled_from(["", "-"]),
    st.integers(0, 10**15),
    st.integers(-12, 10),
)
above_zero = amounts.map(abs).filter(bool)
not_negative = amounts.map(abs)
maybe_amount = st.none() | amounts
flags = st.none() | st.booleans()
prices = st.floats(1e-12, 1e18)
sizes = st.floats(0, 1e18)
moments = st.datetimes(timezones=st.just(UTC))
whole_times = st.integers(-(10**12), 10**13)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def candles(draw: st.DrawFn, provider: st.SearchStrategy[str] = texts) -> m.Candle:
    low, first, second, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
    timeframe, start = draw(st.sampled_from(list(TIMEFRAME_MS))), draw(whole_times)
    volume = draw(sizes)
    return m.Candle(draw(names), timeframe, start, first, high, low, second, volume, draw(provider))


quotes = st.builds(
    m.Quote,
    symbol=names,
    time=whole_times,
    bid=prices,
    ask=prices,
    last=prices,
    bid_size=st.none() | sizes,
    ask_size=st.none() | sizes,
    volume=st.none() | sizes,
    provider=texts,
)
orders = st.builds(
    m.OrderSnapshot,
    id=texts,
    symbol=names,
    side=st.sampled_from(Side),
    order_type=st.sampled_from(OrderType),
    quantity=above_zero,
    filled_quantity=not_negative,
    remaining_quantity=amounts,
    status=st.sampled_from(OrderStatus),
    time_in_force=st.sampled_from(TimeInForce),
    created_at=moments,
    updated_at=moments,
    client_order_id=maybe_text,
    limit_price=maybe_amount,
    stop_price=maybe_amount,
    stop_loss=maybe_amount,
    take_profit=maybe_amount,
    trailing_distance=maybe_amount,
    trailing_type=st.none() | st.sampled_from(TrailingType),
    average_fill_price=maybe_amount,
    reject_reason=maybe_text,
    position_id=maybe_text,
    parent_order_id=maybe_text,
    reduce_only=flags,
    post_only=flags,
    hidden=flags,
    display_quantity=maybe_amount,
    oco_group_id=maybe_text,
    correlation_id=maybe_text,
)
trades = st.builds(
    m.Trade,
    id=texts,
    order_id=texts,
    symbol=names,
    side=st.sampled_from(Side),
    quantity=above_zero,
    price=above_zero,
    commission=amounts,
    commission_currency=texts,
    timestamp=moments,
    is_maker=flags,
    liquidation=st.sampled_from([None, True]),
)
positions = st.builds(
    m.Position,
    id=texts,
    symbol=names,
    side=st.sampled_from(PositionSide),
    quantity=not_negative,
    average_entry_price=amounts,
    current_price=amounts,
    unrealized_pnl=amounts,
    realized_pnl=amounts,
    opened_at=moments,
    updated_at=moments,
    margin_mode=maybe_text,
    leverage=maybe_amount,
    liquidation_price=maybe_amount,
)
accounts = st.builds(
    m.Account,
    balance=amounts,
    equity=amounts,
    margin_used=amounts,
    margin_available=amounts,
    unrealized_pnl=amounts,
    currency=texts,
)
upper_words = st.from_regex(r"[A-Z][A-Z_]{0,20}", fullmatch=True)
server_messages: st.SearchStrategy[Any] = st.one_of(
    candles(),
    quotes,
    st.builds(m.OrderUpdate, upper_words, orders, maybe_text),
    st.builds(m.TradeUpdate, trades, upper_words),
    st.builds(m.PositionUpdate, upper_words, positions),
    st.builds(m.AccountUpdate, upper_words, accounts),
    st.builds(m.Connection, texts, maybe_text, maybe_text, st.none() | st.integers(0, 2**60)),
    st.builds(m.RateLimit, texts, st.integers(0, 2**60), moments),
    st.builds(m.ErrorNotice, texts, texts, json_values),
    st.builds(m.DataStaleness, texts, st.lists(texts).map(tuple), st.none() | moments, maybe_text),
    st.builds(m.Financing, names, amounts),
    st.builds(m.BacktestComplete, maybe_text),
)
acks = st.builds(m.EventAck, texts, st.lists(texts).map(tuple), st.integers(0, 2**63))


@given(server_messages, st.none() | ids, moments)
def test_a_normalised_frame_of_a_server_comes_back_as_it_was_written(
    message: Any, event_id: str | None, sent: datetime
) -> None:
    written = encode(message, event_id=event_id, timestamp=sent)

    assert m.Frame(message, event_id, sent) == decode(written)


@given(st.builds(m.Ping, moments) | acks | st.just(m.Pong()))
def test_a_normalised_frame_without_an_id_comes_back_as_it_was_written(message: Any) -> None:
    assert message == decode(encode(message)).message


@given(server_messages)
def test_S17_no_number_written_has_an_exponent(message: Any) -> None:
    if isinstance(message, m.Candle):
        bar = json.loads(encode(message, timestamp=SENT))["bar"]
        numbers = [bar[name] for name in ("open", "high", "low", "close", "volume")]
    else:
        fields = msgspec.structs.asdict(message)
        numbers = [plain(value) for value in fields.values() if isinstance(value, Decimal)]

    assert all(set(number) <= set("-0123456789.") for number in numbers)


def raw_order(order: m.OrderSnapshot) -> m.OrderSnapshot:
    """Return the order with all that the raw dialect cannot say taken away."""
    is_limit = order.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    is_stop = order.order_type in (OrderType.STOP, OrderType.STOP_LIMIT)
    is_filled = order.filled_quantity > 0
    has_changed = is_filled or order.status is OrderStatus.CANCELLED
    status = order.status
    if status is OrderStatus.OPEN and 0 < order.filled_quantity < order.quantity:
        status = OrderStatus.PARTIALLY_FILLED
    return m.OrderSnapshot(
        id=order.id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        remaining_quantity=order.quantity - order.filled_quantity,
        status=status,
        time_in_force=order.time_in_force,
        created_at=order.created_at,
        updated_at=order.updated_at if has_changed else order.created_at,
        client_order_id=order.client_order_id,
        limit_price=(order.limit_price or Decimal(1)) if is_limit else None,
        stop_price=(order.stop_price or Decimal(1)) if is_stop else None,
        average_fill_price=order.average_fill_price,
        reject_reason=order.reject_reason,
        position_id=order.position_id,
    )


small = st.integers(0, 10**9).map(lambda units: Decimal(units).scaleb(-4))
raw_times = whole_times.map(from_ms)
raw_orders = st.builds(
    m.OrderSnapshot,
    id=texts,
    symbol=names,
    side=st.sampled_from(Side),
    order_type=st.sampled_from([kind for kind in OrderType if kind != OrderType.TRAILING_STOP]),
    quantity=small.filter(bool),
    filled_quantity=small,
    remaining_quantity=st.just(Decimal(0)),
    status=st.sampled_from(
        [
            OrderStatus.OPEN,
            OrderStatus.PARTIALLY_FILLED,
            OrderStatus.FILLED,
            OrderStatus.CANCELLED,
            OrderStatus.REJECTED,
        ]
    ),
    time_in_force=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC]),
    created_at=raw_times,
    updated_at=raw_times,
    client_order_id=maybe_text,
    limit_price=maybe_amount,
    stop_price=maybe_amount,
    average_fill_price=maybe_amount,
    reject_reason=st.none() | st.sampled_from(sorted(set(RAW_REJECT_REASONS.values()))),
    position_id=maybe_text,
).map(raw_order)
raw_messages: st.SearchStrategy[Any] = st.one_of(
    candles(st.just(ENGINE_PROVIDER)),
    st.builds(m.OrderUpdate, st.sampled_from(list(RAW_ORDER_EVENTS.values())), raw_orders),
    trades.flatmap(
        lambda trade: raw_times.map(
            lambda moment: m.TradeUpdate(
                msgspec.structs.replace(
                    trade, commission_currency="USD", timestamp=moment, is_maker=None
                )
            )
        )
    ),
    positions.map(
        lambda position: m.PositionUpdate(
            "POSITION_MODIFIED",
            msgspec.structs.replace(
                position,
                realized_pnl=Decimal(0),
                opened_at=EPOCH,
                updated_at=EPOCH,
                margin_mode=None,
                leverage=None,
                liquidation_price=None,
            ),
        )
    ),
    st.builds(
        m.AccountUpdate,
        st.sampled_from(["BALANCE_UPDATED", "MARGIN_WARNING", "MARGIN_CALL"]),
        accounts.map(lambda account: msgspec.structs.replace(account, currency="USD")),
    ),
    st.builds(m.ErrorNotice, texts, texts),
    st.just(m.BacktestComplete()),
)


@given(raw_messages, ids)
def test_a_raw_frame_comes_back_as_it_was_written(message: Any, event_id: str) -> None:
    assert m.Frame(message, event_id) == decode(encode_raw(message, event_id=event_id))


@given(
    raw_times.map(m.Ping)
    | acks.map(lambda ack: m.EventAck(ack.correlation_id, ack.events_processed, None))
)
def test_a_raw_frame_of_a_client_comes_back_as_it_was_written(message: Any) -> None:
    assert message == decode(encode_raw(message)).message


submissions = st.builds(
    SubmitOrder,
    symbol=names,
    side=st.sampled_from(Side),
    quantity=amounts,
    order_type=st.sampled_from(OrderType),
    client_order_id=maybe_text,
    limit_price=maybe_amount,
    stop_price=maybe_amount,
    trailing_distance=maybe_amount,
    trailing_type=st.none() | st.sampled_from(TrailingType),
    stop_loss=maybe_amount,
    take_profit=maybe_amount,
    time_in_force=st.sampled_from(TimeInForce),
    reduce_only=st.booleans(),
    post_only=st.booleans(),
    position_id=maybe_text,
    oco_group_id=maybe_text,
)


@given(submissions | orders | trades | positions | accounts | candles() | quotes)
def test_a_rest_body_comes_back_as_it_was_written(body: Any) -> None:
    assert body == decode_body(encode_body(body), type(body))


@given(st.binary() | st.text())
def test_decode_never_raises_on_arbitrary_bytes_or_text(raw: bytes | str) -> None:
    assert isinstance(decode(raw), m.Frame)


hostile = st.one_of(
    json_values,
    st.floats(),
    st.sampled_from(["NaN", "1E+5000000", "-0", "2025-13-01", 10**400, 1e308, [[]], {"id": {}}]),
)
hostile_objects = st.dictionaries(
    st.sampled_from(
        [
            "id",
            "event_id",
            "timestamp",
            "bar",
            "order",
            "event",
            "symbol",
            "open",
            "close",
            "status",
        ]
    ),
    hostile,
)


@given(
    hostile_objects, hostile_objects, st.sampled_from(sorted(map(str, KNOWN_TYPES))), st.integers()
)
def test_decode_never_raises_on_arbitrary_json_of_a_known_type(
    fields: dict[str, Any], nested: dict[str, Any], kind: str, place: int
) -> None:
    names_of_objects = ("bar", "quote", "order", "trade", "position", "account")
    frame = {**fields, names_of_objects[place % 6]: nested, "type": kind}

    found = decode(json.dumps(frame))

    assert found.event_id is None or len(found.event_id) <= MAX_ID


@given(server_messages, ids, st.data())
def test_F16_a_damaged_frame_never_raises_and_a_cut_one_is_never_given_an_id(
    message: Any, event_id: str, data: st.DataObject
) -> None:
    written = encode(message, event_id=event_id, timestamp=SENT)
    place = data.draw(st.integers(0, len(written) - 1))
    damaged = bytearray(written)
    damaged[place] = data.draw(st.integers(0, 255))

    decode(bytes(damaged))
    cut = decode(written[:place])

    assert isinstance(cut.message, m.Malformed)
    assert cut.event_id is None
