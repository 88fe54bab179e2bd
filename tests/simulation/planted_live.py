"""Bugs planted for live runs: in what is written down, in doubts, in what comes again."""

from __future__ import annotations

from tests.simulation.planted import HANDLED, LAW, Bug
from tests.simulation.planted_wire import REQUESTS

WRITTEN = "runner.transports.written:Written"

BUGS = (
    Bug("an order leaves before it is written down", f"{WRITTEN}.submit",
        "self.journal.write(Intent(", "(lambda *_, **__: None)(Intent("),
    Bug("an order in doubt counts as rejected", f"{REQUESTS}.ask",
        "return Unanswered(str(error))", 'return Rejection(0, "NOT_SENT", str(error))'),
    Bug("a failure behind the gateway counts as a rejection", f"{REQUESTS}.ask",
        "if 400 <= status < 500 or", "if 400 <= status < 600 or"),
    Bug("orders in doubt are not looked for", "runner.transports.doubts:Doubts.look",
        "for one in self._lookups.due():", "for one in ():"),
    Bug("an event that comes again is handled again", LAW,
        "if event_id is None or event_id not in handled:", "if True:"),
    Bug("ids are never remembered", f"{HANDLED}.add", "self._now.add(event_id)", "pass"),
)  # fmt: skip
