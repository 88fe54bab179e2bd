"""Lay the tree of a YAML file over the keys: which value is meant for which key, and where."""

from __future__ import annotations

import json
from typing import Any

from runner.config.files import SourceFile
from runner.config.keys import Key, Path, all_keys, dotted, names_in, sections
from runner.config.problems import Origin, Problem
from runner.config.sources import PARAMS, Layer, Leaf, is_secret_like, suggestion
from runner.config.yaml_source import Items, Node, Table, Text, kind_of
from runner.secrecy import MASK

MAX_SUGGESTIONS = 100


def from_tree(root: Table, source: SourceFile) -> Layer:
    """Return what the file says; problems are those of the file so far and the ones found here."""
    reader = _Reader(source)
    reader.section(root, ())
    reader.layer.problems = list(source.problems)
    return reader.layer


class _Reader:
    def __init__(self, source: SourceFile) -> None:
        self.layer = Layer()
        self._source = source

    def section(self, table: Table, path: Path) -> None:
        for key, node in table.entries:
            here = (*path, key.text)
            known = all_keys().get(here)
            if known is not None:
                self._leaf(known, node)
            elif here not in sections():
                self._unknown(key, path)
            elif isinstance(node, Table):
                self.section(node, here)
            elif not (isinstance(node, Text) and node.is_null):
                example = f"{key.text}: {{{names_in(here)[0]}: ...}}"
                self._report(node, here, f"must hold keys, was {kind_of(node)}", f"write {example}")

    def _leaf(self, key: Key, node: Node) -> None:
        path = key.path
        if path == PARAMS:
            self._params(node)
        elif isinstance(node, Text):
            self._put(path, None if node.is_null else node.text, node)
        elif key.kind.shape == "list" and isinstance(node, Items):
            good = [item for item in node.items if not self._is_cut_in_two(item, path)]
            marks = tuple(self._origin(item) for item in good)
            entries = [_entry(item) for item in good]
            self.layer.leaves[path] = Leaf(path, entries, self._origin(node), marks)
        elif key.kind.shape == "mapping" and isinstance(node, Table):
            self.layer.leaves[path] = Leaf(path, _plain(node), self._origin(node))
        else:
            wanted = "text or a list" if key.kind.shape == "list" else "one value"
            self._report(node, path, f"must be {wanted}, was {kind_of(node)}", "")

    def _params(self, node: Node) -> None:
        if isinstance(node, Text) and node.is_null:
            return
        if not isinstance(node, Table):
            what, hint = (
                f"must be names with values, was {kind_of(node)}",
                "write params: {fast: 10}",
            )
            self._report(node, PARAMS, what, hint)
            return
        for name, value in node.entries:
            here = ("params", name.text)
            if isinstance(value, Text):
                # Only nothing at all is nothing: a parameter may well be the ticker NULL.
                nothing = value.bare and not value.text
                self._put(here, None if nothing else value.text, value if value.text else name)
            else:
                self._report(value, here, f"must be one value, was {kind_of(value)}", "")

    # `S:AAPL: candle`: with a blank after its last colon, a subscription is a mapping.
    def _is_cut_in_two(self, item: Node, path: Path) -> bool:
        match item:
            case Table(entries=[(key, Text() as value)]):
                hint = f"leave out the blank: {key.text}:{value.text}"
                self._report(item, path, "must be text, was a mapping", hint)
                return True
        return False

    def _put(self, path: Path, value: object, node: Text) -> None:
        self.layer.leaves[path] = Leaf(path, value, self._origin(node))

    def _unknown(self, key: Text, section: Path) -> None:
        line_text = self._source.line_text(key.line)
        # After many, another suggestion helps nobody and costs time.
        many = len(self._source.problems) > MAX_SUGGESTIONS
        hint = "" if many else suggestion(key.text, section)
        if many or is_secret_like(key.text, section):
            line_text = line_text[: key.column - 1 + len(key.text)] + f": {MASK}"
        where = f"{self._source.name}:{key.line}:{key.column}"
        name = dotted((*section, key.text))
        problem = Problem(where, name, "is not a known key", hint, line_text, key.column, key.line)
        self._source.problems.append(problem)

    def _report(self, node: Node, path: Path, what: str, hint: str) -> None:
        self._source.report(node.line, node.column, what, hint, key=dotted(path))

    def _origin(self, node: Node) -> Origin:
        text = self._source.line_text(node.line)
        return Origin("file", self._source.name, node.line, node.column, text)


# An entry of a list of texts. The gateway's JSON objects are YAML too; they become JSON again.
def _entry(node: Node) -> str | None:
    if isinstance(node, Text):
        return None if node.is_null else node.text
    return json.dumps([_plain(node)] if isinstance(node, Table) else _plain(node))


def _plain(node: Node) -> Any:
    match node:
        case Text():
            return node.text
        case Items():
            return [_plain(item) for item in node.items]
        case Table():
            return {key.text: _plain(value) for key, value in node.entries}
