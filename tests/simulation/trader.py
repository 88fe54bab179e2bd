"""The strategy of a simulated run: it follows its plan, and writes down each call."""

from __future__ import annotations

from decimal import Decimal
from math import nan
from typing import Any

from runner import Strategy
from tests.helpers import AAPL
from tests.simulation.history import Entry, Raised, Returned, Started, Wanted
from tests.simulation.scenario import Act, Scenario


class Trader(Strategy):
    """Does what its plan says, by handler and how often that was called."""

    entries: list[Entry]
    scenario: Scenario
    counts: dict[str, int]

    def handled(self, handler: str, key: str) -> None:
        """Note a call, and do what the plan has for it."""
        note = self.entries.append
        note(Started(handler, key, self._desk.now_ms if handler in self.scenario.looks else None))
        count = self.counts[handler] = self.counts.get(handler, 0) + 1
        occasion = f"{handler} {count}"
        acts = self.scenario.plan.get(occasion)
        if acts:
            before = len(self.entries)
            for act in acts:
                self.act(act)
        if self.scenario.raising and occasion in self.scenario.raising:
            if acts:
                del self.entries[before:]  # what it wanted is dropped with the decision
            note(Raised(handler))
            raise self.scenario.raising[occasion]("planned")
        note(Returned(handler))

    def act(self, act: Act) -> None:
        """Do one thing; a strategy that knows no price yet names the first symbol."""
        name = self._desk.symbol or AAPL
        price = self._desk.price(name) or 100.0
        near = round(price * (1 + act.distance), 2)
        size: Any = act.size
        match act.what:
            case "buy":
                self.buy(name, quantity=size)
            case "sell":
                self.sell(name, quantity=size)
            case "limit":
                self.buy(name, quantity=size, limit=near)
            case "stop":
                self.sell(name, quantity=size, stop=near)
            case "bracket":
                exits = {"stop_loss": price * 0.97, "take_profit": price * 1.03}
                self.buy(name, quantity=size, **exits)
            case "trail":
                self.sell(name, quantity=size, trail=round(price * 0.02, 2))
            case "target":
                self.target(name, quantity=size - 20)
            case "close":
                self.close(name)
            case "cancel":
                for order in self.working_orders(name)[:1]:
                    self.want(order)
                    self.cancel(order)
            case "cancel all":
                for order in self.working_orders(name):
                    self.want(order)
                self.cancel(symbol=name)
            case "modify":
                for order in self.working_orders(name)[:1]:
                    self.modify(order, quantity=order.quantity + Decimal(size))
            case "nothing sensible":
                self.buy(name, quantity=nan)
            case "too much":
                self.buy(name, quantity=size * 1000)
            case "far away":
                self.sell(name, quantity=size, limit=round(price * 1.5, 2))

    def want(self, order: Any) -> None:
        """Note that an order which the peer has is to be cancelled."""
        if order.id is not None:
            self.entries.append(Wanted(order.id))

    def on_start(self) -> None:
        self.handled("on_start", "")

    def on_candle(self, candle: Any) -> None:
        self.handled("on_candle", f"{candle.symbol} {candle.time}")

    def on_order(self, order: Any) -> None:
        told = f"{order.client_order_id} {order.status} {order.filled_quantity}"
        self.handled("on_order", told)

    def on_trade(self, trade: Any) -> None:
        self.handled("on_trade", trade.id)

    def on_position(self, position: Any) -> None:
        self.handled("on_position", f"{position.symbol} {position.signed_quantity}")

    def on_account(self, account: Any) -> None:
        self.handled("on_account", f"{account.balance}")

    def on_connection(self, connection: Any) -> None:
        self.handled("on_connection", connection.event)

    def on_rate_limit(self, limit: Any) -> None:
        self.handled("on_rate_limit", limit.event)

    def on_error(self, error: Any) -> None:
        self.handled("on_error", error.code)

    def on_stop(self) -> None:
        self.handled("on_stop", "")
