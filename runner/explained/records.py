"""Errors of finding and reading the records of runs (exit code 3)."""

from __future__ import annotations

from runner.explained.entry import Entry

ENTRIES = (
    Entry(
        "E390",
        "There is no such record",
        means="No record of a run has the id that was typed, or an id that begins with it.",
        causes=(
            "a misspelt id",
            "another directory: records are kept where the run was started",
            "a run that made room for later ones",
        ),
        fixes=(
            "list all: runner runs --limit 0",
            "name the directory: --dir",
        ),
        example="runner runs show 20260131-xxxx",
    ),
    Entry(
        "E391",
        "Several records fit",
        means="What was typed is the beginning of more than one id.",
        causes=("a day on which there were several runs",),
        fixes=("type one more letter", "type the letters behind the day, or `last`"),
        example="runner runs show 2026",
    ),
    Entry(
        "E393",
        "This is no tag, or too long a note",
        means=(
            "A tag is one short word of letters, digits, dots, dashes and underscores; a note is"
            " a sentence or two."
        ),
        causes=("a tag with a blank in it",),
        fixes=("write a sentence as a note: runner runs note",),
        example="runner runs tag last 'two words'",
    ),
    Entry(
        "E399",
        "The run has no result",
        means="A report shows the figures of a run that came to its end, and this one has not.",
        causes=("it goes on still", "its process was killed"),
        fixes=("see what was kept: runner runs show ID", "runner runs export ID --table trades"),
        example="runner report last, right after kill -9",
    ),
    Entry(
        "E394",
        "A record cannot be read",
        means="The first file of the record is missing or damaged, so nothing is known of the run.",
        causes=("a file that was edited or removed by hand", "a damaged disk"),
        fixes=("remove the record: runner runs rm",),
        example="runner runs show last, after begin.json was emptied",
    ),
    Entry(
        "E395",
        "The events of the run were not kept",
        means="A run is held again from its events, which only a run with --record keeps.",
        causes=("a run without --record",),
        fixes=("run it again: runner run ... --record", "set records.events in the configuration"),
        example="runner replay last, after a run without --record",
    ),
    Entry(
        "E397",
        "The kept events are damaged",
        means=(
            "Each line of the events that a run kept ends in a digest of itself and of all lines"
            " before it. From the named line on that does not hold: it was altered, or lines before"
            " it were removed. A run that was killed does not cause that: its events end early."
        ),
        causes=("a file that was edited", "a disk that fails"),
        fixes=("keep the events again: runner run ... --record",),
        example="runner replay last, after a line was taken out of events.jsonl.gz",
    ),
    Entry(
        "E396",
        "The run has no such order",
        means="The record of the run was read, and no order in it has this id.",
        causes=("an order of another run", "an id that was mistyped"),
        fixes=("list them: runner runs export last --table orders",),
        example="runner explain-order last r-999",
    ),
)
