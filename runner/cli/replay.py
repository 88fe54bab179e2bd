"""`runner replay`: hold a recorded run again, without its peer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from runner.cli.completion import parameters, strategy_names
from runner.cli.options import TrustOption
from runner.cli.runs_access import DirOption, JsonOption, RunArgument

if TYPE_CHECKING:
    from runner.protocol.commands import Command
    from runner.records.reading import Record
    from runner.session import Session
    from runner.transports.replaying import Step

SCHEMA = "runner.replay/1"
DIFFERS = 8
"""Exit code where the orders differ: what was required did not happen."""


def replay(
    run: RunArgument,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            "-S",
            help="Run this one, instead of the source as recorded.",
            autocompletion=strategy_names,
        ),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            "-p",
            help="Another value of a parameter: name=value.",
            autocompletion=parameters,
        ),
    ] = None,
    step: Annotated[
        bool, typer.Option("--step", help="Show every event, and wait for Enter after each.")
    ] = False,
    trust: TrustOption = False,
    directory: DirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold a recorded run again without its peer; say where the orders first differ."""
    from runner.app.replay import replayed
    from runner.cli.output import result_output
    from runner.cli.runs_access import print_json, records, shelf_at
    from runner.dashboard.capture import Capture, captured

    (record,) = records(shelf_at(directory), run)
    out = sys.stdout
    with captured(Capture(sys.stderr)):
        session, steps = replayed(
            record, cwd=Path.cwd(), strategy=strategy, params=_params(param), trust=trust
        )
        taken = Taken()
        walked: Iterator[Step | None] = steps
        if step and not as_json:
            walked = _shown(steps, session, out)
        for one in walked:
            if one is None:
                taken.is_left = True
                break
            taken.add(one)
    if as_json:
        print_json(taken.document(record))
    else:
        with result_output():
            typer.echo("\n".join(taken.lines(record, session)))
    if taken.last is not None and taken.last.difference is not None:
        raise typer.Exit(DIFFERS)


class Taken:
    """What became of a replay: how far it went, and where it parted from the run."""

    def __init__(self) -> None:
        self.events = 0
        self.commands = 0
        self.last: Step | None = None
        self.moment: str | None = None
        self.is_left = False
        """Whether whoever looked on had seen enough."""

    def add(self, step: Step) -> None:
        """Count one step."""
        from runner.protocol.commands import ReadState

        self.events = step.number
        self.commands += sum(not isinstance(one, ReadState) for one in step.commands)
        self.last = step
        self.moment = _moment(step.event) or self.moment

    @property
    def is_whole(self) -> bool:
        """Whether the conversation came to its recorded end."""
        return self.last is not None and self.last.ending is not None

    def document(self, record: Record) -> dict[str, Any]:
        """Return it as plain JSON values."""
        import msgspec

        parting = self.last.difference if self.last else None
        return {
            "schema": SCHEMA,
            "id": record.id,
            "events": self.events,
            "commands": self.commands,
            "whole": self.is_whole,
            "difference": None
            if parting is None
            else {
                "event": self.events,
                "time": self.moment,
                "recorded": msgspec.to_builtins(parting.recorded),
                "asked": msgspec.to_builtins(parting.asked),
            },
        }

    def lines(self, record: Record, session: Session) -> list[str]:
        """Return it for a person."""
        name = type(session.strategy).__name__
        count = f"{self.events:,} events, {self.commands:,} requests"
        parting = self.last.difference if self.last else None
        if parting is not None:
            moment = f", {self.moment}" if self.moment else ""
            place = f"event {self.events:,}{moment}" if self.events else "the start"
            return [
                f"{name} does not do what {record.id} did, from {place}:",
                f"  then  {said(parting.recorded)}",
                f"  now   {said(parting.asked)}",
                f"the same up to there: {count}",
            ]
        end = "" if self.is_whole else "; there the record ends: the run was cut off"
        end = "; left there" if self.is_left else end
        return [f"{name} does what {record.id} did: {count}{end}"]


