#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a JSON document against a schema, with as much of JSON Schema as the project's schemas use."""
import json
import re
import sys

KNOWN = {"$comment", "$schema", "$id", "$defs", "$ref", "title", "description", "type", "required", "properties",
         "items", "enum", "const", "minimum", "pattern", "minItems"}
TYPES = {"object": dict, "array": list, "string": str, "null": type(None)}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check(value, schema, root, place):
    unknown = set(schema) - KNOWN
    if unknown:
        sys.exit(f"schema uses {unknown}, which this checker does not know")
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].lstrip("#/").split("/"):
            target = target[part]
        check(value, target, root, place)
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(is_type(value, name) for name in names):
            sys.exit(f"{place}: {value!r} is not {names}")
    if "enum" in schema and value not in schema["enum"]:
        sys.exit(f"{place}: {value!r} is not one of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        sys.exit(f"{place}: {value!r} is not {schema['const']!r}")
    if "minimum" in schema and value is not None and value < schema["minimum"]:
        sys.exit(f"{place}: {value} is below {schema['minimum']}")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        sys.exit(f"{place}: {value!r} is not like {schema['pattern']}")
    if "minItems" in schema and len(value) < schema["minItems"]:
        sys.exit(f"{place}: {len(value)} items are too few")
    if isinstance(value, dict) and "properties" in schema:
        for name in schema.get("required", []):
            if name not in value:
                sys.exit(f"{place}: {name} is missing")
        for name, part in value.items():
            if name not in schema["properties"]:
                sys.exit(f"{place}: {name} is not described")
            check(part, schema["properties"][name], root, f"{place}/{name}")
    if isinstance(value, list) and "items" in schema:
        for number, part in enumerate(value):
            check(part, schema["items"], root, f"{place}/{number}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        document = json.load(file)
    check(document, schema, schema, "")


main()
