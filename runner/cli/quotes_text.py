"""How an inspected file of quotes is shown: as a table with a small chart, and as JSON.

May import the engine's inspection and the text of that of candles. Writes nothing itself.
"""

from __future__ import annotations

import json

from runner.cli.data_text import INDENT, SCHEMA, chart, counted, duplicates, moment
from runner.engine.csv_data import duration
from runner.engine.quote_inspection import QuoteInspection
from runner.protocol.times import iso_ms
from runner.results.layout import Page


def quotes_text(found: QuoteInspection, page: Page) -> str:
    """Return the table and the chart, ending with a line end."""
    quotes, repairs = found.quotes, found.repairs
    lasts = quotes.lasts
    longest = found.longest_pause_ms
    rows = [
        ("File", quotes.origin),
        ("Quotes", f"{len(quotes):,}"),
        ("Range", f"{moment(quotes.times[0])} to {moment(quotes.times[-1])}, UTC"),
        ("Middle", f"{min(lasts):g} to {max(lasts):g}, last {lasts[-1]:g}"),
        ("Spread", f"{found.spread:g} (median), {found.widest:g} at most"),
        ("Sizes", "yes" if found.has_sizes else "none"),
        ("Pause", f"{duration(longest)} at most" if longest else "none"),
        ("Duplicates", duplicates(repairs.repeated, repairs.conflicting)),
        ("Order", counted(repairs.moved, "{} after a later one; --sort helps", "row")),
        ("Bad rows", counted(repairs.skipped, "{} that a run refuses; --skip-bad N helps", "row")),
        *[("", one) for one in repairs.examples],
        ("Suspicious", counted(found.suspicious, "{}", "quote")),
        *[("", f"{moment(one.time_ms)} {one.what}") for one in found.suspicions],
        ("Locked", counted(found.locked, "{} of equal bid and ask", "quote")),
    ]
    lines = [line for label, text in rows for line in page.wrap(text, label=label, indent=INDENT)]
    return "\n".join([*lines, "", *chart(lasts, page), ""])


def quotes_json(found: QuoteInspection) -> str:
    """Return everything that was found as one JSON document, ending with a line end."""
    quotes, repairs = found.quotes, found.repairs
    document = {
        "schema": SCHEMA,
        "file": quotes.origin.encode("utf-8", "replace").decode(),
        "quotes": len(quotes),
        "first": iso_ms(quotes.times[0]),
        "last": iso_ms(quotes.times[-1]),
        "middle": {
            "lowest": min(quotes.lasts),
            "highest": max(quotes.lasts),
            "last": quotes.lasts[-1],
        },
        "spread": {"median": found.spread, "widest": found.widest},
        "has_sizes": found.has_sizes,
        "longest_pause_ms": found.longest_pause_ms,
        "duplicates": {"count": repairs.repeated, "conflicting": repairs.conflicting},
        "out_of_order": repairs.moved,
        "bad_rows": {
            "count": repairs.skipped,
            "first": [one.encode("utf-8", "replace").decode() for one in repairs.examples],
        },
        "suspicious": {
            "count": found.suspicious,
            "first": [{"time": iso_ms(one.time_ms), "what": one.what} for one in found.suspicions],
        },
        "locked": found.locked,
    }
    return json.dumps(document, indent=2) + "\n"
