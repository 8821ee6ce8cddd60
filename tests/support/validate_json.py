"""Validates JSON files against a JSON Schema (draft 2020-12) with the library jsonschema.

validate_json.py SCHEMA FILE...: prints each violation with its place; exit code 1 if there is any.
"""

import json
import sys

import jsonschema


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    bad = False
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8") as file:
            for error in validator.iter_errors(json.load(file)):
                bad = True
                place = "/".join(str(step) for step in error.absolute_path)
                print(f"{name}: at /{place}: {error.message}")
    return 1 if bad else 0


sys.exit(main())
