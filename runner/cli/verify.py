"""`runner verify`: whether a strategy does the same twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runner.cli.options import (
    ConfigOption,
    DataOption,
    FromOption,
    ParamOption,
    SettingsOption,
    StrategyArgument,
    SubscriptionOption,
    ToOption,
    TrustOption,
)

if TYPE_CHECKING:
    from runner.app.verifying import Parting, Trial
    from runner.errors import RunnerError
    from runner.transports.replaying import Heard

SCHEMA = "runner.verify/1"
"""Raised when a key is removed or changes its meaning; new keys do not raise it."""
_DIFFERS = 8


def verify(
    strategy: StrategyArgument = None,
    config: ConfigOption = None,
    param: ParamOption = None,
    subscription: SubscriptionOption = None,
    data: DataOption = None,
    start: FromOption = None,
    end: ToOption = None,
    settings: SettingsOption = None,
    times: Annotated[
        int,
        typer.Option(
            "--times", min=2, max=20, help="How many runs: a small set may be in order by chance."
        ),
    ] = 2,
    trust: TrustOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the outcome as one JSON document.")
    ] = False,
) -> None:
    """Run one backtest twice and compare every event and order. Exits 8 where they first differ.

    Each run is a process of its own on the embedded engine, with another PYTHONHASHSEED, and with
    its wall clock (time.time, datetime.now, date.today) set ahead by 410 days, 5:17:23. Strategies
    that differ decide by the order of a set, by the clock, or by random numbers without a seed.
    """
    arguments = [one for one in (strategy,) if one is not None]
    for option, value in (("-c", config), ("--data", data), ("--from", start), ("--to", end)):
        arguments += [] if value is None else [option, str(value)]
    for option, values in (("-p", param), ("-s", subscription), ("--set", settings)):
        arguments += [word for value in values or () for word in (option, value)]
    arguments += ["--trust"] if trust else []
    code, document, lines, error = _compared(arguments, times)
    if as_json:
        from runner.cli.runs_access import print_json

        print_json(document)
    elif error is None:
        typer.echo("\n".join(lines))
    if error is not None:
        raise error
    raise typer.Exit(code)


def _compared(
    arguments: list[str], times: int
) -> tuple[int, dict[str, Any], list[str], RunnerError | None]:
    import os
    import sys
    from tempfile import TemporaryDirectory

    from runner.app.verifying import counts, heard, parting, tried

    with TemporaryDirectory(prefix="runner-verify-") as place:

        def trial(number: int) -> Trial:
            directory = Path(place) / str(number)
            return tried(number, arguments, directory, cwd=Path.cwd(), environ=os.environ)

        first = trial(1)
        if not first.is_comparable:
            # What ends the first run has nothing to do with a second one: it says so itself.
            sys.stderr.write(first.said)
            raise typer.Exit(first.exit_code or 1)
        events, requests, trades = counts(first)
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "runs": times,
            "events": events,
            "requests": requests,
            "trades": trades,
            "same": True,
            "difference": None,
        }
        for number in range(2, times + 1):
            other = trial(number)
            found = parting(heard(first), heard(other))
            if found is not None or other.exit_code != first.exit_code:
                document |= {"same": False, "difference": _told(number, first, other, found)}
                return _DIFFERS, document, [], _refusal(first, other, found)
        count = f"{events:,} events, {requests:,} requests, {trades:,} trades"
        assert first.record is not None
        name = first.record.begin.strategy.name
        line = f"{name} does the same {times} times: {count}"
        return 0, document, [line], None


def _refusal(first: Trial, other: Trial, found: Parting | None) -> RunnerError:
    from runner.errors import GateFailed

    name = first.record.begin.strategy.name if first.record else "the strategy"
    if found is None:
        place, why = "its end", f"exit code {first.exit_code} first, {other.exit_code} then"
    else:
        moment = f", {found.time}" if found.time else ""
        place = f"event {found.event:,}{moment}" if found.event else "the start"
        why = f"run 1: {_said(found.first)}; run {other.number}: {_said(found.other)}"
        if found.first and found.other and found.first.command == found.other.command:
            why = "they were not told the same: the data changed between the runs"
        if not other.is_comparable:
            why += f", and ended with exit code {other.exit_code}"
    return GateFailed(
        f"{name} does not do the same twice, from {place}",
        why=why,
        fix="let events alone decide: self.random for random numbers, self.now for the clock, "
        "sorted(...) for the order of a set",
        id="E804",
    )


def _told(number: int, first: Trial, other: Trial, found: Parting | None) -> dict[str, Any]:
    return {
        "run": number,
        "event": found.event if found else None,
        "time": found.time if found else None,
        "exit_codes": [first.exit_code, other.exit_code],
        "first": _said(found.first) if found else None,
        "other": _said(found.other) if found else None,
    }


def _said(one: Heard | None) -> str:
    """Return in a few words what a run did next: an order, or none before its next event."""
    from runner.cli.replay import said

    if one is None:
        return "nothing more"
    return "no order" if one.command is None else said(one.command)
