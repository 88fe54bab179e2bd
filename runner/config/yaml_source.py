"""A YAML file as a tree in which every scalar is still text and every part knows its place.

YAML's own idea of types never applies: `ON`, `NO`, `0700` and `1:30` stay what was typed, and the
key that receives them decides what they mean. The tree is built from the parser's events with a
stack of our own, so depth cannot exhaust the interpreter's; tags are refused, therefore nothing in
a file can name code; aliases are bounded by what they would expand to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import yaml

from runner.config.files import SourceFile, read_text
from runner.config.yaml_syntax import report_syntax

MAX_DEPTH = 32
MAX_PARTS = 20_000
"""Values a file may hold with every alias written out: aliases must not multiply without end."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Text:
    """A scalar as typed. `bare` is False when it was quoted or a block."""

    text: str
    bare: bool
    line: int
    column: int
    parts: int = 1

    @property
    def is_null(self) -> bool:
        """True for nothing, `~` and `null`; `NULL` is text, as it could be a ticker."""
        return self.bare and self.text in ("", "~", "null")


@dataclass(slots=True)
class Items:
    """A list."""

    line: int
    column: int
    items: list[Node] = field(default_factory=list)
    parts: int = 1


@dataclass(slots=True)
class Table:
    """A mapping in reading order, without duplicate keys."""

    line: int
    column: int
    entries: list[tuple[Text, Node]] = field(default_factory=list)
    parts: int = 1


Node = Text | Items | Table


def read_yaml(path: Path, source: SourceFile) -> Table | None:
    """Return the tree of the file at `path`, or None after reporting why there is none."""
    text = read_text(path, source)
    return None if text is None else parse_yaml(text, source)


def parse_yaml(text: str, source: SourceFile) -> Table | None:
    """Return the tree of `text`, or None after reporting to `source` why there is none.

    Duplicate keys and tags are reported too, but the rest of the tree is still returned, so that
    one run names every problem.
    """
    # Split as the parser counts lines; `str.splitlines` knows more line ends than YAML does.
    source.lines = re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text)
    builder = _Builder(source)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except _RefusedError:
        return None
    except yaml.MarkedYAMLError as error:
        line, column = builder.place
        report_syntax(error, source, line, column)
        return None
    except yaml.YAMLError as error:
        source.report(*builder.place, f"is not valid YAML: {error}", "check the file")
        return None
    root = builder.root
    if isinstance(root, Table):
        return root
    if root is None or (isinstance(root, Text) and root.is_null):
        return Table(1, 1)
    what = f"must hold keys and values, was {kind_of(root)}"
    source.report(root.line, root.column, what, "write a line such as runtime: embedded")
    return None


def kind_of(node: Node) -> str:
    """Return what a node is, for the words after "was"."""
    match node:
        case Text():
            return "text"
        case Items():
            return "a list"
        case Table():
            return "a mapping"


class _RefusedError(Exception):
    """The file will not be read further; the problem is already reported."""


@dataclass(slots=True)
class _Open:
    """A collection that is not closed yet; for a mapping, the key that waits for its value."""

    node: Items | Table
    anchor: str | None
    key: Text | None = None
    skipping: bool = False
    lines: dict[str, int] = field(default_factory=dict)


class _Builder:
    """Builds the tree from events, one open collection per entry of the stack."""

    def __init__(self, source: SourceFile) -> None:
        self.root: Node | None = None
        self._source = source
        self._documents = 0
        self._open: list[_Open] = []
        self._named: dict[str, Node | None] = {}

    @property
    def place(self) -> tuple[int, int]:
        """Line and column of the innermost collection that is still open."""
        return (self._open[-1].node.line, self._open[-1].node.column) if self._open else (1, 1)

    def take(self, event: yaml.Event) -> None:
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._refuse(line, column, "starts a second document", "keep one per file")
            case yaml.AliasEvent():
                self._add(self._alias(event.anchor or "", line, column), line, column)
            case yaml.ScalarEvent():
                self._check_tag(event.tag, line, column)
                text = Text(event.value, event.implicit[0], line, column)
                self._name(event.anchor, text)
                self._add(text, line, column)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._check_tag(event.tag, line, column)
                if len(self._open) == MAX_DEPTH:
                    self._refuse(
                        line, column, f"is nested more than {MAX_DEPTH} deep", "flatten it"
                    )
                is_list = isinstance(event, yaml.SequenceStartEvent)
                self._name(event.anchor, None)
                node = Items(line, column) if is_list else Table(line, column)
                self._open.append(_Open(node, event.anchor))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                done = self._open.pop()
                self._name(done.anchor, done.node)
                self._add(done.node, done.node.line, done.node.column)

    def _add(self, node: Node, line: int, column: int) -> None:
        if not self._open:
            self.root = node
            return
        inner = self._open[-1]
        parent = inner.node
        parent.parts += node.parts
        if parent.parts > MAX_PARTS:
            what = f"holds more than {MAX_PARTS} values with its aliases written out"
            self._refuse(line, column, what, "write the values instead of aliases")
        if isinstance(parent, Items):
            parent.items.append(node)
        elif inner.key is not None:
            parent.entries.append((inner.key, node))
            inner.key = None
        elif inner.skipping:
            inner.skipping = False
        elif isinstance(node, Text):
            # An aliased key stands where the alias stands, not where its anchor does.
            self._take_key(inner, Text(node.text, node.bare, line, column))
        else:
            self._refuse(line, column, f"a key must be text, was {kind_of(node)}", "name the key")

    def _take_key(self, inner: _Open, key: Text) -> None:
        first = inner.lines.get(key.text)
        if first is None:
            inner.lines[key.text] = key.line
            inner.key = key
            return
        inner.skipping = True
        what = f"is written twice, first on line {first}, again on line {key.line}"
        self._source.report(key.line, key.column, what, "keep one of them", key=key.text)

    def _alias(self, name: str, line: int, column: int) -> Node:
        if name not in self._named:
            self._refuse(
                line, column, f"refers to &{name}, which is not defined above it", "quote it"
            )
        node = self._named[name]
        if node is None:
            self._refuse(line, column, f"*{name} refers to the part it stands in", "write it out")
        return node

    def _name(self, anchor: str | None, node: Node | None) -> None:
        if anchor is not None:
            self._named[anchor] = node

    def _check_tag(self, tag: str | None, line: int, column: int) -> None:
        if tag is not None:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            what = f"has the tag {short}, and tags are not allowed"
            self._source.report(line, column, what, "write the plain value")

    def _refuse(self, line: int, column: int, what: str, hint: str) -> NoReturn:
        self._source.report(line, column, what, hint)
        raise _RefusedError
