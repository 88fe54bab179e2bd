"""The pytest plugin: `candles` and `backtest` as fixtures. Nothing else changes in a project.

Registered in the entry-point group `pytest11`, so pytest imports this file at every start: only
pytest may be imported at the top. A project's own fixture of the same name wins over these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runner.engine.series import Series
    from runner.testing.backtesting import Backtest


@pytest.fixture
def candles() -> Callable[..., Series]:
    """Return `runner.testing.candles`: candles("up 3, gap -5%, flat 10")."""
    from runner.testing.market import candles

    return candles


@pytest.fixture
def backtest(request: pytest.FixtureRequest) -> Callable[..., Backtest]:
    """Return `runner.testing.backtest`; a strategy's file is looked for beside the test's file."""
    from functools import partial

    from runner.testing.backtesting import backtest

    return partial(backtest, folder=request.path.parent)
