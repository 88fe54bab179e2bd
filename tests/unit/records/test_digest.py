"""The digest: the same for the same run, another as soon as anything differs that matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.records.digest import FilesDigest, peer_digest, run_digest, settings_that_matter
from tests.unit.records.making import IN_AND_OUT, run_in

FACTS: dict[str, Any] = {
    "version": "0.1.0",
    "strategy": "Some",
    "sha256": "a" * 64,
    "params": {"fast": "5", "slow": "30"},
    "subscriptions": ["S:AAPL:candle"],
    "data": "b" * 64,
    "settings": {"exchange.cash": "100000", "seed": 0},
}


def test_the_digest_does_not_depend_on_the_order_of_names() -> None:
    turned = {**FACTS, "params": {"slow": "30", "fast": "5"}}

    assert run_digest(**turned) == run_digest(**FACTS)


def test_modules_change_the_digest_and_none_leave_it_as_it_was() -> None:
    digests = [run_digest(**FACTS, modules=one) for one in (None, {}, {"a.py": "1"}, {"a.py": "2"})]

    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_the_digest_stays_as_it_is_from_version_to_version() -> None:
    assert run_digest(**FACTS) == "d547a0779d426f94bb5ebd8319c7fc05048806704af025c048d8566a1ba65ffa"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("version", "0.1.1"),
        ("strategy", "Other"),
        ("sha256", "c" * 64),
        ("params", {"fast": "5", "slow": "31"}),
        ("subscriptions", ["S:MSFT:candle"]),
        ("data", "c" * 64),
        ("settings", {"exchange.cash": "100000", "seed": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else None,
)
def test_each_part_of_a_run_changes_the_digest(name: str, other: object) -> None:
    assert run_digest(**{**FACTS, name: other}) != run_digest(**FACTS)


def test_settings_that_say_only_how_to_run_do_not_matter() -> None:
    values = {"ui": "plain", "records.dir": "x", "exchange.cash": "1", "seed": 0, "timeout": "5s"}

    assert settings_that_matter(values) == {"exchange.cash": "1", "seed": 0}


def test_the_files_count_by_their_bytes_and_not_by_their_names(tmp_path: Path) -> None:
    for name, text in (("a", "1"), ("b", "1"), ("c", "2")):
        (tmp_path / name).write_text(text)
    a, b, c = (FilesDigest([tmp_path / name]).result() for name in "abc")

    assert a == b
    assert a != c
    assert FilesDigest([tmp_path / "gone"]).result() is None


def test_a_peer_counts_by_its_address() -> None:
    assert peer_digest("engine", ["ws://a"]) == peer_digest("engine", ["ws://a"])
    assert peer_digest("engine", ["ws://a"]) != peer_digest("engine", ["ws://b"])


def test_a_run_has_the_same_digest_wherever_and_however_often_it_runs(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()

    results = [run_in(here), run_in(here, ui="none"), run_in(there, name="other.py")]

    assert len({one.digest for one in results}) == 1
    assert results[0].digest is not None


@pytest.mark.parametrize(
    "flags",
    [
        {"params": ["size=11"]},
        {"data.to": "2000-05-01"},
        {"seed": "7"},
        {"max_events": "5"},
        {"subscriptions": ["S:MSFT:candle"]},
        {"source": IN_AND_OUT + "\n# another word\n"},
    ],
    ids=lambda flags: next(iter(flags)),
)
def test_another_run_has_another_digest(tmp_path: Path, flags: dict[str, Any]) -> None:
    assert run_in(tmp_path).digest != run_in(tmp_path, **flags).digest
