"""What an OpenAPI 3.1 document may look like, as JSON Schema: the parts of the specification that ours uses."""


def record(required, properties, **more):
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False, **more}


def one(name):
    return {"$ref": f"#/$defs/{name}"}


def mapping(names, value):
    return {"type": "object", "propertyNames": {"pattern": names}, "additionalProperties": value}


def either(name):
    """The object itself, or a reference to one of the components of that kind."""
    return {"if": {"required": ["$ref"]}, "then": record(["$ref"], {"$ref": {"pattern": f"^#/components/{name}s/[a-z0-9-]+$"}}),
            "else": one(name)}


TEXT = {"type": "string", "minLength": 1}
COMPONENT = "^[a-zA-Z0-9._-]+$"
EXAMPLES = {"example": True, "examples": mapping(COMPONENT, record(["value"], {"summary": TEXT, "value": True}))}
SECURITY = {"type": "array", "items": mapping(COMPONENT, {"type": "array", "items": TEXT})}
# What a header and a parameter share.
VALUE = {"description": TEXT, "required": {"type": "boolean"}, "schema": one("schema"), "example": True}

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **record(["openapi", "info", "servers", "security", "tags", "paths", "components"], {
        "openapi": {"pattern": r"^3\.1\.\d+$"},
        "info": record(["title", "version"], {
            "title": TEXT, "version": TEXT, "summary": TEXT, "description": TEXT,
            "license": record(["name", "identifier"], {"name": TEXT, "identifier": TEXT})}),
        "servers": {"type": "array", "minItems": 1, "items": record(["url"], {"url": TEXT, "description": TEXT})},
        "security": SECURITY,
        "tags": {"type": "array", "uniqueItems": True, "items": record(["name", "description"], {"name": TEXT, "description": TEXT})},
        "paths": mapping("^/", one("path")),
        "components": record(["securitySchemes", "parameters", "headers", "responses", "schemas"], {
            "securitySchemes": mapping(COMPONENT, record(["type", "scheme"], {
                "type": {"const": "http"}, "scheme": {"enum": ["basic", "bearer"]}, "description": TEXT})),
            "parameters": mapping(COMPONENT, one("parameter")), "headers": mapping(COMPONENT, one("header")),
            "responses": mapping(COMPONENT, one("response")), "schemas": mapping(COMPONENT, one("schema"))})}),
    "$defs": {
        "path": record([], {"parameters": {"type": "array", "items": either("parameter"), "uniqueItems": True},
                            **{method: one("operation") for method in ("get", "put", "post", "delete", "patch")}}),
        "operation": record(["operationId", "tags", "summary", "responses"], {
            "operationId": {"type": "string", "pattern": "^[a-z-]+/[a-z-]+$"}, "tags": {"type": "array", "items": TEXT, "minItems": 1},
            "summary": TEXT, "description": TEXT, "security": SECURITY,
            "parameters": {"type": "array", "items": either("parameter"), "uniqueItems": True},
            "requestBody": record(["content"], {"description": TEXT, "required": {"type": "boolean"}, "content": one("content")}),
            "responses": {**mapping(r"^([1-5]\d\d|default)$", either("response")), "minProperties": 1}}),
        "parameter": record(["name", "in", "description", "schema"], {
            "name": TEXT, "in": {"enum": ["path", "query", "header"]}, **VALUE},
            **{"if": {"properties": {"in": {"const": "path"}}}, "then": {"required": ["required"], "properties": {"required": {"const": True}}}}),
        "header": record(["description", "schema"], VALUE),
        "response": record(["description", "headers"], {
            "description": TEXT, "headers": mapping("^[A-Za-z-]+$", either("header")), "content": one("content"),
            "x-statuses": {"type": "array", "items": {"type": "integer", "minimum": 400, "maximum": 599}, "uniqueItems": True}}),
        "content": {**mapping("^[a-z]+/[a-z+.-]+$", record(["schema"], {"schema": one("schema"), **EXAMPLES})), "minProperties": 1},
        "schema": {"$ref": "https://json-schema.org/draft/2020-12/schema"},
    },
}
