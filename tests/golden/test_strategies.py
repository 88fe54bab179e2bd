"""Each example strategy gives the same trades on the bundled prices, to the last digit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.engine.data import open_data
from runner.protocol.decimals import plain
from runner.protocol.subscriptions import parse_subscriptions
from runner.protocol.times import iso
from runner.strategy.loader import load_strategy
from runner.strategy.params import declared_params
from tests.helpers import Run, run_strategy

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
EXAMPLES = sorted(file.stem for file in (PROJECT / "strategies").glob("*.py"))


def run_example(name: str) -> Run:
    """Run an example over the bundled data of the symbols it asks for."""
    found = load_strategy(f"strategies/{name}.py", cwd=PROJECT)
    wanted = parse_subscriptions(",".join(found.default_subscriptions))
    return run_strategy(found, open_data("sample", [one.symbol for one in wanted]))


def as_text(run: Run) -> str:
    """Return a run as JSON with one line per trade, so that a difference can be read."""
    strategy = type(run.strategy)
    head = {
        "strategy": strategy.__name__,
        "params": {name: one.default for name, one in declared_params(strategy).items()},
        "symbols": list(run.desk.subscribed),
        "candles": len(run.exchange.feed),
        "final_equity": plain(run.equity),
        "rejections": len(run.session.rejections),
    }
    trades = [
        json.dumps(
            [
                one.id,
                iso(one.timestamp),
                one.symbol,
                one.side,
                plain(one.quantity),
                plain(one.price),
                run.desk.portfolio.fills[index].order_reason,
            ]
        )
        for index, one in enumerate(run.exchange.trades)
    ]
    return (
        json.dumps(head, indent=1)[:-2] + ',\n "trades": [\n  ' + ",\n  ".join(trades) + "\n ]\n}\n"
    )


def test_there_are_examples() -> None:
    assert EXAMPLES == ["breakout", "rsi_reversion", "sma_cross"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gives_its_golden_result(name: str, golden: Callable[[Path, str], None]) -> None:
    run = run_example(name)

    text = as_text(run)

    assert json.loads(text)["trades"]
    golden(HERE / f"{name}.json", text)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_mirror_of_an_example_agrees_with_the_books(name: str) -> None:
    run = run_example(name)

    books = {symbol: one.quantity for symbol, one in run.exchange.ledger.holdings.items()}
    mirror = {symbol: one.quantity for symbol, one in run.desk.portfolio.positions.items()}

    assert mirror == books
    assert run.desk.equity() == pytest.approx(float(run.equity), rel=1e-12)
    assert [one.trade for one in run.desk.portfolio.fills] == run.exchange.trades


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short_and_documented(name: str) -> None:
    text = (PROJECT / "strategies" / f"{name}.py").read_text(encoding="utf-8")

    found = load_strategy(f"strategies/{name}.py", cwd=PROJECT)

    assert len(text.splitlines()) < 60
    assert text.startswith('"""')
    assert found.__doc__
    assert found.default_subscriptions
    assert all(one.help for one in declared_params(found).values())
