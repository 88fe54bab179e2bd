"""The ack gate releases exactly what an acknowledgment names."""

from __future__ import annotations

import pytest

from runner.protocol.acks import AckGate


def gate_with(*event_ids: str) -> AckGate:
    gate = AckGate()
    for event_id in event_ids:
        gate.delivered(event_id)
    return gate


def test_a_new_gate_is_clear() -> None:
    assert AckGate().is_clear


def test_delivered_ids_are_pending_in_their_order() -> None:
    gate = gate_with("c", "a", "b")

    assert gate.pending == ("c", "a", "b")
    assert not gate.is_clear


def test_an_ack_releases_exactly_the_ids_it_names() -> None:
    gate = gate_with("a", "b", "c")

    assert gate.release(["b"]) == ["b"]
    assert gate.pending == ("a", "c")


def test_one_ack_may_name_several_ids_in_any_order_and_skip_older_ones() -> None:
    gate = gate_with("a", "b", "c")

    assert gate.release(["c", "b"]) == ["c", "b"]
    assert gate.pending == ("a",)


def test_unknown_ids_are_ignored() -> None:
    gate = gate_with("a")

    assert gate.release(["unknown", "a"]) == ["a"]
    assert gate.is_clear


def test_A7_repeated_ids_are_harmless_within_an_ack_and_after_it() -> None:
    gate = gate_with("a", "b")

    assert gate.release(["a", "a"]) == ["a"]
    assert gate.release(["a"]) == []
    assert gate.pending == ("b",)


def test_an_empty_ack_has_no_effect() -> None:
    gate = gate_with("a")

    assert gate.release([]) == []
    assert gate.pending == ("a",)


def test_an_ack_that_names_an_id_before_its_delivery_does_not_release_it_later() -> None:
    gate = AckGate()

    gate.release(["a"])
    gate.delivered("a")

    assert gate.pending == ("a",)


def test_an_id_that_is_pending_already_is_refused() -> None:
    gate = gate_with("a")

    with pytest.raises(ValueError, match="pending already"):
        gate.delivered("a")


def test_a_released_id_may_be_delivered_again() -> None:
    gate = gate_with("a")
    gate.release(["a"])

    gate.delivered("a")

    assert gate.pending == ("a",)
