"""`runner flatten`: cancel our entries and close positions at a gateway, and see that it is so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.options import ConfigOption
from runner.cli.runs_access import DirOption, shelf_at

if TYPE_CHECKING:
    from runner.config.models import RunConfig
    from runner.transports.enquiry import Enquiry


def flatten(
    config: ConfigOption = None,
    symbols: Annotated[
        str | None,
        typer.Option("--symbols", help="Whose positions to close: S:AAPL,S:MSFT; else all."),
    ] = None,
    directory: DirOption = None,
) -> None:
    """Close positions at a gateway after a confirmation; cancel what our runs ordered there."""
    import os
    from datetime import UTC, datetime
    from itertools import count

    from runner.app.departing import trouble_of
    from runner.app.live import journal_of_commands, runs_at
    from runner.app.peers import enquiry_of
    from runner.config.load import load_config
    from runner.journal.lines import Begun

    settings = load_config(
        config, flags={"runtime": "gateway"}, environ=os.environ, cwd=Path.cwd()
    ).config
    enquiry = enquiry_of(settings)
    wanted = None if symbols is None else {one.strip() for one in symbols.split(",")}
    _confirm(settings, enquiry, wanted)
    prefix = f"flat{datetime.now(UTC):%y%m%d%H%M%S}"
    numbers = count(1)
    with journal_of_commands(settings, url=enquiry.base_url, cwd=Path.cwd()) as journal:
        begun = Begun(datetime.now(UTC), prefix, "flatten", enquiry.base_url, os.getpid())
        journal.write(begun, synced=True)
        ours = runs_at(settings, url=enquiry.base_url, cwd=Path.cwd())
        departure = enquiry.departure(
            ours | _prefixes(directory),
            lambda: f"{prefix}-{next(numbers)}",
            journal=journal,
            reason="runner flatten",
        )
        error = trouble_of(departure.flatten(wanted), where=enquiry.base_url)
    if error is not None:
        raise error
    what = "all positions" if wanted is None else f"positions in {', '.join(sorted(wanted))}"
    typer.echo(f"flat: the gateway shows no {what.removeprefix('all ')} any more")


def _confirm(config: RunConfig, enquiry: Enquiry, symbols: set[str] | None) -> None:
    from runner.app.permission import confirm

    venue = enquiry.venue()
    held = [
        one
        for one in enquiry.state().positions
        if one.quantity and (symbols is None or one.symbol in symbols)
    ]
    sys.stderr.write(f"{venue.name} at {enquiry.base_url}\n")
    for one in held:
        sys.stderr.write(f"  closes {one.signed_quantity:f} {one.symbol}\n")
    confirm(config, venue, stream=sys.stderr, what="close these")


def _prefixes(directory: str | None) -> set[str]:
    """Return what the ids of orders begin with that runs of this directory have placed."""
    from runner.errors import RunnerError
    from runner.records.reading import read_record

    shelf = shelf_at(directory)
    found = set()
    for one in shelf.ids():
        try:
            rules = read_record(shelf.folder(one)).begin.session
        except RunnerError:
            continue
        if not rules.backtest:
            found.add(rules.order_prefix)
    return found
