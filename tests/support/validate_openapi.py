"""Holds answers to an OpenAPI file (3.1, so its schemas are JSON Schema) with the library jsonschema.

validate_openapi.py SPEC REPORT_SCHEMA EXCHANGES: each line of EXCHANGES is
{"method", "path", "status", "type", "body"}. Prints each answer that the file does not foresee, and each
operation of which no success was seen; exit code 1 if there is any.
"""

import json
import re
import sys

import jsonschema


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Checker:
    def __init__(self, spec, report_schema):
        self.spec = spec
        base = "http://localhost/api/v1/"
        self.resolver = jsonschema.RefResolver(
            base + "openapi.json", spec,
            store={base + "openapi.json": spec, base + "report.schema.json": report_schema})
        self.seen = set()

    def template(self, path):
        path = path.split("?")[0]
        if path in self.spec["paths"]:
            return path
        return next((t for t in self.spec["paths"]
                     if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", t), path)), None)

    def complaint(self, method, path, status, content_type, body):
        template = self.template(path)
        operation = self.spec["paths"].get(template, {}).get(method.lower())
        if operation is None:
            return None if status in (404, 405) else "no such operation in the file"
        answer = operation["responses"].get(str(status))
        if answer is None:
            return f"status {status} is not foreseen"
        if status < 400:
            self.seen.add((method.lower(), template))
        if "$ref" in answer:
            answer = self.resolver.resolve(answer["$ref"])[1]
        if not answer.get("content"):
            return None if not body else "a body is not foreseen"
        plain = content_type.split(";")[0]
        media = answer["content"].get(plain, answer["content"].get("*/*"))
        if media is None:
            return f"type {content_type!r} is not foreseen"
        if plain != "application/json":
            return None
        validator = jsonschema.Draft202012Validator(media["schema"], resolver=self.resolver)
        errors = [f"at /{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
                  for e in validator.iter_errors(json.loads(body))]
        return "; ".join(errors[:5]) or None


def main():
    spec = read(sys.argv[1])
    for schema in spec["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    checker = Checker(spec, read(sys.argv[2]))
    bad = []
    with open(sys.argv[3], encoding="utf-8") as file:
        for exchange in map(json.loads, file):
            said = checker.complaint(exchange["method"], exchange["path"], exchange["status"],
                                     exchange["type"], exchange["body"])
            if said:
                bad.append(f"{exchange['method']} {exchange['path']}: {exchange['status']}: {said}")
    for path, operations in spec["paths"].items():
        bad += [f"{method} {path}: no success was seen" for method in operations
                if (method, path) not in checker.seen]
    print("\n".join(bad))
    return 1 if bad else 0


sys.exit(main())
