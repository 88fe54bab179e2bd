"""stderr for programs: whatever is written, each event is one line that can be parsed."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.problems import Masker
from runner.dashboard.json_lines import (
    LONGEST,
    JsonHandler,
    JsonLines,
    LogContext,
    MaskedFormatter,
)

SECRET = "canary-of-nobody"


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return the objects of a stream; fails where a line is none."""
    text = stream.getvalue()
    assert text.isascii()
    assert text == "" or text.endswith("\n")
    found = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(one, dict) for one in found)
    return found


def to_nowhere() -> tuple[JsonLines, io.StringIO]:
    stream = io.StringIO()
    return JsonLines(stream, LogContext(mask=Masker([SECRET]).text)), stream


def record(message: str, *arguments: object, exc_info: Any = None) -> logging.LogRecord:
    return logging.LogRecord("mine", logging.WARNING, "x.py", 1, message, arguments, exc_info)


@given(st.text(st.characters(blacklist_categories=[])))
def test_X10_a_logged_text_is_one_line_with_the_text_in_it(text: str) -> None:
    lines, stream = to_nowhere()

    JsonHandler(lines).emit(record("%s", text))

    (found,) = lines_of(stream)
    assert found["message"] == text
    assert (found["level"], found["logger"]) == ("warning", "mine")


def test_S18_a_line_that_never_ends_is_written_in_pieces() -> None:
    lines, stream = to_nowhere()

    for _ in range(5):
        lines.write("y" * (LONGEST // 2 + 1))
    lines.finish()

    found = [one["message"] for one in lines_of(stream)]
    assert "".join(found) == "y" * 5 * (LONGEST // 2 + 1)
    assert max(map(len, found)) <= 2 * LONGEST


def test_S18_control_bytes_that_are_printed_are_escaped() -> None:
    lines, stream = to_nowhere()

    lines.write("\x1b]52;c;ZXZpbA==\x07\x00\x9b2J\n")

    assert stream.getvalue().strip().isprintable()


@given(st.lists(st.text(st.characters(blacklist_categories=[]))))
def test_X10_whatever_is_printed_in_whatever_pieces_can_be_parsed(pieces: list[str]) -> None:
    lines, stream = to_nowhere()

    for piece in pieces:
        lines.write(piece)
    lines.finish()

    printed = [line.rstrip("\r") for line in "".join(pieces).split("\n")]
    assert len(lines_of(stream)) == sum(bool(line.strip()) for line in printed)


def test_a_line_says_when_who_what_and_of_which_run() -> None:
    lines, stream = to_nowhere()
    lines.say("info", "mine", "before", at=1.5)
    lines.context.run_id, lines.context.simulated_ms = "20240101-abcd", lambda: 86_400_000

    lines.say("info", "mine", "after", at=1.5)

    before, after = lines_of(stream)
    assert before["time"] == after["time"] == "1970-01-01T00:00:01.500Z"
    assert (before["run_id"], before["simulated_time"]) == (None, None)
    assert (after["run_id"], after["simulated_time"]) == ("20240101-abcd", "1970-01-02T00:00:00Z")


def test_an_object_that_is_printed_stays_as_it_is_and_what_only_looks_like_one_does_not() -> None:
    lines, stream = to_nowhere()

    lines.write('{"type": "mine", "n": 1}\n{nothing}\n{"a": 1} more\n' + '{"a":' * 5000 + "\n")

    objects = lines_of(stream)
    assert objects[0] == {"type": "mine", "n": 1}
    assert [one["message"][:8] for one in objects[1:]] == ["{nothing", '{"a": 1}', '{"a":{"a']


def test_X1_secrets_are_masked_wherever_they_stand() -> None:
    lines, stream = to_nowhere()
    try:
        raise ValueError(f"no {SECRET}")
    except ValueError:
        JsonHandler(lines).emit(record("key %s", SECRET, exc_info=sys.exc_info()))
    lines.write(f'{SECRET}\n{{"k": ["{SECRET}"], "{SECRET}": 1}}\n')
    lines.write("https://me:word@example.com\n")

    text = MaskedFormatter(lines.context).format(record("key %s", SECRET))

    assert len(lines_of(stream)) == 4
    assert SECRET not in stream.getvalue() + text
    assert "word" not in stream.getvalue()


def test_half_lines_of_two_threads_are_not_mixed() -> None:
    lines, stream = to_nowhere()
    lines.write("one ")
    other = threading.Thread(target=lambda: lines.write("two\n"))
    other.start()
    other.join()
    lines.write("done\n")

    assert [one["message"] for one in lines_of(stream)] == ["two", "one done"]


@pytest.mark.parametrize("fault", [BrokenPipeError, ValueError])
def test_a_reader_that_has_gone_ends_nothing(fault: type[Exception]) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise fault

    lines = JsonLines(Gone(), LogContext())

    assert lines.write("text\n") == 5
    lines.flush()
