"""An OpenAPI document as one HTML page that needs nothing else: no scripts, no other files.

Pure: a document in, text out. Only what our own documents contain is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #2a6fdb; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.2rem; } h3 { margin: 1.2rem 0 .3rem; font-size: 1rem; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .6rem .8rem; overflow-x: auto; border-radius: 4px; }
details { border: 1px solid var(--line); border-radius: 4px; margin: .4rem 0; padding: 0 .8rem; }
summary { cursor: pointer; padding: .45rem 0; }
details[open] { padding-bottom: .8rem; }
.verb { display: inline-block; min-width: 4.2rem; font-weight: 700; color: var(--accent); }
.note { opacity: .75; margin-left: .6rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0;
  border-bottom: 1px solid var(--line); }
a { color: var(--accent); text-decoration: none; }
""".strip()


def page(document: Mapping[str, Any]) -> str:
    """Return the page that shows `document`, an OpenAPI 3.1 document of ours."""
    info = document["info"]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>",
            f"<h1>{title}</h1>\n<p>{escape(info['description'])}</p>",
            '<p>The same for programs: <a href="/openapi.json">/openapi.json</a></p>',
            *_groups(document),
            "<h2>Schemas</h2>",
            *_schemas(document["components"]["schemas"]),
            "</body>\n</html>\n",
        )
    )


def _groups(document: Mapping[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2>"
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    yield from _operation(method.upper(), path, operation)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<details id="{escape(operation["operationId"])}">'
    yield (
        f'<summary><span class="verb">{method}</span><code>{escape(path)}</code>'
        f'<span class="note">{escape(operation["summary"])}</span></summary>'
    )
    if "parameters" in operation:
        parameters = [
            (
                f"<code>{escape(one['name'])}</code>",
                _type(one["schema"]),
                f"{one['in']}{', required' if one['required'] else ''}",
                escape(one.get("description", f"such as {one.get('example')}")),
            )
            for one in operation["parameters"]
        ]
        yield f"<h3>Parameters</h3>\n{_table(parameters)}"
    if "requestBody" in operation:
        body = operation["requestBody"]
        content = body["content"]["application/json"]
        needed = "" if body["required"] else ", optional"
        yield f"<h3>Body{needed}: {_type(content['schema'])}</h3>"
        yield f"<pre>{escape(json.dumps(content['example'], indent=2))}</pre>"
    answers = [
        (f"<code>{status}</code>", _content(one), escape(one["description"]))
        for status, one in operation["responses"].items()
    ]
    yield f"<h3>Answers</h3>\n{_table(answers)}\n</details>"


def _content(response: Mapping[str, Any]) -> str:
    for kind, content in response.get("content", {}).items():
        return _type(content["schema"]) if kind == "application/json" else escape(kind)
    return ""


def _schemas(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        yield f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code>'
        yield f'<span class="note">{escape(schema.get("description", ""))}</span></summary>'
        if "enum" in schema:
            yield f"<p>{' '.join(f'<code>{escape(str(one))}</code>' for one in schema['enum'])}</p>"
        if "oneOf" in schema:
            yield f"<p>{_type(schema)}</p>"
        required = schema.get("required", ())
        rows = [
            (
                f"<code>{escape(field)}</code>",
                _type(one),
                "required" if field in required else "optional",
                escape(one.get("description", "")),
            )
            for field, one in schema.get("properties", {}).items()
        ]
        yield f"{_table(rows)}\n</details>"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(_type(one) for one in schema[word])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return " ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    kind = schema.get("type", "any")
    return escape(f"{kind} ({schema['format']})" if "format" in schema else kind)


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    lines = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>" if rows else ""
