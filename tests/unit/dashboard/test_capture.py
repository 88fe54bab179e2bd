"""What is printed and logged while the dashboard has the screen, and afterwards."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from runner.dashboard.capture import KEPT, LONGEST, Capture, captured
from runner.dashboard.snapshot import LogLine


def test_lines_pass_until_they_are_held_and_come_out_when_they_are_not() -> None:
    stream = io.StringIO()
    capture = Capture(stream)

    with captured(capture):
        print("before")
        capture.hold()
        print("held", 1)
        sys.stderr.write("no end")
        assert (LogLine("print", "held 1"),) == capture.lines()
        assert stream.getvalue() == "before\n"

    assert stream.getvalue() == "before\nheld 1\nno end\n"
    assert sys.stdout is not capture


def test_more_than_is_kept_is_counted() -> None:
    stream = io.StringIO()
    capture = Capture(stream)
    with captured(capture):
        capture.hold()
        for number in range(KEPT + 5):
            print(number)

    first, second, *_ = stream.getvalue().splitlines()
    assert first == "... 5 earlier lines; --ui plain shows all"
    assert second == "5"


@pytest.mark.parametrize("end", ["\n", ""], ids=["lines", "no line ever ends"])
def test_S18_a_strategy_that_prints_without_end_takes_bounded_memory(end: str) -> None:
    capture = Capture(io.StringIO())
    capture.hold()

    for _ in range(500):
        print("x" * (5 * LONGEST), end=end, file=capture)

    assert capture.lines()
    assert max(len(one.text) for one in capture.lines()) <= LONGEST + len("...")
    assert len(capture._open) <= LONGEST


def test_a_log_record_is_kept_once_with_its_level_and_printed_clean() -> None:
    stream = io.StringIO()
    capture = Capture(stream)
    handler = logging.StreamHandler(stream)
    before = sys.stderr
    sys.stderr = stream
    logging.getLogger().addHandler(handler)
    try:
        with captured(capture):
            logging.getLogger("tests.capture").warning("first")
            capture.hold()
            logging.getLogger("tests.capture").error("second \x1b[2J")
            assert (LogLine("error", "second \x1b[2J"),) == capture.lines()
        logging.getLogger("tests.capture").warning("third")
    finally:
        logging.getLogger().removeHandler(handler)
        sys.stderr = before

    assert stream.getvalue() == "first\nERROR: second \nthird\n"


def test_a_stream_that_cannot_be_written_to_does_not_fail_what_prints() -> None:
    stream = io.StringIO()
    capture = Capture(stream)
    stream.close()

    with captured(capture):
        print("into nothing", flush=True)
        capture.hold()
        print("and this")


def test_capture_looks_like_a_stream() -> None:
    capture = Capture(sys.__stderr__ or io.StringIO())

    assert capture.writable()
    assert not capture.isatty()
    with pytest.raises(io.UnsupportedOperation):
        capture.read()
