"""What the YAML parser complains about, said again in words that help.

The parser exists in two builds with different words for the same thing; both are known here.
"""

from __future__ import annotations

import yaml

from runner.config.files import SourceFile

_SYNTAX: tuple[tuple[str, str, str], ...] = (
    ("tab", "a tab cannot indent", "indent with spaces"),
    ("unexpected end of stream", "text in quotes does not end", "close the quotes"),
    (
        "mapping values are not allowed",
        "a second colon cannot stand here",
        "quote the value, or check the indentation",
    ),
    ("expected ',' or '}'", "a mapping in braces is not closed", "add a comma or }"),
    ("expected ',' or ']'", "a list in brackets is not closed", "add a comma or ]"),
    ("expected node content", "a value is missing", "close the bracket or write the value"),
    ("could not find expected ':'", "a key without its colon", "write key: value"),
    ("'-' indicator", "a key cannot follow the items of a list", "check the indentation"),
    ("expected key", "does not line up with the keys above it", "check the indentation"),
    ("expected <block end>", "does not line up with what is above it", "check the indentation"),
    ("<document start>", "does not line up with what is above it", "check the indentation"),
    ("block sequence entries", "a list item cannot stand here", "start a line with it"),
    ("undefined alias", "refers to an anchor that is not defined", "write the value"),
)
"""What the parser says (either of its two builds), what we say, and what to do."""


def report_syntax(
    error: yaml.MarkedYAMLError, source: SourceFile, open_line: int, open_column: int
) -> None:
    """Report a syntax error where it is, or where the open part began if the file just ends."""
    problem = error.problem or ""
    mark = error.problem_mark or error.context_mark
    # An open quote or bracket is only missed at the end of the file; show where it was opened.
    if error.context_mark and ("end of stream" in problem or "node content" in problem):
        mark = error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if not source.line_text(line):
        line, column = open_line, open_column
    written = source.line_text(line)
    at = written[column - 1 : column]
    if at == "\t" or ("\t" in written[: column + 1] and "start any token" in problem):
        problem = "tab"
    elif "start any token" in problem:
        source.report(line, column, f"a value cannot start with {at}", "put it in quotes")
        return
    for sign, what, hint in _SYNTAX:
        if sign in problem:
            source.report(line, column, what, hint)
            return
    source.report(line, column, f"is not valid YAML: {problem}", "check the line")
