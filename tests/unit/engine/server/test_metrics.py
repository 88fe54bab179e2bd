"""The text that Prometheus reads."""

from __future__ import annotations

from runner.engine.server.metrics import Metric, exposition


def test_a_sample_is_introduced_by_help_and_type() -> None:
    page = exposition([Metric("orders", "gauge", "Orders now.", 3)])

    assert page == b"# HELP orders Orders now.\n# TYPE orders gauge\norders 3\n"


def test_samples_of_one_name_are_introduced_once() -> None:
    page = exposition(
        Metric("runs_total", "counter", "Runs.", count, labels={"outcome": outcome})
        for outcome, count in (("complete", 2), ("broken", 0))
    )

    assert page.decode().splitlines()[2:] == [
        'runs_total{outcome="complete"} 2',
        'runs_total{outcome="broken"} 0',
    ]


def test_a_label_cannot_break_out_of_its_quotes() -> None:
    page = exposition([Metric("info", "gauge", "Info.", 1, labels={"version": 'a"b\\c\nd'})])

    assert page.decode().splitlines()[-1] == r'info{version="a\"b\\c\nd"} 1'
