"""A backtest in one call."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from runner import Candle, Strategy, param
from runner.errors import ConfigError, StrategyFailed, StrategyLoadError, UsageError
from runner.testing import backtest, candles

STRATEGIES = Path(__file__).parents[3] / "strategies"


class BuyOnce(Strategy):
    """Buy at the second candle."""

    size: int = param(10, ge=1)
    cash: int = param(1)

    def on_start(self) -> None:
        self.seen = 0

    def on_candle(self, candle: Candle) -> None:
        self.seen += 1
        if self.seen == 2:
            self.buy(quantity=self.size, reason="second candle")


class Fails(Strategy):
    """Divide by zero."""

    def on_candle(self, candle: Candle) -> None:
        _ = candle.close / 0


def test_three_lines_are_a_test() -> None:
    result = backtest("sma_cross.py", candles("flat 30, up 10"), fast=3, folder=STRATEGIES)

    assert result.orders[0].side == "BUY"
    assert result.reasons == ["golden cross"]


def test_the_result_tells_what_happened_on_the_real_exchange() -> None:
    result = backtest(BuyOnce, candles("flat 2, gap 1%, flat 1, up 1 by 9"), size=20)

    assert result.order.is_filled
    assert [one.price for one in result.trades] == [Decimal(101)]
    assert result.positions == {"S:AAPL": Decimal(20)}
    assert not result.is_flat
    assert result.profit == Decimal(180)
    assert result.strategy.seen == 4


def test_costs_are_written_as_in_a_configuration() -> None:
    result = backtest(BuyOnce, candles("flat 4"), commission="10 bps", slippage="1%")

    assert [one.price for one in result.trades] == [Decimal(101)]
    assert result.profit == Decimal("-11.01")


def test_a_rejection_is_data() -> None:
    result = backtest(BuyOnce, candles("flat 4"), cash=500)

    assert [one.reject_reason for one in result.rejections] == ["INSUFFICIENT_MARGIN"]
    assert result.is_flat


def test_several_symbols_trade_on_one_account() -> None:
    market = [candles("flat 2", symbol="S:A"), candles("flat 2", symbol="S:B")]

    assert backtest(BuyOnce, market).strategy.seen == 4


def test_a_parameter_may_be_called_like_an_argument() -> None:
    assert backtest(BuyOnce, candles("flat 1"), params={"cash": 7}).strategy.cash == 7


def test_the_only_order_is_refused_where_there_are_others() -> None:
    with pytest.raises(AssertionError, match="there are 0 orders"):
        _ = backtest(BuyOnce, candles("flat 1")).order


def test_what_a_handler_raises_is_the_cause() -> None:
    with pytest.raises(StrategyFailed) as caught:
        backtest(Fails, candles("flat 1"))

    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_mistakes_are_those_of_a_run() -> None:
    with pytest.raises(ConfigError, match="did you mean size"):
        backtest(BuyOnce, candles("flat 1"), sise=3)
    with pytest.raises(StrategyLoadError, match="E401"):
        backtest("no_such.py", candles("flat 1"))


@pytest.mark.parametrize(
    "wrong",
    [{"cash": 0}, {"cash": "much"}, {"leverage": -1}, {"commission": "5"}, {"slippage": "x"}],
    ids=str,
)
def test_an_argument_that_cannot_be_used_is_said(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))) as caught:
        backtest(BuyOnce, candles("flat 1"), **wrong)  # type: ignore[arg-type]

    assert caught.value.id == "E211"


def test_something_else_in_place_of_candles_is_said() -> None:
    with pytest.raises(UsageError, match="needs candles"):
        backtest(BuyOnce, "flat 30")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="needs candles"):
        backtest(BuyOnce, [])
