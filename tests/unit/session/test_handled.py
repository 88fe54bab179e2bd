"""The memory of ids is bounded, and long enough."""

from __future__ import annotations

from runner.session.handled import Handled


def test_what_was_added_is_known_until_it_is_cleared() -> None:
    handled = Handled()
    handled.add("evt-1")

    assert "evt-1" in handled
    assert "evt-2" not in handled

    handled.clear()
    assert "evt-1" not in handled


def test_the_last_so_many_are_always_known_and_never_more_than_twice_as_many_are_kept() -> None:
    handled = Handled(limit=10)
    for number in range(1000):
        handled.add(f"evt-{number}")

        known = [f"evt-{one}" in handled for one in range(number + 1)]
        assert all(known[-10:])
        assert sum(known) <= 20


def test_an_id_that_is_added_again_does_not_push_others_out() -> None:
    handled = Handled(limit=2)
    handled.add("evt-1")
    for _ in range(5):
        handled.add("evt-1")

    assert "evt-1" in handled
