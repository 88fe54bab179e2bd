"""A day at a gateway that fails in every way it knows; `thirty_days` plays thirty of them."""

from __future__ import annotations

from pathlib import Path

from tests.integration.thirty_days import FAILURES, play


def test_a_day_at_a_gateway_that_fails_leaves_memory_threads_and_files_as_they_were(
    tmp_path: Path,
) -> None:
    story = play(1, len(FAILURES), tmp_path)

    story.check()
    assert story.met == dict.fromkeys(FAILURES, 1)
    assert len(story.report["placed"]) == 15
