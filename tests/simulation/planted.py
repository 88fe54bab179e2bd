"""Bugs that are planted on purpose: a checker that finds none of them could find no real one.

Each is a small change of the product's source, made in memory: the function is compiled again with
one piece of text replaced. A piece that is no longer there fails the test, so that this table stays
true to the code.
"""

from __future__ import annotations
import __future__

import importlib
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any, NamedTuple


class Bug(NamedTuple):
    """One planted bug: a function, a piece of its source, and what stands there instead."""

    name: str
    place: str
    """Module and qualified name of the function, e.g. `runner.strategy.desk:Desk.take_trade`."""
    right: str
    wrong: str


LAW = "runner.session.law:converse"
FLUSH = "runner.session.executing:flush"
EXECUTE = "runner.session.executing:_execute"
SUBMITTED = "runner.session.executing:_submitted"
HANDLED = "runner.session.handled:Handled"
FOLDS = "runner.session.folding:folds_of"
DESK = "runner.strategy.desk:Desk"
PORTFOLIO = "runner.strategy.portfolio:Portfolio"
ORDER = "runner.strategy.order:Order"
GUARD = "runner.safety.guard:Guard"
CHECKS = "runner.safety.checks"
LEDGER = "runner.engine.ledger:Ledger"
REPLAY = "runner.engine.server.replay:Replay"
GATE = "runner.protocol.acks:AckGate"

