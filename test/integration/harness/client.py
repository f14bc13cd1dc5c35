"""A registry client: /v2 with bearer tokens got from the challenge, as real clients do."""

import os
import re

import requests

from . import images

TIMEOUT = 30
JSON = "application/json"
ACCEPT = ", ".join((images.OCI_MANIFEST, images.OCI_INDEX, images.DOCKER_MANIFEST, images.DOCKER_LIST, "*/*"))


def parse_challenge(value):
    """The parameters of a Bearer challenge, or None."""
    if not value or not value.startswith("Bearer "):
        return None
    return dict(re.findall(r'(\w+)="([^"]*)"', value))


def link_next(response):
    """The target of the Link header with rel="next", or None."""
    value = response.headers.get("Link")
    if value is None:
        return None
    match = re.fullmatch(r'<([^>]+)>; ?rel="?next"?', value)
    assert match, f"Link: {value}"
    assert match[1].startswith("/v2/"), f"not a relative path: {value}"
    return match[1]


def refused(response, status, code, message=None):
    """Assert that the response is an error of the specification's form; return its errors.

    code is one code or a tuple of acceptable ones.
    """
    shown = f"{response.request.method} {response.request.path_url}: {response.status_code} {response.text[:500]}"
    assert response.status_code == status, shown
    if response.request.method == "HEAD":
        assert response.content == b"", shown
        return []
    assert response.headers["Content-Type"].split(";")[0] == JSON, shown
    errors = response.json()["errors"]
    codes = (code,) if isinstance(code, str) else code
    assert errors and all(error["code"] in codes for error in errors), shown
    assert all(re.fullmatch("[A-Z_]+", error["code"]) for error in errors), shown
    if message is not None:
        assert errors[0]["message"] == message, shown
    return errors


def succeeded(response, status):
    assert response.status_code == status, (
        f"{response.request.method} {response.request.path_url}: {response.status_code} {response.text[:500]}")
    return response


def scope_of(method, path):
    """(package, action) that a request needs; actions as in challenges."""
    match = re.match(r"/v2/(.+?)/(manifests|blobs|tags|referrers)/", path)
    if not match:
        return None, None
    if match[2] == "blobs" and "/blobs/uploads/" in path:
        return match[1], "pull,push"
    if method in ("GET", "HEAD"):
        return match[1], "pull"
    return match[1], "delete" if method == "DELETE" else "pull,push"


