"""The JSON Schema of a configuration file, for editors.

Generated from the model, so it cannot say anything else. It describes what a person may write,
which is more than the types of the values: `250ms`, `5 bps`, a date. To refresh the committed copy:
`python -m runner.config.schema > configs/schema.json`.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from runner.config.fields import Shown
from runner.config.keys import all_keys
from runner.config.models import RunConfig
from runner.config.section import Section


class _Generator(GenerateJsonSchema):
    """pydantic's generator, without the titles it makes up from names."""

    schema_dialect = "https://json-schema.org/draft/2020-12/schema"

    def generate(self, schema: Any, mode: JsonSchemaMode = "validation") -> dict[str, Any]:
        described = super().generate(schema, mode)
        return {"$schema": self.schema_dialect, **described}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is given
        return False


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a configuration file."""
    schema = RunConfig.model_json_schema(by_alias=True, schema_generator=_Generator)
    _describe(schema, RunConfig)
    sections = {one.__name__: one for one in Section.__subclasses__()}
    for name, definition in schema["$defs"].items():
        _describe(definition, sections[name])
    config = RunConfig()
    for key in all_keys().values():
        value: Any = config
        place: Any = schema
        for name, attribute in zip(key.path, key.attributes, strict=True):
            while "$ref" in place:
                place = schema["$defs"][place["$ref"].rpartition("/")[2]]
            place, value = place["properties"][name], getattr(value, attribute)
        # pydantic would print the default as a value; a person reads it as it is written.
        default: Shown = key.kind.display(value)
        place.pop("default", None)
        if default not in (None, [], {}):
            place["default"] = default
    return schema


# The text below each key in the source of the model.
def _describe(definition: dict[str, Any], model: type[BaseModel]) -> None:
    body = ast.parse(inspect.getsource(model)).body[0]
    assert isinstance(body, ast.ClassDef)
    for statement, below in pairwise(body.body):
        match statement, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                value=ast.Constant(value=str(doc))
            ):
                alias = model.model_fields[name].alias or name
                definition["properties"][alias]["description"] = inspect.cleandoc(doc)


def as_text() -> str:
    """Return the schema as it is committed: indented, with a line end."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_text())
