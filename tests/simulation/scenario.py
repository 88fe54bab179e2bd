"""What a seed stands for: a market, an account, a plan of trading, limits, and a list of faults.

The market and the plan follow from the seed alone. The faults are an explicit list besides, so that
a failing run can be repeated with fewer of them. Each seed takes part of the kinds of fault only,
with rates of its own: a swarm finds what an even mixture of everything hides.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple

from runner.engine.costs import Commission
from runner.engine.series import Series
from runner.engine.terms import Margin, Terms
from runner.safety import Limits
from tests.helpers import AAPL, MSFT, series

REPEAT, CUT, CUT_BEHIND, SLICE = "repeat", "cut", "cut behind", "slice"
NOVEL, NOVEL_BARE, HEARTBEAT, NOTICE = "novel", "novel without id", "heartbeat", "notice"
GARBAGE, FLOOD, GAP, ANEW = "garbage", "flood", "gap", "ids begin anew"
CLOSE_NORMAL, CLOSE_AWAY, STOP = "close 1000", "close 1001", "stop"
ACK_LOST, ACK_THEN_CUT, ACK_TWICE = "ack lost", "cut after ack", "ack twice"
REFUSED, UNSENT, LOST, UNANSWERED, LATE = "refused", "unsent", "lost", "unanswered", "late"

ON_FRAMES = (
    REPEAT, CUT, CUT_BEHIND, SLICE, NOVEL, NOVEL_BARE, HEARTBEAT, NOTICE, GARBAGE, FLOOD,
    CLOSE_NORMAL, CLOSE_AWAY, STOP,
)  # fmt: skip
ON_ACKS = (ACK_LOST, ACK_THEN_CUT, ACK_TWICE)
ON_COMMANDS = (REFUSED, UNSENT, LOST, UNANSWERED, LATE)
ON_TICKS = (GAP, ANEW)
HARMLESS = {
    REPEAT, CUT, CUT_BEHIND, SLICE, NOVEL, NOVEL_BARE, HEARTBEAT, FLOOD,
    ACK_LOST, ACK_THEN_CUT, ACK_TWICE,
}  # fmt: skip
"""Faults that an engine which keeps the run leaves no trace of: the result is the same."""
FATAL = {GARBAGE, CLOSE_NORMAL, CLOSE_AWAY, STOP, UNSENT, LOST, UNANSWERED, LATE}
"""Faults that end a backtest. Fewer of them are drawn, so that runs get somewhere."""
_FRAMES, _ACKS, _COMMANDS, _TICKS = 90, 40, 25, 20
_STEPS = 24


class Fault(NamedTuple):
    """One thing that goes wrong: its kind, and at which of its occasions, counted from 1."""

    kind: str
    at: int


class Act(NamedTuple):
    """Something that the strategy does, with a number to vary it."""

    what: str
    size: int
    distance: float


@dataclass(frozen=True)
class Scenario:
    """One simulated run."""

    seed: int
    is_backtest: bool
    markets: tuple[Series, ...]
    terms: Terms
    plan: dict[str, tuple[Act, ...]]
    """What the strategy does, by handler and how often that was called, e.g. `on_candle 3`."""
    raising: dict[str, type[BaseException]]
    """Which calls of handlers raise."""
    on_exception: str
    limits: Limits | None
    one_symbol: bool
    """Whether only the first symbol is subscribed, although the peer sends all."""
    withheld: frozenset[str]
    """Frames that a gateway does not send."""
    looks: frozenset[str]
    """The handlers that look at the clock."""
    with_ids: bool
    """Whether a gateway's frames have ids."""
    faults: tuple[Fault, ...] = field(default=())

    def without_faults(self) -> Scenario:
        return replace(self, faults=())

    @property
    def is_harmless(self) -> bool:
        """Whether the run must come to the same as one without faults."""
        return self.is_backtest and all(fault.kind in HARMLESS for fault in self.faults)


def draw(seed: int) -> Scenario:
    """Return what `seed` stands for."""
    chance = random.Random(seed)
    is_backtest = chance.random() < 0.6
    steps = chance.randint(6, _STEPS)
    symbols = (AAPL, MSFT) if chance.random() < 0.4 else (AAPL,)
    strict = chance.random() < 0.2
    skips = chance.random() < 0.6
    return Scenario(
        seed=seed,
        is_backtest=is_backtest,
        markets=tuple(_market(chance, symbol, steps) for symbol in symbols),
        terms=Terms(
            cash=Decimal(10_000),
            leverage=Decimal(4 if strict else chance.choice((1, 2))),
            margin=Margin(maintenance=Decimal("0.2") if strict else None),
            commission=Commission(bps=Decimal(chance.choice((0, 10)))),
            volume_share=chance.choice((None, None, Decimal("0.02"))),
        ),
        plan=_plan(chance, steps * len(symbols)),
        raising=_raising(chance, steps),
        on_exception="skip" if skips else "halt",
        limits=_limits(chance) if chance.random() < 0.5 else None,
        one_symbol=chance.random() < 0.2,
        withheld=frozenset() if is_backtest else frozenset(chance.choice(_WITHHELD)),
        looks=frozenset(chance.choice(_LOOKING)),
        with_ids=is_backtest or chance.random() < 0.6,
        faults=_faults(chance, is_backtest=is_backtest),
    )


