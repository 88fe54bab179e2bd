"""The forms of a result that CI services read: JUnit XML and Markdown."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from runner.errors import ConfigError, GateFailed
from runner.results.document import to_summary
from runner.results.facts import RejectionFacts
from runner.results.gates import GateFacts
from runner.results.junit import junit_of
from runner.results.markdown import markdown_of
from tests.unit.results.strategies import result

PASSED = GateFacts("trades >= 1", True, "was 9")
FAILED = GateFacts("max_drawdown <= 5%", False, "was 6%, off by 1%")


def test_the_run_and_every_gate_are_test_cases() -> None:
    made = replace(result(), gates=(PASSED, FAILED))

    suite = ElementTree.fromstring(junit_of("InAndOut", made, GateFailed("a gate failed")))[0]

    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "0")
    assert [case.get("name") for case in suite] == [
        "the run comes to its end",
        "trades >= 1",
        "max_drawdown <= 5%",
    ]
    failure = suite[2][0]
    assert (failure.tag, failure.get("message")) == (
        "failure",
        "max_drawdown <= 5%: was 6%, off by 1%",
    )


def test_a_run_that_could_not_begin_is_an_error_of_its_test_case() -> None:
    error = ConfigError("two problems", where="c.yaml:3:1", id="E301")

    suite = ElementTree.fromstring(junit_of("c.yaml", None, error))[0]

    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "1")
    assert suite[0][0].get("message") == "E301: two problems"


def test_X10_control_bytes_cannot_break_the_file() -> None:
    error = ConfigError('a\x00b\x1b[31m<tag attribute="1">&\ud800')

    suite = ElementTree.fromstring(junit_of("s\x01", None, error))[0]

    assert suite[0][0].get("message") == 'E300: a\ufffdb\ufffd[31m<tag attribute="1">&\ufffd'


def test_the_summary_has_figures_gates_and_what_to_know() -> None:
    made = replace(result(), gates=(PASSED, FAILED), warnings=("a warning",))

    text = markdown_of(to_summary(made))

    assert text.startswith("### InAndOut (size=10)\n")
    assert "| Trades | 9 |" in text or "| Trades | 8 |" in text
    assert "| FAILED | max\\_drawdown \\<= 5% | was 6%, off by 1% |" in text
    assert "- a warning" in text


def test_words_of_others_cannot_become_markup() -> None:
    made = replace(result(), rejections=(RejectionFacts("a|b\n<script>", 1, ""),))

    assert "a\\|b \\<script\\>" in markdown_of(to_summary(made))