def said(command: Command | None) -> str:
    """Return a command in a few words."""
    from runner.protocol.commands import CancelOrder, ModifyOrder, SubmitOrder
    from runner.protocol.decimals import plain

    match command:
        case None:
            return "nothing"
        case SubmitOrder():
            words = [command.side, plain(command.quantity), command.symbol, command.order_type]
            fields = ("limit_price", "stop_price", "trailing_distance", "stop_loss", "take_profit")
            words += _details(command, fields)
            return " ".join(words)
        case CancelOrder():
            return f"cancel {command.client_order_id or command.order_id}"
        case ModifyOrder():
            fields = ("quantity", "limit_price", "stop_price", "stop_loss", "take_profit")
            details = _details(command, (*fields, "trailing_distance"))
            return " ".join(["change", command.client_order_id or command.order_id, *details])
        case _:
            return "read the state"


def _details(command: Command, fields: tuple[str, ...]) -> Iterator[str]:
    from runner.protocol.decimals import plain

    for name in fields:
        value = getattr(command, name)
        if value is not None:
            yield f"{name.replace('_', ' ').removesuffix(' price')} {plain(value)}"


def _shown(steps: Iterator[Step], session: Session, out: TextIO) -> Iterator[Step | None]:
    waiting = True
    skip = 0
    for step in steps:
        out.write("\n".join(_step_lines(step, session)) + "\n")
        out.flush()
        yield step
        if skip:
            skip -= 1
        elif waiting and step.difference is None and step.ending is None:
            sys.stderr.write("Enter: next, a number: so many, c: go on, q: leave > ")
            sys.stderr.flush()
            answer = sys.stdin.readline()
            word = answer.strip().lower()
            if word == "q":
                yield None
            waiting = bool(answer) and word != "c"
            skip = int(word) - 1 if word.isdecimal() and int(word) else 0


def _step_lines(step: Step, session: Session) -> Iterator[str]:
    from runner.protocol.commands import ReadState

    what = "start" if step.event is None else _event(step.event)
    positions = ", ".join(
        f"{symbol} {one.quantity}" for symbol, one in session.desk.portfolio.positions.items()
    )
    yield f"{step.number:>6}  {what}  [equity {session.desk.equity():,.2f}; {positions or 'flat'}]"
    for one in step.commands:
        if not isinstance(one, ReadState):
            yield f"        -> {said(one)}"


def _event(event: Any) -> str:
    from runner.protocol.decimals import plain
    from runner.protocol.messages import AccountUpdate, Candle, OrderUpdate, Quote, TradeUpdate

    message = getattr(event, "message", event)
    name = type(message).__name__
    match message:
        case Candle():
            what = f"{message.symbol} {message.timeframe} close {message.close:g}"
        case Quote():
            what = f"{message.symbol} {message.bid:g} / {message.ask:g}"
        case OrderUpdate():
            order = message.order
            what = f"{message.event} {order.client_order_id or order.id} {order.symbol}"
        case TradeUpdate():
            trade = message.trade
            what = f"{trade.side} {plain(trade.quantity)} {trade.symbol} at {plain(trade.price)}"
        case AccountUpdate():
            what = f"balance {plain(message.account.balance)}"
        case _:
            what = ""
    return " ".join(filter(None, (_moment(event) or "", name, what)))


def _moment(event: Any) -> str | None:
    from runner.protocol.times import iso_ms

    close = getattr(getattr(event, "message", event), "time", None)
    return iso_ms(close) if isinstance(close, int) else None


def _params(given: list[str] | None) -> dict[str, str]:
    from runner.errors import UsageError

    found = {}
    for one in given or ():
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise UsageError(
                f"a parameter is written name=value, was {one!r}", fix="-p fast=5", id="E221"
            )
        found[name.strip()] = value.strip()
    return found