class Client:
    """Requests to one registry in the name of one caller.

    credentials    (user, secret), shown to the token endpoint when challenged
    authorization  a fixed Authorization header; challenges are not followed
    With neither, the caller is anonymous and follows challenges.
    """

    def __init__(self, registry, credentials=None, authorization=None, follow=True):
        self.registry = registry
        self.credentials = credentials
        self.authorization = authorization
        self.follow = follow and authorization is None
        self.tokens = {}
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.clear()

    def send(self, method, path, headers=None, authorization=None, **options):
        """One request, nothing followed."""
        headers = dict(headers or {})
        if authorization:
            headers["Authorization"] = authorization
        options.setdefault("timeout", TIMEOUT)
        options.setdefault("allow_redirects", False)
        options.setdefault("verify", False)
        return self.session.request(method, self.registry.url + path, headers=headers, **options)

    def request(self, method, path, **options):
        """One request; a challenge is answered once.

        When the token endpoint refuses, its answer is returned: it is what the user sees.
        """
        if not self.follow:
            return self.send(method, path, authorization=self.authorization, **options)
        key = scope_of(method, path)
        token = self.tokens.get(key)
        response = self.send(method, path, authorization=token and f"Bearer {token}", **options)
        challenge = parse_challenge(response.headers.get("WWW-Authenticate"))
        if response.status_code != 401 or challenge is None:
            return response
        granted = self.ask_token(challenge.get("scope"), challenge["service"])
        if granted.status_code != 200:
            return granted
        self.tokens[key] = granted.json()["token"]
        return self.send(method, path, authorization=f"Bearer {self.tokens[key]}", **options)

    def ask_token(self, scope=None, service=None, **parameters):
        """GET /token with this caller's credentials; scope is one scope or a list."""
        if scope:
            parameters["scope"] = scope
        if service:
            parameters["service"] = service
        return self.send("GET", "/token", params=parameters, auth=self.credentials)

    def token(self, *scopes):
        """A bearer token for exactly these scopes."""
        return succeeded(self.ask_token(list(scopes), self.registry.host), 200).json()["token"]

    def prime(self, name, action="pull,push"):
        """Get a token in advance, for a request whose body cannot be sent twice."""
        if self.follow and self.send("GET", "/v2/").status_code == 401:
            self.tokens[name, action] = self.token(f"repository:{name}:{action}")

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def head(self, path, **options):
        return self.request("HEAD", path, **options)

    def put(self, path, **options):
        return self.request("PUT", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def patch(self, path, **options):
        return self.request("PATCH", path, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    # Blobs

    def start_upload(self, name, **parameters):
        """Begin an upload session; returns its location."""
        response = succeeded(self.post(f"/v2/{name}/blobs/uploads/", params=parameters), 202)
        return response.headers["Location"]

    def push_blob(self, name, data, algorithm="sha256"):
        """POST, then PUT; returns the digest."""
        digest = images.digest_of(data, algorithm)
        extra = {} if algorithm == "sha256" else {"digest-algorithm": algorithm}
        location = self.start_upload(name, **extra)
        succeeded(self.put(location, params={"digest": digest}, data=data,
                           headers={"Content-Type": "application/octet-stream"}), 201)
        return digest

    def get_blob(self, name, digest, **options):
        return self.get(f"/v2/{name}/blobs/{digest}", **options)

    def head_blob(self, name, digest, **options):
        return self.head(f"/v2/{name}/blobs/{digest}", **options)

    # Manifests

    def put_manifest(self, name, reference, document, headers=None, tags=()):
        return self.put(f"/v2/{name}/manifests/{reference}", data=document.body, params=[("tag", tag) for tag in tags],
                        headers={"Content-Type": document.media_type, **(headers or {})})

    def push_manifest(self, name, document, *tags):
        """Under each tag, or by digest when there is none."""
        for reference in tags or (document.digest,):
            succeeded(self.put_manifest(name, reference, document), 201)
        return document

    def push_image(self, name, *tags, layer_sizes=(100,), labels=None, **extra):
        """A new image with random layers; returns its manifest."""
        config = images.config_bytes(labels=labels)
        layers = [os.urandom(size) for size in layer_sizes]
        for blob in (config, *layers):
            self.push_blob(name, blob)
        return self.push_manifest(name, images.image(config, layers, **extra), *tags)

    def push_artifact(self, name, artifact_type, subject=None, **extra):
        """An artifact attached to subject (a Document or descriptor); returns its manifest."""
        if isinstance(subject, images.Document):
            subject = subject.descriptor()
        if self.head_blob(name, images.digest_of(images.EMPTY_JSON)).status_code != 200:
            self.push_blob(name, images.EMPTY_JSON)
        return self.push_manifest(name, images.artifact(artifact_type, subject, **extra))

    def get_manifest(self, name, reference, headers=None, **options):
        return self.get(f"/v2/{name}/manifests/{reference}", headers={"Accept": ACCEPT, **(headers or {})}, **options)

    def head_manifest(self, name, reference, headers=None, **options):
        return self.head(f"/v2/{name}/manifests/{reference}", headers={"Accept": ACCEPT, **(headers or {})}, **options)

    # Lists

    def pages(self, path, member):
        """Every item of a paged list, page by page."""
        while path is not None:
            response = succeeded(self.get(path), 200)
            yield response.json()[member] or []
            path = link_next(response)

    def tags(self, name):
        """All tags; none when the package is not there."""
        if self.get(f"/v2/{name}/tags/list?n=1").status_code == 404:
            return []
        return [tag for page in self.pages(f"/v2/{name}/tags/list", "tags") for tag in page]

    def referrers(self, name, digest, **parameters):
        """All descriptors of the referrers list."""
        query = "&".join(f"{key}={value}" for key, value in parameters.items())
        path = f"/v2/{name}/referrers/{digest}" + (f"?{query}" if query else "")
        return [item for page in self.pages(path, "manifests") for item in page]
