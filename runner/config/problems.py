"""What can be wrong with a configuration, as data: where, which key, what, and what to do.

Imports the error tree only. A secret must never reach a problem: `Masker` is applied to every one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from runner.errors import ConfigError
from runner.secrecy import MASK, Concealment

MAX_SHOWN = 25
"""Problems printed as text; a wholly wrong file should not scroll the first one away."""
MAX_LINE = 160
MAX_TEXT = 400
MAX_WORD = 64
"""A longer word is not a misspelt key, and measuring how far it is from one takes time."""

OriginKind = Literal["default", "file", "variable", "dotenv", "flag"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from. Lines and columns count from 1; 0 means there is none."""

    kind: OriginKind
    name: str = ""
    line: int = 0
    column: int = 0
    line_text: str = ""
    implied: bool = False
    """True when the value was concluded from the one that stands there, not written there."""

    @property
    def where(self) -> str:
        """The position in full: `file:line:column`, `variable NAME`, `flag --name` or `default`."""
        if self.kind in ("file", "dotenv"):
            return ":".join([self.name, *(str(part) for part in (self.line, self.column) if part)])
        return f"{self.kind} {self.name}".rstrip()

    def __str__(self) -> str:
        in_file = self.kind in ("file", "dotenv") and self.line
        text = f"{self.name}:{self.line}" if in_file else self.where
        return f"implied by {text}" if self.implied else text


DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right; `line_text` and `column` are set for a line of a file."""

    where: str
    key: str
    what: str
    hint: str = ""
    line_text: str = ""
    column: int = 0
    line: int = 0

    def lines(self) -> list[str]:
        """Return one line of text, and for a file two more: the source line and a caret."""
        place = f"{self.where} {self.key}".strip()
        text = f"{place}: {self.what}" + (f", {self.hint}" if self.hint else "")
        if not self.line_text:
            return [text]
        # A very long line is cut around the column, so that the caret still points at something.
        begin = max(0, self.column - 1 - MAX_LINE // 2) if len(self.line_text) > MAX_LINE else 0
        source = self.line_text[begin : begin + MAX_LINE]
        # Tabs before the caret are kept as tabs, or the caret would stand elsewhere.
        lead = "".join("\t" if c == "\t" else " " for c in source[: self.column - 1 - begin])
        return [text, f"    {source}", f"    {lead}^"]


class InvalidConfigError(ConfigError):
    """The configuration has problems; `problems` holds all of them, in reading order."""

    default_id = "E301"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        count = len(self.problems)
        super().__init__(f"the configuration has {count} problem{'' if count == 1 else 's'}")

    def lines(self) -> list[str]:
        """Return the headline, then every problem with its place."""
        shown = [f"error[{self.id}]: {self.what}"]
        for problem in self.problems[:MAX_SHOWN]:
            shown += [f"  {line}" for line in problem.lines()]
        if len(self.problems) > MAX_SHOWN:
            shown.append(f"  and {len(self.problems) - MAX_SHOWN} more")
        return shown


def problem_at(origin: Origin, key: str, what: str, hint: str = "") -> Problem:
    """Return a problem whose place is `origin`."""
    return Problem(origin.where, key, what, hint, origin.line_text, origin.column, origin.line)


# A key that looks like a secret, and all that follows it on its line. The key may be misspelt, and
# the line may be unreadable as YAML, so this goes by the look of the name.
_SECRET_LINE = re.compile(
    r"((?:api|secret|token|passw|credential|private)[\w.\-]*[\"']?[ \t]*[:=][ \t]*)\S.*", re.I
)


class Masker(Concealment):
    """Replaces secrets in texts: known values, secret-looking lines, logins in addresses."""

    def line(self, line: str) -> str:
        return _SECRET_LINE.sub(rf"\1{MASK}", self.text(line))

    def problem(self, problem: Problem) -> Problem:
        line_text = self.line(problem.line_text)
        return replace(
            problem,
            key=_printable(problem.key),
            what=_printable(self.text(problem.what)),
            hint=self.text(problem.hint),
            line_text=line_text,
            # What stood after a secret is gone; the caret then points at the mask.
            column=min(problem.column, len(line_text)) if line_text else problem.column,
        )


# A quoted key or a tag may hold anything, even what a terminal would obey.
def _printable(text: str) -> str:
    cut = text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "..."
    return "".join(c if c.isprintable() else "?" for c in cut)


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return the choice most like `word`, or "" when none is near enough to suggest."""
    if len(word) > MAX_WORD:
        return ""
    wanted = _folded(word)
    scored = sorted((_distance(wanted, _folded(choice)), choice) for choice in choices)
    if scored and scored[0][0] <= max(1, len(wanted) // 3):
        return scored[0][1]
    return ""


def _folded(word: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).replace("-", "_").lower()


# Edits between two words, where swapping two neighbours is one edit: the commonest typing slip.
def _distance(a: str, b: str) -> int:
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        earlier, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
