"""Trouble on a wire, counted in frames."""

from __future__ import annotations

from runner.engine.server.faults import Faults, Trouble

FRAMES = [b"1", b"2", b"3", b"4", b"5"]


def test_every_second_frame_is_sent_twice_over_batches() -> None:
    trouble = Trouble(Faults(repeat_every=2))

    assert trouble.spoil(FRAMES[:3]) == [b"1", b"2", b"2", b"3"]
    assert trouble.spoil(FRAMES[3:]) == [b"4", b"4", b"5"]
    assert not trouble.cuts()


def test_a_cut_is_due_once_after_its_frame() -> None:
    trouble = Trouble(Faults(cut_every=3))

    assert trouble.spoil(FRAMES[:2]) == FRAMES[:2]
    assert not trouble.cuts()
    assert trouble.spoil(FRAMES[2:4]) == FRAMES[2:4]
    assert (trouble.cuts(), trouble.cuts()) == (True, False)


def test_without_faults_nothing_changes() -> None:
    trouble = Trouble(Faults())

    assert trouble.spoil(FRAMES) == FRAMES
    assert not trouble.cuts()
