"""The OpenAPI document says what the REST interface is, and the server does what it says (route openapi)."""

import json
import re

import pytest
from jsonschema import Draft202012Validator

from harness import openapi
from harness.openapi_schema import SCHEMA
from harness.routes import routes

HERE = "/api/v3/openapi.json"


@pytest.fixture(scope="module")
def document():
    return openapi.load()


def inside(value, path=()):
    """Every object within a value, with the way to it."""
    if isinstance(value, dict):
        yield path, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in pairs:
        yield from inside(part, (*path, key))


def shown(value):
    """The examples of a media type, parameter or header."""
    return [value["example"]] if "example" in value else [one["value"] for one in value.get("examples", {}).values()]


# The document itself


def test_the_document_has_the_form_of_openapi_3_1(document):
    Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document.json)] == []


def test_every_reference_leads_somewhere_and_every_component_is_used(document):
    used = {value["$ref"] for _, value in inside(document.json) if isinstance(value.get("$ref"), str)}
    for target in used:
        document.resolver.resolve(target)
    components = document.json["components"]
    there = {f"#/components/{kind}/{name}" for kind in components if kind != "securitySchemes" for name in components[kind]}
    assert used == there


def test_operations_have_different_ids_and_known_tags(document):
    ids = [operation.id for operation in document.operations]
    assert len(ids) == len(set(ids))
    tags = {tag["name"] for tag in document.json["tags"]}
    assert {tag for operation in document.operations for tag in operation.described["tags"]} == tags


def test_operations_are_secured_by_schemes_that_are_described(document):
    schemes = set(document.json["components"]["securitySchemes"])
    for operation in document.operations:
        for way in operation.described.get("security", document.json["security"]):
            assert set(way) <= schemes, operation.id


def test_every_parameter_of_a_path_is_declared_once(document):
    for operation in document.operations:
        keys = [(one["in"], one["name"]) for one in operation.parameters]
        assert len(keys) == len(set(keys)), operation.id
        assert {name for place, name in keys if place == "path"} == set(re.findall(r"{(\w+)}", operation.path)), operation.id


def test_operations_that_need_a_credential_say_what_happens_without_one(document):
    for operation in document.operations:
        if operation.described.get("security", document.json["security"]):
            assert "401" in operation.responses, operation.id


def test_every_answer_has_an_example_that_is_valid(document):
    answers = document.json["components"]["responses"]
    for name, response in answers.items():
        for media, content in response.get("content", {}).items():
            assert shown(content), f"{name} has no example"
            for example in shown(content):
                assert list(document.problems(example, content["schema"])) == [], name


def test_every_other_example_is_valid(document):
    for path, value in inside(document.json):
        if "schema" in value and path[:2] != ("components", "responses"):
            for example in shown(value):
                assert list(document.problems(example, value["schema"])) == [], path


def test_examples_of_errors_have_the_status_of_their_answer(document):
    for operation in document.operations:
        for status, response in operation.responses.items():
            for content in response.get("content", {}).values():
                for example in shown(content):
                    if status >= "4" and status != "default":
                        assert example["status"] == status, (operation.id, status)


def test_objects_are_described_completely(document):
    """No field that is not named, so that checking an answer means something."""
    for path, value in inside(document.json["components"]["schemas"]):
        if value.get("type") == "object":
            assert value["additionalProperties"] is False and set(value["required"]) <= set(value["properties"]), path


# The checking itself


@pytest.mark.parametrize("change", [
    {"name": 7}, {"visibility": "secret"}, {"created_at": "2026-11-20 09:30:12"}, {"more": 1}, {"id": 0}, {"owner": {"login": "acme"}}])
def test_a_package_that_is_not_as_described_is_found(document, change):
    content = document.json["components"]["responses"]["package"]["content"]["application/json"]
    assert list(document.problems({**content["example"], **change}, content["schema"]))


def test_a_path_is_found_whose_name_is_encoded(document):
    found = document.find("DELETE", "/api/v3/users/alice/packages/container/a%2Fb/versions/7?cascade=true")
    assert (found.id, document.find("GET", "/api/v3").id) == ("packages/delete-package-version-for-user", "meta/root")
    with pytest.raises(AssertionError, match="no such operation"):
        document.find("GET", "/api/v3/users/alice/packages/container/a/b")


# The document and the routes


def test_the_document_has_the_routes_of_the_server(document):
    known = {(method, path.removeprefix("/api/v3") or "/") for method, path, _ in routes() if path.startswith("/api/v3")}
    assert {(operation.method, operation.path) for operation in document.operations} == known


def test_the_server_hands_out_the_document(registry, document):
    response = openapi.checked(registry.bare(), document).get(HERE)
    assert (response.status_code, response.json()) == (200, document.json)
    again = registry.bare().get(HERE, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = registry.bare().get(HERE, headers={"If-None-Match": '"sha256:0"'})
    assert other.content == response.content
