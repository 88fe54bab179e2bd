"""What a strategy sets of Python's own arithmetic reaches its own code, and nothing else."""

from __future__ import annotations

import decimal
import json
from decimal import Decimal
from typing import Any

import pytest

from runner import Candle, Strategy
from runner.errors import StrategyFailed
from tests.helpers import run_strategy, series

PRICES = series(*[100.123 + 1.37 * number for number in range(12)])


class Trading(Strategy):
    """Buys and closes by turns, with numbers of many digits."""

    def on_candle(self, candle: Candle) -> None:
        if self.is_flat:
            self.buy(quantity=Decimal("1.2345678"))
        else:
            self.close()


def crude() -> None:
    decimal.getcontext().prec = 2
    decimal.getcontext().rounding = decimal.ROUND_UP


def strict() -> None:
    decimal.getcontext().traps[decimal.Inexact] = True
    decimal.getcontext().traps[decimal.FloatOperation] = True


def another() -> None:
    decimal.setcontext(decimal.Context(prec=1))


@pytest.mark.parametrize("change", [crude, strict, another])
@pytest.mark.parametrize("where", ["on_start", "on_candle", "on_order", "on_trade"])
def test_S11_a_strategy_with_arithmetic_of_its_own_has_the_same_books(
    change: Any, where: str
) -> None:
    def changing(self: Strategy, *event: Any) -> None:
        change()
        if where == "on_candle":
            Trading.on_candle(self, *event)  # type: ignore[arg-type]

    changed = type("Changed", (Trading,), {where: changing, "__doc__": "Changes it."})

    expected, found = (run_strategy(one, PRICES).exchange for one in (Trading, changed))

    assert found.ledger.balance == expected.ledger.balance
    assert [str(one.price) for one in found.trades] == [str(one.price) for one in expected.trades]
    assert decimal.getcontext().prec == 28


def test_S11_what_a_strategy_sets_stays_set_for_it() -> None:
    class Setting(Strategy):
        def on_start(self) -> None:
            decimal.getcontext().prec = 5
            self.seen: list[str] = []

        def on_candle(self, candle: Candle) -> None:
            self.seen.append(str(Decimal(1) / 3))

    run = run_strategy(Setting, series(1.0, 2.0))

    assert run.strategy.seen == ["0.33333", "0.33333"]


def test_S11_after_a_handler_that_raised_arithmetic_is_ours_again() -> None:
    class Raising(Strategy):
        def on_candle(self, candle: Candle) -> None:
            crude()
            raise ValueError

    with pytest.raises(StrategyFailed):
        run_strategy(Raising, series(1.0, 2.0))

    assert decimal.getcontext().prec == 28


@pytest.mark.parametrize("deep", [RecursionError, MemoryError])
def test_S11_a_handler_out_of_stack_or_memory_fails_as_any_other(deep: type[Exception]) -> None:
    class Running(Strategy):
        def on_candle(self, candle: Candle) -> None:
            if deep is MemoryError:
                bytearray(1 << 62)
            self.on_candle(candle)

    with pytest.raises(StrategyFailed, match=f"on_candle raised {deep.__name__}"):
        run_strategy(Running, series(1.0, 2.0))


def test_S11_a_json_that_was_replaced_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    class Replacing(Trading):
        def on_start(self) -> None:
            monkeypatch.setattr(json, "dumps", lambda *_, **__: "nonsense")
            monkeypatch.setattr(json, "loads", lambda *_, **__: {})

    expected, found = (run_strategy(one, PRICES).exchange for one in (Trading, Replacing))

    assert found.ledger.balance == expected.ledger.balance
