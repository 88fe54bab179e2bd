"""Every fault that the runner answers has a test that provokes it, and is named after it.

A test claims a row by its name: `test_C7_...`, or `test_F1_F2_...` for several. Here stands what
must come of each fault, and that no row is without a test. `PENDING` names the rows which have
none yet, and only those: whoever adds a test for one takes it off the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_CLAIM = re.compile(r"^\s*(?:async )?def test_((?:[A-Z]\d+_)+)", re.MULTILINE)

PENDING: set[str] = set()
"""Rows without a test."""

ROWS = {
    # Configuration and environment
    "C1": "a configuration file that is absent, unreadable, a folder or too large: exit 3",
    "C2": "syntax errors, tabs and nesting without end: exit 3 with line and column",
    "C3": "tags that would make objects: exit 3, and nothing is executed",
    "C4": "aliases that multiply or name themselves: exit 3, quickly and in little memory",
    "C5": "tickers and times that look like booleans or numbers: they stay text",
    "C6": "a key that is given twice: exit 3",
    "C7": "a key that is misspelt: exit 3 with the nearest one",
    "C8": "limits that are not a number, infinite or negative: exit 3",
    "C9": "5, 5% and 0.05 where the unit decides: exit 3 unless the unit is written",
    "C10": "addresses with a wrong scheme, port or both peers set: exit 3 naming the variable",
    "C11": "subscriptions in either grammar: read, or exit 3",
    "C12": "logins in an address, files, metadata addresses, redirects: exit 3",
    "C13": "proxies in the environment: never for loopback, told otherwise without their login",
    "C14": "configuration or strategy edited during a run: no matter, the record has the first",
    "C15": "two runners in one folder: exit 10 with the holder's process; stale locks are taken",
    # The strategy
    "S1": "syntax, import and dependency errors: exit 4 with the user's own line",
    "S2": "no class, several, or a wrong one: exit 4 with what was found",
    "S3": "a module that leaves, blocks or kills while it is loaded: exit 4, never 0",
    "S4": "files named like modules of the runner: never imported by it",
    "S5": "paths that climb, links that lead out, addresses: exit 3 unless trusted",
    "S6": "a handler that raises: recorded and not acknowledged, or skipped where that is set",
    "S7": "a handler that raises what ends programs: the same",
    "S8": "a handler that never returns: the heartbeat goes on, then exit 5 with its stack",
    "S9": "a handler stuck in native code: the process is ended from outside, exit 5",
    "S10": "a handler that leaks: exit 5 at the limit of memory, with the last event",
    "S11": "recursion, lack of memory, a changed decimal context: contained as any failure",
    "S12": "orders from other threads or after the end: refused here, not sent",
    "S13": "events that are changed or kept: frozen, and as they were",
    "S14": "a strategy that asks the wall clock or luck: found by running it twice, exit 8",
    "S15": "handlers that are async or generators: exit 4",
    "S16": "a million orders in one event: denied beyond the limit",
    "S17": "sizes with noise, exponents or no meaning: refused here, or plain digits on the wire",
    "S18": "a strategy that prints without end, or control bytes: capped and escaped",
    # Connecting
    "N1": "refused, unknown host, bad certificate: bounded attempts, exit 6",
    "N2": "a peer that accepts and says nothing: attempts, then exit 6",
    "N3": "401 ends at once, 404 says which path, 5xx is tried again",
    "N4": "the two ports exchanged: exit 7 with the right one",
    "N5": "a greeting that is absent, twice or late: the run goes on",
    "N6": "the two dialects of a candle: the same event",
    "N7": "a peer that closes at once, again and again: ever longer pauses",
    "N8": "a line that died without a word: noticed, and connected again",
    "N9": "no heartbeat is no fault; very many are answered, and events still come",
    "N10": "a heartbeat while a handler is busy: answered at once",
    "N11": "credentials that expire during a run: one attempt, then exit 6 or a halt",
    # Frames
    "F1": "what is not one JSON object: exit 7; live it is dropped and counted",
    "F2": "nesting without end and numbers of thousands of digits: the same",
    "F3": "a frame beyond the limit: exit 7, and no loop of connections",
    "F4": "a frame that inflates: as one beyond the limit, in little memory",
    "F5": "a message in countless fragments: read, or given up in time",
    "F6": "a type that nobody knows: kept, acknowledged, told once",
    "F7": "a candle that makes no sense: exit 7 and not acknowledged",
    "F8": "an event that comes again: acknowledged again, handled once",
    "F9": "ids that begin anew after a restart: new events",
    "F10": "time that goes back, and events after the end: exit 7",
    "F11": "doubled keys, ids that are no short plain text: malformed",
    "F12": "an execution before the answer to its order: joined to it",
    "F13": "an execution of an order that is not ours: told apart, then reconciled",
    "F14": "more filled than ordered, filled after its end: a live run halts, exit 9",
    "F15": "the same execution twice: counted once",
    "F16": "a frame cut at any byte: never acknowledged on a guess, exit 7",
    "F17": "no end, an end without id, two ends: 0 and not confirmed, or exit 7",
    # Acknowledgments
    "A1": "cut before the handler: the same result, or exit 7",
    "A2": "cut during the handler: the same result, or exit 7",
    "A3": "cut between an order and its acknowledgment: the same result, or exit 7",
    "A4": "cut with the acknowledgment on its way: the same result, or exit 7",
    "A5": "cut while closing: the same result, or exit 7",
    "A6": "an acknowledgment that is lost: said again, or exit 7 when nothing comes",
    "A7": "acknowledgments doubled and out of order: no harm",
    "A8": "the shape of an acknowledgment: as the peer reads it",
    "A9": "an acknowledgment later than the peer's window: told, exit 7 unless allowed",
    "A10": "a start that takes long: done before connecting",
    "A11": "a failure within a batch: what was handled is acknowledged, the rest is not",
    "A12": "two strategies on one gateway: warned of",
    "A13": "killed between record and acknowledgment: the handler does not run again",
    # Orders over REST
    "R1": "a request that never left: certainly not placed",
    "R2": "an answer that is lost or makes no sense: nobody knows, and nothing is sent again",
    "R3": "every order has an id of its own, the same when looked up",
    "R4": "accepted by the stream before the answer: not sent again",
    "R5": "a lookup that ignores its filter: filtered here",
    "R6": "an order found late: adopted, not doubled",
    "R7": "an id that is too long or odd: refused here",
    "R8": "422 is final; 429 waits, but never for long",
    "R9": "503 with a certain no, and 503 with none",
    "R10": "an answer about another order: halted, exit 9",
    "R11": "cancellations that race executions, and halves of a change: as the peer has it",
    "R12": "a body without end: cut off",
    "R13": "positions that cannot be asked for: unknown, never flat",
    "R14": "an order that nobody knows of at the end: exit 9 with its id",
    # The life of the peer
    "L1": "a peer that restarts in a backtest: exit 7 with the last event, or resumed",
    "L2": "a peer that says goodbye: exit 7 in a backtest, live it is connected again",
    "L3": "no events, no trades: 0, told loudly with the likely cause",
    "L4": "a port that is taken: exit 10 with its number",
    "L5": "more events than a strategy can take: prices conflate, orders never",
    "L6": "a broker that is gone and back: as the state of trading says",
    "L7": "clocks that jump, and sleep: a gap, reconciled",
    "L8": "limits of rate told by the peer: new orders wait, capped",
    # Process, disk, terminal
    "O1": "interrupted once: an orderly end, 130; twice: at once",
    "O2": "terminated: an orderly end within seconds, 143",
    "O3": "killed: the next start recovers and resolves before it trades",
    "O4": "the terminal goes: as terminated",
    "O5": "disks that are full or broken: exit 10, nothing unrecorded is acknowledged",
    "O6": "a record that is taken away: exit 10, or a new name",
    "O7": "a reader that goes: quiet, and the run goes on",
    "O8": "no terminal, a dumb one, none of its size: plain lines",
    "O9": "a crash: cursor and screen are restored",
    "O10": "a screen slower than events: frames are dropped, events never",
    "O11": "escape sequences in texts of others: gone",
    # Security
    "X1": "secrets in any output: none",
    "X2": "a key over a line that is not encrypted, to another machine: exit 3",
    "X3": "an engine for other machines without a token: exit 3",
    "X4": "web pages that open our socket: 403",
    "X5": "a host name that is not ours: 403",
    "X6": "a form posted by a web page: 415",
    "X7": "too many sockets, headers, bytes: limits, and the engine lives",
    "X8": "a second client on the stream of acknowledgments: refused",
    "X9": "names that would be paths: exit 3; files are their owner's alone",
    "X10": "line breaks in texts: one event stays one line",
    "X11": "files of objects in place of data: never made into objects",
    "X12": "numbers that would be megabytes: refused when read",
    # Data files
    "D1": "rows that cannot be read: exit 3 with file and line, or skipped and counted",
    "D2": "rows that make no sense: exit 3",
    "D3": "times out of order or doubled: exit 3, or sorted and told",
    "D4": "times without a zone, in several, in several units: exit 3",
    "D5": "compressed files that inflate, are cut or hold many: exit 3",
    "D6": "marks, encodings and separators of others: exit 3 with what to set",
    "D7": "empty and endless files: exit 3, and constant memory",
    "D8": "a file that changes while it is read: exit 3",
    "D9": "several files: one order of events, always the same",
}  # fmt: skip


def claimed() -> Iterator[str]:
    """Yield the rows that tests are named after, in all files of the suite."""
    for file in sorted(HERE.rglob("*.py")):
        for names in _CLAIM.findall(file.read_text(encoding="utf-8")):
            yield from names.rstrip("_").split("_")


CLAIMED = frozenset(claimed())


@pytest.mark.parametrize("row", ROWS)
def test_a_fault_has_a_test_or_is_known_to_have_none(row: str) -> None:
    assert (row in CLAIMED) != (row in PENDING), ROWS[row] + (
        ": has a test now, take it off PENDING" if row in CLAIMED else ": no test is named after it"
    )


def test_only_rows_that_exist_are_pending() -> None:
    assert set() == PENDING - ROWS.keys()


def test_no_test_claims_a_row_that_nobody_wrote_down() -> None:
    """Apart from the invariants, I1 to I13, which the simulator checks."""
    assert set() == {one for one in CLAIMED if not one.startswith("I")} - ROWS.keys()
