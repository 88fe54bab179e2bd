"""Errors of the machine (exit code 10)."""

from __future__ import annotations

from runner.explained.entry import Entry

ENTRIES = (
    Entry(
        "E1000",
        "The machine refused",
        means="The operating system did not allow what was needed.",
        causes=("permissions, a full disk",),
        fixes=("look at what the machine says: runner doctor",),
        example="a full disk",
    ),
    Entry(
        "E1001",
        "The port is in use",
        means="Another program listens on the port that the engine, or the metrics, were to use.",
        causes=(
            "an engine, or a run with metrics, in another terminal",
            "another server on 8080 or 8081",
        ),
        fixes=(
            "stop it",
            "choose another port: --ws-port, --rest-port, --metrics; 0 takes a free one",
        ),
        example="runner engine serve, twice",
    ),
    Entry(
        "E1002",
        "Cannot listen on the port",
        means="The system does not let this user listen there.",
        causes=("a port below 1024",),
        fixes=("choose a port from 1024 to 65535; 0 takes a free one",),
        example="runner engine serve --rest-port 80",
    ),
    Entry(
        "E1003",
        "The data file cannot be written",
        means="The system refused to write the file.",
        causes=(
            "no permission in the directory",
            "a full disk",
        ),
        fixes=("check the directory, its permissions and the room on the disk: runner doctor",),
        example="runner data sample /no/such/place.csv",
    ),
    Entry(
        "E1030",
        "The report cannot be written",
        means="The file that was named for the report cannot be opened for writing.",
        causes=("a directory that does not exist", "a directory that others own", "a full disk"),
        fixes=("name a file in a directory that exists and can be written to",),
        example="runner run strategies/sma_cross.py --report /nowhere/report.html",
    ),
    Entry(
        "E1004",
        "The JUnit file cannot be written",
        means=(
            "The system refused to write the file that --junit names. The run itself is over,"
            " and its result is printed."
        ),
        causes=(
            "a directory that does not exist",
            "no permission, or a full disk",
        ),
        fixes=("name a file in a directory that exists and can be written to",),
        example="runner run s.py --junit no/such/place.xml",
    ),
    Entry(
        "E1005",
        "No room for the candles",
        means=(
            "Many candles and their equity curve are kept in a temporary file instead of memory, "
            "64 bytes for each candle, and the system refused to write it."
        ),
        causes=("a full disk, or a small /tmp",),
        fixes=(
            "make room there",
            "name another directory: TMPDIR=/elsewhere",
            "see how much room there is: runner doctor",
        ),
        example="TMPDIR=/no/such/place runner run s.py --data huge.csv",
    ),
    Entry(
        "E1010",
        "The new strategy cannot be written",
        means="The system refused to write a file, or to make its folder.",
        causes=("no permission in the directory", "a full disk", "a folder of that name"),
        fixes=("check the directory, its permissions and the room on the disk: runner doctor",),
        example="runner new /no/such/place/my_strategy.py",
    ),
    Entry(
        "E1020",
        "A record cannot be removed",
        means="The system refused to remove the directory of a record.",
        causes=("it belongs to another user",),
        fixes=("check the permissions of .runner/runs: runner doctor",),
        example="runner runs rm last, in the directory of somebody else",
    ),
    Entry(
        "E1021",
        "The record cannot be written",
        means=(
            "All events of the run were to be kept (--record, records.events), and the system"
            " refused to write them. Without that wish the run would have gone on."
        ),
        causes=("a directory that cannot be written to", "a full disk"),
        fixes=("run where you may write", "name another directory: --set records.dir=/tmp/records"),
        example="runner run s.py --record, in a directory of somebody else",
    ),
    Entry(
        "E1022",
        "The index of the records is busy",
        means="Another process wrote to .runner/index.sqlite for longer than is to be expected.",
        causes=("a process that was stopped while it wrote",),
        fixes=("try again", "remove the file: it is made anew from the records"),
        example="an index that another program has locked",
    ),
    Entry(
        "E1023",
        "The exported file cannot be written",
        means="The system refused to write the file that --output names.",
        causes=("a directory that does not exist", "no permission, or a full disk"),
        fixes=("name a file in a directory that exists and can be written to",),
        example="runner runs export last --output /no/such/place.csv",
    ),
    Entry(
        "E1024",
        "The run is still going on",
        means="The record of a run is being written, so it cannot be removed.",
        causes=("a run in another terminal",),
        fixes=("stop the run first; the message names its process",),
        example="runner runs rm last, while it runs",
    ),
    Entry(
        "E1025",
        "Tags or note cannot be written",
        means="The system refused to write into the directory of the record.",
        causes=("it belongs to another user", "a full disk"),
        fixes=("check the permissions of .runner/runs, and the room on the disk",),
        example="runner runs tag last baseline, in the directory of somebody else",
    ),
    Entry(
        "E1040",
        "What a live run must keep cannot be written",
        means=(
            "A live run writes every order to a journal before it is sent, and the strategy's "
            "state after each event. The system refused it, so nothing more is sent."
        ),
        causes=("a full disk", "no permission in the directory", "a read-only file system"),
        fixes=("make room or set permissions there", "name another gateway.directory"),
        example="runner run s.py --set gateway.directory=/proc/live",
    ),
    Entry(
        "E1041",
        "Another run of this strategy trades at this gateway",
        means="Two runs with one journal would take each other's orders for their own.",
        causes=("the same command was started twice",),
        fixes=("end the other run", "give this one a gateway.directory of its own"),
        example="the same run in two terminals",
    ),
    Entry(
        "E1050",
        "The process of the run was killed",
        means=(
            "The run had no chance to leave its gateway; the process that guards it did so in its "
            "place, as on_death says: by default entries are cancelled by their ids, and what "
            "protects positions stays. The journal has all that was ordered."
        ),
        causes=(
            "memory was short, and the system took the largest process",
            "somebody sent SIGKILL, or a container was stopped without mercy",
        ),
        fixes=(
            "look into the log of the system for 'out of memory'",
            "start the run again: it asks the gateway what became of every order",
        ),
        example="kill -9",
    ),
)
