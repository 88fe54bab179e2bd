"""What a gateway holds that is not ours: orders and positions, held against our own journal.

Pure: it compares, and says what is to be done by the rules that were set, symbol by symbol.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from runner.journal import Past
from runner.protocol.commands import State
from runner.protocol.enums import PositionSide
from runner.protocol.messages import OrderSnapshot, Position
from runner.transports.settings import ADOPT, EVERY, STOP

_ZERO = Decimal(0)


class Difference(NamedTuple):
    """A position that is not what our orders come to; both quantities are signed."""

    symbol: str
    held: Decimal
    ours: Decimal

    def __str__(self) -> str:
        return f"a position of {self.held:f} {self.symbol}, where our orders come to {self.ours:f}"


class Foreign(NamedTuple):
    """What is not ours."""

    orders: tuple[OrderSnapshot, ...]
    positions: tuple[Difference, ...]

    def said(self) -> list[str]:
        """Return one phrase for each, for people."""
        orders = [
            f"order {one.id} ({one.side} {one.quantity:f} {one.symbol})" for one in self.orders
        ]
        return orders + [str(one) for one in self.positions]


def rule_of(rules: Mapping[str, str], symbol: str) -> str:
    """Return what is to be done with what is not ours in `symbol`."""
    return rules.get(symbol) or rules.get(EVERY, STOP)


def foreign_in(state: State, past: Past) -> Foreign:
    """Return what the gateway holds that our journal does not account for."""
    held: dict[str, Decimal] = {}
    for one in state.positions:  # several in one symbol, where the account holds them apart
        held[one.symbol] = held.get(one.symbol, _ZERO) + _signed(one)
    ours = past.positions()
    symbols = sorted({*held, *ours})
    return Foreign(
        tuple(one for one in state.orders if not past.owns(one)),
        tuple(
            Difference(one, held.get(one, _ZERO), ours.get(one, _ZERO))
            for one in symbols
            if held.get(one, _ZERO) != ours.get(one, _ZERO)
        ),
    )


def chosen(foreign: Foreign, rules: Mapping[str, str], rule: str) -> Foreign:
    """Return the part of what is not ours that falls under one rule.

    A position that is gone is no danger: somebody has closed it, `runner flatten` for example. It
    stops nothing, and is taken over.
    """
    return Foreign(
        tuple(one for one in foreign.orders if rule_of(rules, one.symbol) == rule),
        tuple(one for one in foreign.positions if _rule_of_position(rules, one) == rule),
    )


def _rule_of_position(rules: Mapping[str, str], one: Difference) -> str:
    rule = rule_of(rules, one.symbol)
    return ADOPT if rule == STOP and not one.held else rule


def without(state: State, ignored: Foreign) -> State:
    """Return the state as if what is ignored did not exist: of a position, our share is left."""
    ids = {one.id for one in ignored.orders}
    touched = {one.symbol for one in ignored.positions}
    ours = {one.symbol: one.ours for one in ignored.positions}
    positions = (
        # Of several in one symbol the first stands for our share.
        _of_quantity(one, ours.pop(one.symbol, _ZERO)) if one.symbol in touched else one
        for one in state.positions
    )
    return msgspec.structs.replace(
        state,
        orders=tuple(one for one in state.orders if one.id not in ids),
        positions=tuple(one for one in positions if one.quantity),
    )


def _signed(position: Position) -> Decimal:
    is_short = position.side is PositionSide.SHORT
    return -position.quantity if is_short else position.quantity


def _of_quantity(position: Position, signed: Decimal) -> Position:
    return msgspec.structs.replace(
        position,
        side=PositionSide.SHORT if signed < 0 else PositionSide.LONG,
        quantity=abs(signed),
    )