_LOOKING: tuple[tuple[str, ...], ...] = (
    ("on_candle", "on_order", "on_trade", "on_position", "on_account", "on_error", "on_stop"),
    ("on_candle", "on_trade"),
    ("on_candle",),
)
_WITHHELD: tuple[tuple[str, ...], ...] = (
    (),
    (),
    (),
    ("trade",),
    ("account",),
    ("order", "trade"),
    ("position", "account"),
    ("position", "account", "order"),
    ("position", "account", "trade"),
    ("position", "account", "trade"),
)
"""What gateways keep to themselves; some report orders and nothing else."""


def _market(chance: random.Random, symbol: str, steps: int) -> Series:
    rows, price = [], 10_000
    for _ in range(steps):
        first = max(price + chance.randint(-100, 100), 500)
        price = max(first + chance.randint(-400, 400), 500)
        low = min(first, price) - chance.randint(0, 150)
        high = max(first, price) + chance.randint(0, 150)
        rows.append((first / 100, high / 100, low / 100, price / 100))
    return series(*rows, symbol=symbol, timeframe="1h")


def _plan(chance: random.Random, candles: int) -> dict[str, tuple[Act, ...]]:
    words = (
        "buy", "sell", "buy", "sell", "limit", "stop", "bracket", "trail", "target", "close",
        "cancel", "cancel all", "modify", "nothing sensible", "too much", "far away",
    )  # fmt: skip
    plan = {}
    rate = chance.choice((0.15, 0.4, 0.8))
    occasions = [f"on_candle {n}" for n in range(1, candles + 1)]
    occasions += [f"on_{kind} {n}" for kind in ("order", "trade", "account") for n in range(1, 9)]
    occasions += ["on_start 1", "on_stop 1", "on_connection 1"]
    for occasion in occasions:
        reacts = not occasion.startswith("on_candle")
        often = rate / 2 if reacts else rate
        if chance.random() < often:
            plan[occasion] = tuple(
                Act(
                    chance.choice(("cancel all", *words[::2]) if reacts else words),
                    chance.randint(1, 40),
                    chance.uniform(-0.04, 0.04),
                )
                for _ in range(chance.choice((1, 1, 2, 3)))
            )
    return plan


_RAISED = (ValueError, KeyError, SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError)


def _raising(chance: random.Random, steps: int) -> dict[str, type[BaseException]]:
    if chance.random() < 0.5:
        return {}
    handlers = ("on_candle", "on_candle", "on_order", "on_trade", "on_position", "on_account")
    count = chance.choice((1, 2, 8))
    occasions = [f"{chance.choice(handlers)} {chance.randint(1, steps)}" for _ in range(count)]
    if chance.random() < 0.5:
        occasions += [f"on_candle {n}" for n in range(chance.randint(3, steps), 2 * steps)]
    if chance.random() < 0.1:
        occasions.append(chance.choice(("on_start 1", "on_stop 1", "on_error 1")))
    return {occasion: chance.choice(_RAISED) for occasion in occasions}


def _limits(chance: random.Random) -> Limits:
    choices: dict[str, tuple[Any, ...]] = {
        "max_order_quantity": (Decimal(15), Decimal(30)),
        "max_order_notional": (Decimal(1500), Decimal(3000)),
        "max_position_notional": (Decimal(2000), Decimal(5000)),
        "max_gross_notional": (Decimal(3000), Decimal(6000)),
        "max_open_orders": (1, 2, 3),
        "max_orders_per_event": (1, 2),
        "max_orders_per_day": (3, 8),
        "max_orders_per_second": (Decimal(1),),
        "max_repeats": (1, 2),
        "max_rejections_in_a_row": (1, 2),
        "price_collar": (Decimal("0.01"), Decimal("0.02")),
        "max_daily_loss": (Decimal("0.001"), Decimal("0.01")),
        "max_drawdown": (Decimal("0.001"), Decimal("0.01")),
    }
    names = chance.sample(sorted(choices), chance.randint(1, 3))
    if chance.random() < 0.8:
        names.append(chance.choice(("max_drawdown", "max_daily_loss", "max_rejections_in_a_row")))
    chosen: dict[str, Any] = {name: chance.choice(choices[name]) for name in names}
    return Limits(**chosen, on_breach=chance.choice(("cancel", "flatten")))


def _faults(chance: random.Random, *, is_backtest: bool) -> tuple[Fault, ...]:
    if chance.random() < 0.05:
        return ()
    occasions = dict.fromkeys(ON_FRAMES, _FRAMES) | dict.fromkeys(ON_COMMANDS, _COMMANDS)
    if is_backtest:
        occasions |= dict.fromkeys(ON_ACKS, _ACKS)
    else:
        occasions |= dict.fromkeys(ON_TICKS, _TICKS)
    kinds = [
        kind
        for kind in occasions
        if chance.random() < _often(kind, is_backtest=is_backtest)
        and (kind != FLOOD or chance.random() < 0.1)
    ]
    faults = set()
    for kind in kinds:
        most = 1 if kind in (FLOOD, CLOSE_NORMAL, CLOSE_AWAY, STOP) else chance.choice((1, 3, 8))
        for _ in range(chance.randint(1, most)):
            faults.add(Fault(kind, chance.randint(1, occasions[kind])))
    return tuple(sorted(faults))


def _often(kind: str, *, is_backtest: bool) -> float:
    if kind in ON_TICKS:
        return 0.6
    return 0.06 if is_backtest and kind in FATAL else 0.35
