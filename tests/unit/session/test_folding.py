"""Each message reaches its handler, once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runner import (
    Account,
    Candle,
    Connection,
    ErrorNotice,
    Order,
    Position,
    Quote,
    RateLimit,
    Strategy,
    Trade,
)
from runner.protocol.messages import (
    AccountUpdate,
    Financing,
    Message,
    OrderUpdate,
    PositionUpdate,
    TradeUpdate,
)
from tests.helpers import (
    START,
    account,
    candle,
    position,
    quote,
    snapshot,
    trade,
)
from tests.unit.session.helpers import begun


class Receiving(Strategy):
    """Writes down the handler and what it was given."""

    def __init__(self) -> None:
        self.got: list[tuple[str, object]] = []

    def on_candle(self, candle: Candle) -> None:
        self.got.append(("on_candle", candle))

    def on_quote(self, quote: Quote) -> None:
        self.got.append(("on_quote", quote))

    def on_order(self, order: Order) -> None:
        self.got.append(("on_order", order.id))

    def on_trade(self, trade: Trade) -> None:
        self.got.append(("on_trade", trade))

    def on_position(self, position: Position) -> None:
        self.got.append(("on_position", position))

    def on_account(self, account: Account) -> None:
        self.got.append(("on_account", account))

    def on_connection(self, connection: Connection) -> None:
        self.got.append(("on_connection", connection))

    def on_rate_limit(self, limit: RateLimit) -> None:
        self.got.append(("on_rate_limit", limit))

    def on_error(self, error: ErrorNotice) -> None:
        self.got.append(("on_error", error.code))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (candle(), [("on_candle", candle())]),
        (quote(), [("on_quote", quote())]),
        (OrderUpdate("ORDER_CREATED", snapshot("o-3")), [("on_order", "o-3")]),
        (TradeUpdate(trade()), [("on_trade", trade())]),
        (PositionUpdate("POSITION_OPENED", position(1, 100)), [("on_position", position(1, 100))]),
        (AccountUpdate("BALANCE_UPDATED", account()), [("on_account", account())]),
        (
            AccountUpdate("MARGIN_CALL", account()),
            [("on_account", account()), ("on_error", "MARGIN_CALL")],
        ),
        (Connection("CONNECTED"), [("on_connection", Connection("CONNECTED"))]),
        (RateLimit("HIT", 1, START), [("on_rate_limit", RateLimit("HIT", 1, START))]),
        (ErrorNotice("X", "y"), [("on_error", "X")]),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, list) else "",
)
def test_each_message_reaches_its_handler(
    message: Message, expected: list[tuple[str, object]]
) -> None:
    conversation = begun(Receiving)

    conversation.send(message)

    assert conversation.strategy.got == expected


def test_a_margin_event_is_told_with_the_equity_it_is_about() -> None:
    conversation = begun(Receiving)

    for event in ("MARGIN_WARNING", "MARGIN_CALL", "SOMETHING_NEW"):
        conversation.send(AccountUpdate(event, account("1234.50")))

    assert [one.message for one in conversation.session.notices] == [
        "equity 1234.50 USD comes close to what the positions require",
        "equity 1234.50 USD is less than the positions require: they are closed by force",
        "the account's margin is short",
    ]


def test_financing_is_kept_apart_until_the_account_tells_of_it() -> None:
    conversation = begun(Receiving)

    conversation.send(Financing("S:AAPL", Decimal("-1.25")))
    conversation.send(Financing("S:MSFT", Decimal("-0.5")))

    portfolio = conversation.session.desk.portfolio
    assert (portfolio.financing, portfolio.balance) == (Decimal("-1.75"), 100_000)
    assert conversation.strategy.got == []


def test_an_order_that_says_nothing_new_is_not_told_again() -> None:
    conversation = begun(Receiving)

    for _ in range(2):
        conversation.send(OrderUpdate("ORDER_CREATED", snapshot("o-3")))

    assert conversation.strategy.got == [("on_order", "o-3")]
