"""The OpenAPI document of the REST interface, and answers checked against it.

    client = checked(registry.bearer(token))
    client.get("/api/v3/user/packages?package_type=container")  # fails where the document says otherwise

An answer to something that the document does not have, with a status, header or body that it does not have,
is an AssertionError.  What came back is in client.seen, as (operationId, status).
"""

import importlib.util
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, RefResolver

ROOT = Path(__file__).resolve().parents[3]
PARTS = ROOT / "src/api/openapi"
METHODS = ("get", "put", "post", "delete", "patch")
# Headers that an answer may have only where the document says so.
DESCRIBED = re.compile(r"(?i)x-github-|x-ratelimit-|x-oauth-|x-accepted-|(etag|link|location|warning|retry-after|www-authenticate|deprecation|sunset)$")


def pattern_of(path):
    """A path of the document as a regular expression; each parameter is one segment."""
    return re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))


@dataclass
class Operation:
    id: str
    method: str
    path: str
    parameters: list
    responses: dict
    described: dict  # the operation itself


class Document:
    def __init__(self, document):
        self.json = document
        self.base = document["servers"][0]["url"]
        self.resolver = RefResolver.from_schema(document)
        self.operations = [self.operation(path, item, method) for path, item in document["paths"].items()
                           for method in METHODS if method in item]

    def at(self, value):
        """What a value, perhaps a reference, stands for."""
        while "$ref" in value:
            value = self.resolver.resolve(value["$ref"])[1]
        return value

    def operation(self, path, item, method):
        described = item[method]
        parameters = [self.at(one) for one in [*item.get("parameters", []), *described.get("parameters", [])]]
        responses = {status: self.at(one) for status, one in described["responses"].items()}
        return Operation(described["operationId"], method.upper(), path, parameters, responses, described)

    def find(self, method, target):
        """The operation of a request; of several the one with the fewest parameters in its path."""
        path = urlsplit(target).path
        method = "GET" if method == "HEAD" else method
        found = [one for one in self.operations
                 if one.method == method and re.fullmatch(pattern_of(self.base + one.path), path)]
        if not found and path == self.base:
            found = [one for one in self.operations if one.method == method and one.path == "/"]
        assert found, f"{method} {path}: the document has no such operation"
        return min(found, key=lambda one: one.path.count("{"))

    def problems(self, value, schema):
        """What is wrong with a value, as texts."""
        validator = Draft202012Validator(schema, resolver=self.resolver)
        for error in validator.iter_errors(value):
            yield f"{'/'.join(map(str, error.absolute_path)) or 'the value'}: {error.message[:300]}"

    # Answers

    def response(self, operation, status):
        described = operation.responses.get(str(status))
        if described is None:
            described = operation.responses.get("default", {})
            assert status in described.get("x-statuses", ()), f"{operation.id}: status {status} is not described"
        return described

    def check_headers(self, described, headers):
        known = {name.lower(): self.at(one) for name, one in described.get("headers", {}).items()}
        for name, header in known.items():
            value = headers.get(name)
            assert value is not None or not header.get("required"), f"the header {name} is missing"
            if value is not None:
                found = list(self.problems(typed(value, self.at(header["schema"])), header["schema"]))
                assert not found, f"{name}: {value}: {found}"
        for name in headers:
            assert name.lower() in known or not DESCRIBED.match(name), f"the header {name} is not described: {headers[name]}"

    def check_body(self, described, response):
        content = described.get("content")
        if content is None:
            assert response.content == b"", f"a body where none is described: {response.text[:300]}"
            return
        media, _, rest = response.headers["Content-Type"].partition(";")
        assert media in content, f"the media type {media} is not described"
        assert rest.strip() in ("", "charset=utf-8"), rest
        if response.request.method != "HEAD":
            found = list(self.problems(response.json(), content[media]["schema"]))
            assert not found, f"{found}\n{response.text[:2000]}"

    def check(self, response):
        """(operationId, status) of an answer that is as described."""
        request = response.request
        operation = self.find(request.method, request.path_url)
        try:
            described = self.response(operation, response.status_code)
            self.check_headers(described, response.headers)
            self.check_body(described, response)
        except AssertionError as error:
            raise AssertionError(f"{request.method} {request.path_url}: {response.status_code} {operation.id}: {error}\n"
                                 f"{dict(response.headers)}\n{response.text[:1000]}") from None
        return operation.id, response.status_code


def typed(text, schema):
    """The text of a header as what its schema speaks of."""
    return int(text) if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", text) else text


def load():
    """The document, made of its parts as the build makes it."""
    spec = importlib.util.spec_from_file_location("embed_openapi", PARTS / "embed.py")
    embed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(embed)
    parts = sorted(path for path in PARTS.glob("*.json") if path.name != "main.json")
    return Document(embed.load([PARTS / "main.json", *parts]))


@dataclass
class Checked:
    """A client whose answers are checked; else as harness.client.Client."""

    client: object
    document: Document
    seen: set = field(default_factory=set)

    def request(self, method, path, **options):
        response = self.client.request(method, path, **options)
        self.seen.add(self.document.check(response))
        return response

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def head(self, path, **options):
        return self.request("HEAD", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def put(self, path, **options):
        return self.request("PUT", path, **options)

    def patch(self, path, **options):
        return self.request("PATCH", path, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)


def checked(client, document=None):
    return Checked(client, document or load())
