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

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from runner.doctor.finding import Finding, failure, ok, warning
from runner.errors import ConfigError

DISTRIBUTION = "strategy-runner"
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")
OURS = ("browser", "dev", "oracle", "test")
"""Extras for working on the program itself."""


class Wanted(NamedTuple):
    """One package that is asked for here."""

    package: str
    range: SpecifierSet
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


def _extra(extra: str, wanted: list[Wanted]) -> Finding:
    name = f"extra {extra}"
    fix = f"pip install '{DISTRIBUTION}[{extra}]'"
    if any(_version(one.package) is None for one in wanted):
        return ok(name, "not installed, which is fine unless you need it", fix)
    wrong = [one for one in wanted if not _fits(_version(one.package), one.range)]
    if wrong:
        one = wrong[0]
        return warning(name, f"{one.package} {_version(one.package)}, wanted is {one.range}", fix)
    return ok(name, ", ".join(f"{one.package} {_version(one.package)}" for one in wanted))


def _wanted(lines: list[str]) -> Iterator[Wanted]:
    for line in lines:
        one = Requirement(line)
        if one.name == DISTRIBUTION:
            continue
        for extra in ("", *_EXTRA.findall(str(one.marker or ""))):
            if one.marker is None or one.marker.evaluate({"extra": extra}):
                yield Wanted(one.name, one.specifier, extra)
                break


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _fits(found: str | None, wanted: SpecifierSet) -> bool:
    return found is not None and wanted.contains(found, prereleases=True)
