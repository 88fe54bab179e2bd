"""Whether the packages that are installed are those that are asked for."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from runner.doctor.packages import package_findings, python_findings

RICH = version("rich")


def statuses(*required: str) -> list[tuple[str, str]]:
    return [(one.name, one.status.value) for one in package_findings(list(required))]


def test_what_is_installed_here_is_what_is_asked_for() -> None:
    found = list(package_findings())

    assert found[0].status == "ok"
    assert f"rich {RICH}" in found[0].said
    assert {"extra parquet", "extra zstd"} <= {one.name for one in found}
    assert not {"extra test", "extra dev"} & {one.name for one in found}


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ("", "ok"),
        (">=1", "ok"),
        (">=1,<1000", "ok"),
        (f"=={RICH}", "ok"),
        (f"!={RICH}", "fail"),
        (f">{RICH}", "fail"),
        (f">={RICH},<={RICH}", "ok"),
        ("==0.*", "fail"),
        ("!=0.*", "ok"),
        ("<2", "fail"),
        ("~=0.9", "fail"),
        (f"~={RICH}", "ok"),
    ],
)
def test_a_version_is_held_against_its_range(conditions: str, status: str) -> None:
    assert statuses(f"rich{conditions}") == [("packages", status)]


def test_a_missing_package_fails_with_the_command_that_brings_it() -> None:
    (found,) = package_findings(["no-such-package<2,>=1"])

    assert (found.status, found.exit_code) == ("fail", 3)
    assert found.fix == "pip install 'no-such-package<2,>=1'"


def test_an_extra_may_be_missing() -> None:
    required = ["rich", 'no-such-package>=1; extra == "more"', 'rich<2; extra == "old"']

    found = {one.name: one for one in package_findings(required)}

    assert found["extra more"].status == "ok"
    assert found["extra more"].fix == "pip install 'strategy-runner[more]'"
    assert found["extra old"].status == "warn"


@pytest.mark.parametrize(
    "marker", ["python_version < '3.1'", "sys_platform == 'no-such-system'"], ids=["old", "foreign"]
)
def test_a_package_for_other_machines_is_not_asked_for(marker: str) -> None:
    assert statuses(f"no-such-package; {marker}", "rich") == [("packages", "ok")]


def test_a_package_for_another_system_is_not_asked_for() -> None:
    assert statuses("no-such-package; sys_platform == 'plan9'", "rich") == [("packages", "ok")]


def test_python_is_named() -> None:
    assert "64 bit" in next(python_findings()).said
