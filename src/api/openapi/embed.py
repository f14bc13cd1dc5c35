#!/usr/bin/python3
"""Write the OpenAPI document as C, without the spaces that are there for people.

    embed.py OUTPUT MAIN PART...

The document is made of MAIN and its parts, one for each area of the interface: objects with "tags", "paths" and
"components" that are added to MAIN's.  A part's "packagePaths" are below a package: each is there three times, for
packages of an organization, of a user, and of the caller, and its operations get "-for-org", "-for-user" and
"-for-authenticated-user" behind their ids.  Its "errors" are responses in short, of which each message becomes an
example: {"no-tag": {"status": 404, "description": "...", "messages": {"tag": "Tag not found."}}}.  The headers that
every answer has need not be named in a part.
"""
import copy
import hashlib
import json
import sys

LINE = 96
PACKAGE = "/packages/{package_type}/{package_name}"
OWNERS = (("/orgs/{org}", "org", ["org"]), ("/user", "authenticated-user", []), ("/users/{username}", "user", ["username"]))
HEADERS = {
    "X-GitHub-Request-Id": "request-id", "X-GitHub-Media-Type": "media-type", "X-GitHub-Api-Version-Selected": "api-version",
    "X-RateLimit-Limit": "rate-limit", "X-RateLimit-Remaining": "rate-remaining", "X-RateLimit-Used": "rate-used",
    "X-RateLimit-Reset": "rate-reset", "X-RateLimit-Resource": "rate-resource", "X-OAuth-Scopes": "scopes",
    "X-Accepted-OAuth-Scopes": "accepted-scopes"}
DOCUMENTATION = "https://registry.example.com/api/v3/openapi.json"
METHODS = ("get", "put", "post", "patch", "delete")


def package_paths(paths):
    """The same paths for each way to name a package's owner."""
    made = {}
    for end, item in paths.items():
        for start, word, parameters in OWNERS:
            one = copy.deepcopy(item)
            known = [*parameters, "package-type-path", "package-name", "api-version"]
            one["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in known] + one.get("parameters", [])
            for method in METHODS:
                if method in one:
                    one[method]["operationId"] += f"-for-{word}"
            made[start + PACKAGE + end] = one
    return made


def error(described):
    """The response that "errors" has in short."""
    def example(message):
        return {"message": message, "documentation_url": DOCUMENTATION, "status": str(described["status"])}

    examples = {name: {"value": example(message)} for name, message in described["messages"].items()}
    schema = {"$ref": "#/components/schemas/basic-error"}
    return {"description": described["description"], "content": {"application/json": {"schema": schema, "examples": examples}}}


def with_headers(response):
    common = {name: {"$ref": f"#/components/headers/{of}"} for name, of in HEADERS.items()}
    return {**response, "headers": {**common, **response.get("headers", {})}}


def add(into, more, what):
    for name, value in more.items():
        if name in into:
            raise SystemExit(f"{what}: {name} is there twice")
        into[name] = value


def merged(main, parts):
    """The whole document."""
    document = copy.deepcopy(main)
    for part in parts:
        unknown = set(part) - {"tags", "paths", "packagePaths", "errors", "components"}
        if unknown:
            raise SystemExit(f"a part of the document has {', '.join(sorted(unknown))}")
        document["tags"] += part.get("tags", [])
        add(document["paths"], part.get("paths", {}), "paths")
        add(document["paths"], package_paths(part.get("packagePaths", {})), "paths")
        errors = {name: error(described) for name, described in part.get("errors", {}).items()}
        for kind, components in [*part.get("components", {}).items(), ("responses", errors)]:
            if kind == "responses":
                components = {name: with_headers(one) for name, one in components.items()}
            add(document["components"][kind], components, kind)
    return document


def load(paths):
    """The whole document of these files, of which the first is the main one."""
    read = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            read.append(json.load(file))
    return merged(read[0], read[1:])


def main():
    text = json.dumps(load(sys.argv[2:]), separators=(",", ":")) + "\n"
    digest = hashlib.sha256(text.encode("ascii")).hexdigest()
    with open(sys.argv[1], "w", encoding="ascii") as file:
        file.write('#include "api/handlers.h"\n\n')
        file.write(f'const char sta_openapi_etag[] = "\\"sha256:{digest}\\"";\n')
        file.write("const char sta_openapi[] =\n")
        file.writelines(f"\t{json.dumps(text[at:at + LINE])}\n" for at in range(0, len(text), LINE))
        file.write(f"\t;\nconst size_t sta_openapi_size = {len(text)};\n")


if __name__ == "__main__":
    main()
