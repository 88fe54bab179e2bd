"""Commands to a gateway, each in the journal before it leaves, and what came of it behind it.

Whatever trades at a gateway goes through here: a live run, and what is done when one is left.
Never: a second POST of the same order, or an answer that is believed although it is about
something else.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from msgspec.structs import replace

from runner.errors import ConnectError, MachineError, ProtocolError, RiskHalt
from runner.journal import Journal
from runner.journal.lines import Asked, Intent, Outcome, Seen, Sent, Verdict
from runner.protocol.commands import (
    CancelOrder,
    CancelResult,
    Command,
    ModifyOrder,
    ModifyResult,
    OrderHandle,
    ReadState,
    Rejection,
    Reply,
    SubmitOrder,
    Unanswered,
)
from runner.protocol.messages import OrderSnapshot
from runner.transports.contradictions import asked_to_end, contradiction

_FIT = re.compile(r"[a-z0-9-]{1,32}")
"""Ids of orders that every gateway takes, and none changes."""


class Executor(Protocol):
    """What carries out commands; `RestClient` is one."""

    def execute(self, command: Command) -> Reply:
        """Carry out a command, once."""
        ...


class Written:
    """One journal, and the gateway that it is about."""

    def __init__(self, gateway: Executor, journal: Journal, *, reason: str = "") -> None:
        """Prepare; nothing is written or asked yet.

        Args:
            gateway: carries commands out.
            journal: where they are written down.
            reason: of orders that come without one.
        """
        self.journal = journal
        self._gateway = gateway
        self._reason = reason

    def execute(self, command: Command) -> Reply:
        """Carry out a command; what would change something is written down first.

        Raises:
            MachineError: E1040, it cannot be written down, and was not sent.
            ConnectError, ProtocolError, RiskHalt: as the gateway's.
        """
        match command:
            case SubmitOrder():
                return self.submit(command, self._reason)
            case ReadState():
                return self._gateway.execute(command)
            case _:
                return self.ask(command)

    def submit(self, order: SubmitOrder, reason: str) -> Reply:
        """Send an order, once, and write down which of three outcomes it had.

        Raises:
            MachineError: E1040, it cannot be written down, and was not sent.
            ConnectError: E602, the gateway does not let us in.
            RiskHalt: E933, it was answered with another order.
        """
        name = order.client_order_id or ""
        if _FIT.fullmatch(name) is None:
            # One that a gateway cuts or escapes could never be found again.
            said = f"an order id has 1 to 32 small letters, digits and dashes, was {name[:80]!r}"
            return Rejection(0, "INVALID_ID", said)
        self.journal.write(Intent(now(), name, order, reason))
        # One wait for the disk brings both lines there. Where the second is missing after a crash,
        # the order has not left.
        self.journal.write(Sent(now(), name), synced=True)
        try:
            reply: Reply = self._gateway.execute(order)
        except ConnectError as error:
            # Who is not let in has ordered nothing.
            self.decide(name, "rejected", error.what)
            raise
        except RiskHalt as error:
            self.decide(name, "unknown", error.what)
            raise
        except ProtocolError as error:
            reply = Unanswered(f"{error.what}: {error.why}")
        match reply:
            case OrderHandle():
                self._hold_to_its_own_id(name, reply.id)
                self.decide(name, "accepted", reply.status.value, reply.id)
            case Rejection():
                said = f"{reply.status} {reply.code}: {reply.message}"
                self.decide(name, "rejected", said)
            case _:
                self.decide(name, "unknown", getattr(reply, "why", repr(reply)))
        return reply

    def ask(self, command: CancelOrder | ModifyOrder) -> Reply:
        """Ask for the end or a change of an order, once.

        Raises:
            MachineError: E1040, a change cannot be written down, and was not asked for; or what
                came of it cannot.
            ConnectError: E602, the gateway does not let us in.
            RiskHalt: E935, the order cannot stand as it is answered.
        """
        changes = command if isinstance(command, ModifyOrder) else None
        line = Asked(now(), command.order_id, command.client_order_id, changes)
        if changes is not None:
            self.journal.write(line, synced=True)
        else:
            with suppress(MachineError):  # a full disk must not keep an order at work
                self.journal.write(line)
        try:
            reply = self._gateway.execute(command)
        except ProtocolError as error:
            return Unanswered(f"{error.what}: {error.why}")
        if isinstance(reply, CancelResult):
            self.see(asked_to_end(reply.order))
        elif isinstance(reply, ModifyResult):
            if reply.order.client_order_id is None:  # it is the same order, under another id
                named = replace(reply.order, client_order_id=command.client_order_id)
                reply = replace(reply, order=named)
            self.see(reply.order)
        return reply

    def decide(
        self, name: str, verdict: Verdict, evidence: str, order_id: str | None = None
    ) -> None:
        """Write down what came of sending an order, and what says so."""
        self.journal.write(Outcome(now(), name, verdict, evidence, order_id))

    def see(self, order: OrderSnapshot) -> None:
        """Write down how an order of ours stands.

        Raises:
            RiskHalt: E935, it cannot stand like that.
        """
        wrong = contradiction(order, self.journal.past.find(order))
        line = Seen(
            now(),
            order.id,
            order.symbol,
            order.side,
            order.status,
            order.filled_quantity,
            order.client_order_id,
        )
        self.journal.write(line)  # a run that ends for it must not forget it
        if wrong is not None:
            raise cannot_be(wrong)

    def _hold_to_its_own_id(self, name: str, order_id: str) -> None:
        other = self.journal.past.working_under(order_id)
        if other is None or other.client_order_id == name:
            return
        what = f"order {name} was answered with the id of {other.client_order_id}, {order_id}"
        self.decide(name, "unknown", what)
        raise RiskHalt(
            what,
            where="the answer to an order",
            why="whatever the peer has done, it is not what it was asked for",
            fix="look at orders and positions at the gateway before another run is started",
            id="E933",
        )


def cannot_be(what: str) -> RiskHalt:
    """Return the error of a gateway that tells what cannot be."""
    return RiskHalt(
        what,
        where="what the gateway tells",
        why="that cannot be: the position is not what the strategy takes it for",
        fix="look at orders and positions at the gateway before another run is started",
        id="E935",
    )


def now() -> datetime:
    """Return the moment that a line of the journal names."""
    return datetime.now(UTC)
