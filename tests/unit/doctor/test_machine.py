"""Terminal, clocks, directory, `.env`."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runner.doctor.finding import Finding
from runner.doctor.machine import clock_findings, folder_findings, terminal_findings


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {one.name: one for one in findings}


def test_output_that_goes_elsewhere_is_fine() -> None:
    found = by_name(list(terminal_findings(io.TextIOWrapper(io.BytesIO(), "utf-8"), {})))

    assert {one.status.value for one in found.values()} == {"ok"}


def test_characters_beyond_ascii_need_utf_8() -> None:
    found = by_name(list(terminal_findings(io.TextIOWrapper(io.BytesIO(), "latin-1"), {})))

    assert found["characters"].status == "warn"
    assert "PYTHONUTF8=1" in found["characters"].fix


@pytest.mark.parametrize(("year", "status"), [(1970, "fail"), (2026, "ok"), (2200, "fail")])
def test_a_wall_clock_that_was_never_set_fails(year: int, status: str) -> None:
    found = by_name(list(clock_findings(datetime(year, 1, 1, tzinfo=UTC))))

    assert found["wall clock"].status == status
    assert found["clock"].status == "ok"


@pytest.mark.parametrize(("mode", "status"), [(0o700, "ok"), (0o777, "warn"), (0o1777, "ok")])
def test_a_directory_that_everybody_may_write_to_warns(
    mode: int, status: str, tmp_path: Path
) -> None:
    tmp_path.chmod(mode)

    assert by_name(list(folder_findings(tmp_path)))["directory"].status == status


@pytest.mark.parametrize(("mode", "status"), [(0o600, "ok"), (0o644, "warn"), (0o640, "warn")])
def test_keys_that_others_can_read_warn(mode: int, status: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GATEWAY_API_KEY=secret\n")
    (tmp_path / ".env").chmod(mode)

    found = by_name(list(folder_findings(tmp_path)))[".env"]

    assert found.status == status
    assert found.fix == ("" if status == "ok" else "chmod 600 .env")


def test_no_dotenv_and_room_on_the_disk_are_fine(tmp_path: Path) -> None:
    found = by_name(list(folder_findings(tmp_path)))

    assert found[".env"].status == "ok"
    assert "free" in found["disk"].said
