"""Python and the packages: whether those that are installed are those that are asked for.

The ranges are those of the installed package itself, so that they stand in one place.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import NamedTuple

from runner.doctor.finding import Finding, failure, ok, warning
from runner.errors import ConfigError

DISTRIBUTION = "strategy-runner"
OURS = ("test", "dev")
"""Extras for working on the program itself."""
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")
_BEFORE = re.compile(r"""python_version\s*<\s*['"](\d+)\.(\d+)['"]""")
_ON = re.compile(r"""sys_platform\s*==\s*['"]([^'"]+)['"]""")
_CONDITION = re.compile(r"(>=|<=|==|!=|~=|>|<)\s*([\w.*+!-]+)")


class Requirement(NamedTuple):
    """One package that is asked for."""

    package: str
    range: str
    """Conditions on its version, such as >=15,!=17.0,<18."""
    extra: str
    """The extra that asks for it; empty for all installations."""


def python_findings() -> Iterator[Finding]:
    """Look at the interpreter."""
    bits = 64 if sys.maxsize > 2**32 else 32
    said = f"{platform.python_implementation()} {platform.python_version()}, {bits} bit"
    if platform.python_implementation() != "CPython":
        yield warning("Python", said, "runner is tried with CPython")
    elif sys.version_info >= (3, 16):
        yield warning("Python", said, "newer than any that runner was tried with")
    else:
        yield ok("Python", said)


def package_findings(given: list[str] | None = None) -> Iterator[Finding]:
    """Look at the packages that every installation needs, and at the extras.

    Args:
        given: what is required, as in the metadata; by default that of the installed package.
    """
    try:
        wanted = list(_wanted(requires(DISTRIBUTION) or [] if given is None else given))
    except PackageNotFoundError:
        fix = f"install it: pip install {DISTRIBUTION}"
        yield warning("packages", "runner itself is not installed, only on the path", fix)
        return
    needed = [one for one in wanted if not one.extra]
    wrong = [one for one in needed if not _fits(_version(one.package), one.range)]
    for one in wrong:
        found = _version(one.package) or "not installed"
        fix = f"pip install '{one.package}{one.range}'"
        said = f"{one.package} {found}, needed is {one.range or 'any'}"
        yield failure("packages", said, fix, ConfigError.exit_code)
    if not wrong:
        listed = ", ".join(f"{one.package} {_version(one.package)}" for one in needed)
        yield ok("packages", listed or "none are needed")
    for extra in sorted({one.extra for one in wanted} - {"", *OURS}):
        yield _extra(extra, [one for one in wanted if one.extra == extra])


def _extra(extra: str, wanted: list[Requirement]) -> Finding:
    name = f"extra {extra}"
    fix = f"pip install '{DISTRIBUTION}[{extra}]'"
    if any(_version(one.package) is None for one in wanted):
        return ok(name, "not installed, which is fine unless you need it", fix)
    wrong = [one for one in wanted if not _fits(_version(one.package), one.range)]
    if wrong:
        one = wrong[0]
        return warning(name, f"{one.package} {_version(one.package)}, wanted is {one.range}", fix)
    return ok(name, ", ".join(f"{one.package} {_version(one.package)}" for one in wanted))


def _wanted(lines: list[str]) -> Iterator[Requirement]:
    for line in lines:
        found = _REQUIREMENT.fullmatch(line)
        if found is None:
            continue
        package, conditions, marker = found[1], found[2].replace(" ", ""), found[3] or ""
        before = _BEFORE.search(marker)
        if before and sys.version_info[:2] >= (int(before[1]), int(before[2])):
            continue
        on = _ON.search(marker)
        if on and sys.platform != on[1]:
            continue
        extra = _EXTRA.search(marker)
        if package != DISTRIBUTION:
            yield Requirement(package, conditions, extra[1] if extra else "")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _fits(found: str | None, conditions: str) -> bool:
    return found is not None and all(
        _holds(_release(found), sign, wanted) for sign, wanted in _CONDITION.findall(conditions)
    )


def _holds(found: tuple[int, ...], sign: str, wanted: str) -> bool:
    bound = _release(wanted)
    if wanted.endswith(".*"):
        return (found[: len(bound)] == bound) is (sign == "==")
    length = max(len(found), len(bound))
    left, right = (one + (0,) * (length - len(one)) for one in (found, bound))
    match sign:
        case ">=":
            return left >= right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case "<":
            return left < right
        case "==":
            return left == right
        case "!=":
            return left != right
        case _:  # ~= 2.2 is at least that, and of the same series
            return left >= right and left[: len(bound) - 1] == right[: len(bound) - 1]


def _release(text: str) -> tuple[int, ...]:
    # Without epochs, pre-releases and local parts, which no package here uses for its releases.
    found = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(map(int, found[0].split("."))) if found else ()
