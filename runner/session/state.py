"""One strategy's conversation with one peer: the rules it runs under, and what it counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Context
from typing import Any, Literal

from runner.protocol.messages import ErrorNotice, Message
from runner.safety import Guard
from runner.strategy.base import Strategy
from runner.strategy.desk import Desk
from runner.strategy.order import Order

EXTERNAL = "EXTERNAL"
"""The reason of orders and executions at a gateway that are not of this strategy."""


@dataclass(slots=True)
class Session:
    """One strategy's conversation with one peer: the rules it runs under, and what it counted."""

    strategy: Strategy
    desk: Desk
    backtest: bool = True
    on_exception: Literal["halt", "skip"] = "halt"
    require_complete: bool = False
    admits: Callable[[Message], bool] | None = None
    """Which candles and quotes are subscribed; the others are acknowledged unseen. None: all."""
    guard: Guard | None = None
    """The limits that every order passes; None for none."""
    not_subscribed: int = 0
    """Candles and quotes that the peer sent and nobody had subscribed to."""
    rejections: list[Order] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """What handlers raised, one line each, when `on_exception` is `skip`."""
    unknown_types: dict[str, int] = field(default_factory=dict)
    malformed: int = 0
    late_acks: int = 0
    """Acknowledgments of a backtest that came later than its peer may wait for."""
    ack_window_s: float = 5.0
    """How long that is. Source: Trading API; a peer may have another."""
    conflated: int = 0
    """Prices of a live run that newer ones replaced before the strategy took them."""
    lost: int = 0
    """Messages of a live run that were lost because too many waited."""
    notices: list[ErrorNotice] = field(default_factory=list)
    rehearse: Callable[[Any], Any] | None = None
    """Puts a simulation between the conversation and its driver, for a dry run; None for none."""
    hear: Callable[[Any, Any], None] | None = None
    """Who listens to the conversation, see `overhearing`; None for nobody."""
    arithmetic: Context = field(default_factory=Context)
    """The decimal context of the strategy's own code: what it sets there reaches no books."""

    def __post_init__(self) -> None:
        if not self.backtest:
            self.desk.reason_of_others = EXTERNAL

    def handler(self, name: str) -> Callable[..., None] | None:
        """Return the strategy's own handler, None where it has not written one."""
        if getattr(type(self.strategy), name) is getattr(Strategy, name):
            return None
        handler: Callable[..., None] = getattr(self.strategy, name)
        return handler