BUGS = (
    Bug(
        "ack before the handler",
        LAW,
        "                    try:\n                        folds[type(message)](message)",
        "                    if event_id is not None:\n"
        "                        yield Ack((event_id,))\n"
        "                    try:\n                        folds[type(message)](message)",
    ),
    Bug(
        "ack in finally: a handler that raises acknowledges its event",
        LAW,
        "                        if pending:\n                            yield Ack(tuple(pending))",
        "                        if event_id is not None:\n"
        "                            yield Ack((*pending, event_id))",
    ),
    Bug(
        "ack before the orders are answered",
        LAW,
        "                        if outbox:\n                            yield from flush(session)\n"
        "                    except (Strat",
        "                        if outbox:\n                            if event_id is not None:\n"
        "                                yield Ack((event_id,))\n"
        "                            yield from flush(session)\n                    except (Strat",
    ),
    Bug(
        "what was handled before a failure is not acknowledged",
        LAW,
        "                        if pending:\n                            yield Ack(tuple(pending))\n"
        "                        raise",
        "                        raise",
    ),
    Bug(
        "orders of a handler are not executed before its ack",
        LAW,
        "                        if outbox:\n                            yield from flush(session)\n"
        "                    except (Strat",
        "                    except (Strat",
    ),
    Bug(
        "an event that comes again is handled again",
        LAW,
        "if event_id is None or event_id not in handled:",
        "if True:",
    ),
    Bug(
        "an event that comes again is not acknowledged again",
        LAW,
        "                if event_id is not None:\n                    handled.add(event_id)",
        "                if event_id is not None and event_id not in handled:\n"
        "                    handled.add(event_id)",
    ),
    Bug("ids are never remembered", f"{HANDLED}.add", "self._now.add(event_id)", "pass"),
    Bug(
        "ids are remembered by their last digit",
        f"{HANDLED}.add",
        "self._now.add(event_id)",
        "self._now.update(event_id[:-1] + digit for digit in '0123456789')",
    ),
    Bug(
        "ids are forgotten too early",
        f"{HANDLED}.add",
        "len(self._now) >= self._limit",
        "len(self._now) >= 2",
    ),
    Bug("a gap does not forget the ids", LAW, "            handled.clear()\n", ""),
    Bug(
        "a gap is not followed by the state",
        LAW,
        "_tell(session, desk.load(state))",
        "_tell(session, [])",
    ),
    Bug("acks are never cleared", LAW, "                    pending.clear()\n", ""),
    Bug(
        "an ack names the last event only",
        LAW,
        "                    yield Ack(tuple(pending))\n                    pending.clear()",
        "                    yield Ack((pending[-1],))\n                    pending.clear()",
    ),
    Bug(
        "ids beyond the limit of an ack are dropped",
        LAW,
        "if pending and (not more or len(pending) >= ACK_LIMIT):",
        "del pending[ACK_LIMIT - 1:]\n                if pending and not more:",
    ),
    Bug(
        "a burst is acknowledged at its end only",
        LAW,
        "(not more or len(pending) >= ACK_LIMIT)",
        "not more",
    ),
    Bug(
        "the end is acknowledged before on_stop",
        LAW,
        "            yield from _finish(session, pending, event_id)\n",
        "            yield Ack((*pending, event_id))\n            pending.clear()\n"
        "            yield from _finish(session, pending)\n",
    ),
    Bug(
        "the end is not acknowledged",
        LAW,
        "_finish(session, pending, event_id)",
        "_finish(session, pending)",
    ),
    Bug(
        "what a failed handler asked for is executed",
        "runner.session.calling:_drop_requests",
        "desk.outbox[:], [one for one in desk.outbox if one in halting]",
        "desk.outbox[:], desk.outbox[:]",
    ),
    Bug(
        "a failure is passed over where it should stop",
        "runner.session.calling:fail",
        'if session.on_exception == "skip":',
        "if True:",
    ),
    Bug(
        "an order without an answer is sent again",
        EXECUTE,
        "            reply = yield request\n",
        "            reply = yield request\n            if type(reply).__name__ == 'Unanswered':\n"
        "                reply = yield request\n",
    ),
    Bug(
        "an order is sent again after it was accepted",
        EXECUTE,
        "            reply = yield request\n",
        "            reply = yield request\n            reply = yield request\n",
    ),
    Bug(
        "no answer is taken for a rejection",
        SUBMITTED,
        "            order.status = OrderStatus.UNKNOWN\n",
        "            order.reject('UNKNOWN', 'not found')\n",
    ),
    Bug(
        "no answer is taken for an acceptance",
        SUBMITTED,
        "            order.status = OrderStatus.UNKNOWN\n",
        "            order.status = OrderStatus.OPEN\n",
    ),
    Bug(
        "a refused order counts as open",
        SUBMITTED,
        "            _reject(session, order, reply.reason, reply.message)\n",
        "            order.status = OrderStatus.OPEN\n",
    ),
    Bug(
        "a backtest goes on without an answer",
        "runner.session.executing:_unanswered",
        "if session.backtest:",
        "if False:",
    ),
    Bug(
        "only the first request of a handler is executed",
        FLUSH,
        "desk.outbox[:], []",
        "desk.outbox[:1], []",
    ),
    Bug(
        "cancellations are lost",
        EXECUTE,
        "            reply = yield CancelOrder(order.id, order.client_order_id)\n",
        "            return\n            reply = yield CancelOrder(order.id, '')\n",
    ),
    Bug(
        "an execution is folded twice: by its order and by its trade",
        f"{DESK}._fill",
        "newly = filled - order.folded",
        "newly = filled if filled > order.folded else price * 0 + filled - order.folded / 2",
    ),
    Bug(
        "what a partial execution adds is taken for all of it",
        f"{DESK}._fill",
        "        order.folded = filled\n",
        "",
    ),
    Bug("the clock goes back", f"{DESK}.now_ms", "max(self._clock_ms, to_ms(self._moment))",
        "to_ms(self._moment) - 1"),
    Bug("the clock shows the start of a candle", f"{DESK}.catch_up", "tape[-1].close_time",
        "tape[-1].time"),
    Bug(
        "a position taken over after a gap is added to",
        f"{PORTFOLIO}.load",
        "        self.positions.clear()\n",
        "",
    ),
    Bug(
        "a short position is taken for a long one",
        f"{PORTFOLIO}.set_position",
        "OpenPosition(position.signed_quantity",
        "OpenPosition(position.quantity",
    ),
    Bug("a sale adds to the position", "runner.strategy.open_position:execute",
        "held + quantity * side.sign", "held + quantity"),
    Bug("a closed position stays", f"{PORTFOLIO}.set_position",
        "self.positions.pop(symbol, None)", "pass"),
    Bug("commission is not paid by the mirror", f"{PORTFOLIO}.record",
        "self.balance -= float(trade.commission)", "pass"),
    Bug("an account that is stated is not taken over", f"{PORTFOLIO}.set_account",
        "self.balance = float(account.balance)", "pass"),
    Bug(
        "a late message opens a finished order again",
        f"{ORDER}.update",
        "if self.status.is_terminal and not snapshot.status.is_terminal:",
        "if False:",
    ),
    Bug("a finished order is kept among those that work", f"{DESK}.settle",
        "self.working.pop(key, None)", "pass"),
    Bug("candles that are not subscribed reach the strategy", FOLDS,
        "        if admits is not None and not admits(message):\n"
        "            session.not_subscribed += 1\n            return\n        desk.take_candle",
        "        desk.take_candle"),
    Bug("halted, and still sending", f"{GUARD}._denial",
        "if self.state is TradingState.HALTED:", "if False:"),
    Bug("a halt cancels nothing", f"{GUARD}.halt",
        "if order.id is not None and not self._stays(", "if False and not self._stays("),
    Bug("a halt is dropped when the handler raises", "runner.session.calling:_drop_requests",
        "session.guard.requests if session.guard else ()", "()"),
    Bug("an order refused here stays pending when the handler raises",
        "runner.session.calling:_drop_requests",
        "elif isinstance(request, LocalRejection):", "elif False:"),
    Bug("the clock depends on who asked before", f"{DESK}._set_clock",
        "if self._moment is None or moment > self._moment:", "if True:"),
    Bug("a fill that an answer told of is never folded", f"{DESK}.take_order",
        "snapshot.filled_quantity > order.folded", "snapshot.filled_quantity > order.filled_quantity"
        ),
    Bug("a halt that a new day lifts", f"{GUARD}.watch",
        "        self._last = equity\n",
        "        self._last = equity\n        self.state = TradingState.ACTIVE\n"),
    Bug("the fall of the equity is not looked at", FOLDS, "if watches and guard is not None:",
        "if False:"),
    Bug("the highest equity is forgotten", f"{GUARD}.watch", "max(self._peak, equity)", "equity"),
    Bug("rejections are never counted", f"{GUARD}.refused", "self._rejections += 1", "pass"),
    Bug("a limit that a value which is not a number passes", f"{CHECKS}:denial_of_size",
        "value = request.quantity * price", "value = float('nan')"),
    Bug("the limit of the quantity is off by its unit", f"{CHECKS}:denial_of_size",
        "request.quantity > limits.max_order_quantity",
        "request.quantity > limits.max_order_quantity * 100"),
    Bug("the collar looks one way", f"{CHECKS}:denial_of_price",
        "abs(price / Decimal(repr(last)) - 1)", "1 - price / Decimal(repr(last))"),
    Bug("orders of one event are not counted", f"{GUARD}._denial_of_number",
        "self._event[1] + 1 if", "1 if"),
    Bug("money is a float", f"{LEDGER}.apply",
        "self.balance += realized - commission",
        "self.balance = type(realized)(float(self.balance) + float(realized - commission) * 1.0001)"
        ),
    Bug("commission is not booked", f"{LEDGER}.apply", "self.commissions += commission", "pass"),
    Bug("a short position's profit has the wrong sign", f"{LEDGER}.apply",
        "(closing if before > 0 else -closing) * price", "closing * price"),
    Bug("time moves without all acknowledgments", f"{REPLAY}.acknowledge",
        "if not released or not self._gate.is_clear:", "if not released:"),
    Bug("any acknowledgment releases everything", f"{GATE}.release",
        "if event_id in self._pending:\n                del self._pending[event_id]\n"
        "                released.append(event_id)",
        "released.extend(self._pending)\n            self._pending.clear()"),
    Bug("what is not acknowledged is not sent again", f"{REPLAY}.unacknowledged",
        "list(self._unacknowledged.values())", "[]"),
    Bug("a repeated frame gets a new id", f"{REPLAY}._frames",
        'event_id = f"evt-{self.sent + 1}"', 'event_id = f"evt-{self.sent // 2 * 2 + 1}"'),
    Bug("a frame that cannot be read is passed over", "runner.session.folding:_malformed",
        "if session.backtest:", "if False:"),
    Bug("an end of the connection is taken for that of the run",
        "runner.session.law:_closed", "closed.code == 1000 and not pending", "True"),
)  # fmt: skip


def _function(place: str) -> FunctionType:
    module, _, path = place.partition(":")
    found: Any = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    if isinstance(found, property):
        found = found.fget
    assert isinstance(found, FunctionType)
    return found


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Have the product contain a bug for a while.

    Raises:
        LookupError: the piece of source is not there, or more than once.
    """
    function = _function(bug.place)
    source = textwrap.dedent(inspect.getsource(function))
    right, wrong = bug.right, bug.wrong
    if right not in source:  # methods are indented in their file, and not here
        right, wrong = (_outdented(text) for text in (right, wrong))
    if source.count(right) != 1:
        raise LookupError(f"{bug.name}: found {source.count(right)} times in {bug.place}")
    # Decorators were applied already, and would be looked up in vain.
    lines = source.replace(right, wrong).splitlines(keepends=True)
    while not lines[0].startswith(("def ", "async def ")):
        del lines[0]
    flags = __future__.annotations.compiler_flag
    module = compile("".join(lines), bug.place, "exec", flags=flags, dont_inherit=True)
    code = next(one for one in module.co_consts if isinstance(one, CodeType))
    before = function.__code__
    function.__code__ = code
    try:
        yield
    finally:
        function.__code__ = before


def _outdented(text: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in text.split("\n"))
