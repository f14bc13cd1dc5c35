"""GitHub's Packages API under /api/v3, as its clients ask for it: requests, pages, and what a refusal says."""

import re
from urllib.parse import quote, urlsplit

import requests

from .client import JSON, TIMEOUT

ROOT = "/api/v3"
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
RELATIONS = ("prev", "next", "last", "first")  # in this order
LINK = re.compile(r'<([^<>]+)>; rel="(\w+)"')

LAST_TAGGED = "You cannot delete the last tagged version of a package. You must delete the package instead."
NO_PACKAGE = "Package not found."
NO_VERSION = "Package version not found."
REQUIRES = "Requires authentication"
BAD = "Bad credentials"
NOT_FOUND = "Not Found"


def path(owner, name=None, *more):
    """path("/orgs/acme", "b/c", "versions", 17): the path of a package of an owner, or of all of them."""
    parts = [owner, "packages"] + ([] if name is None else ["container", quote(name, safe="")])
    return "/".join([*parts, *map(str, more)])


def links(response):
    """The addresses of the Link header by relation, which stand there in GitHub's syntax and order."""
    value = response.headers.get("Link")
    if value is None:
        return {}
    found = LINK.findall(value)
    assert value == ", ".join(f'<{url}>; rel="{relation}"' for url, relation in found), f"Link: {value}"
    relations = [relation for _, relation in found]
    assert relations == [relation for relation in RELATIONS if relation in relations], f"Link: {value}"
    return {relation: url for url, relation in found}


def shown(response):
    return f"{response.request.method} {response.request.path_url}: {response.status_code} {response.text[:500]}"


def succeeded(response, status):
    assert response.status_code == status, shown(response)
    if status == 204:
        assert response.content == b"", shown(response)
    return response


def refused(response, status, message):
    """Assert GitHub's error body; returns it."""
    assert response.status_code == status, shown(response)
    assert response.headers["Content-Type"] == f"{JSON}; charset=utf-8", shown(response)
    body = response.json()
    assert set(body) - {"detail"} == {"message", "documentation_url", "status"}, shown(response)
    assert body["message"] == message and body["status"] == str(status), shown(response)
    return body


class PackagesApi:
    """Requests of one caller: with a token, another Authorization header, or anonymous."""

    def __init__(self, registry, token=None, authorization=None):
        self.registry = registry
        self.authorization = authorization or (token and f"Bearer {token}")
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.clear()

    def send(self, method, target, headers=None, **options):
        """target is a path below the root, or an address that an answer named."""
        url = target if "://" in target else self.registry.url + ROOT + target
        assert urlsplit(url).netloc == self.registry.host, url
        headers = {**HEADERS, **(headers or {})}
        if self.authorization:
            headers.setdefault("Authorization", self.authorization)
        return self.session.request(method, url, headers=headers, timeout=TIMEOUT, allow_redirects=False, **options)

    def get(self, target, **options):
        return self.send("GET", target, **options)

    def post(self, target, **options):
        return self.send("POST", target, **options)

    def delete(self, target, **options):
        return self.send("DELETE", target, **options)

    def another(self):
        """The same caller on another connection, for another thread."""
        return PackagesApi(self.registry, authorization=self.authorization)

    def pages(self, target, **parameters):
        """The answers of a list, along rel="next"."""
        response = succeeded(self.get(target, params=parameters), 200)
        yield response
        while "next" in links(response):
            response = succeeded(self.get(links(response)["next"]), 200)
            yield response

    def every(self, target, **parameters):
        """Every item of a list."""
        return [item for page in self.pages(target, per_page=100, **parameters) for item in page.json()]

    def versions(self, owner, name, **parameters):
        """The versions by their digests."""
        return {item["name"]: item for item in self.every(path(owner, name, "versions"), **parameters)}

    def tags(self, owner, name):
        """The digest of each tag, as the versions say."""
        return {tag: digest for digest, item in self.versions(owner, name).items()
                for tag in item["metadata"]["container"]["tags"]}
