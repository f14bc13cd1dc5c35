"""Routes of the REST interface about people and machines: who calls them, and what each of them refuses."""

import re
import uuid

from . import openapi

ROOT = "/api/v3"
READ, WRITE, DELETE = "read:packages", "write:packages", "delete:packages"
JSON = {"Content-Type": "application/json"}
HUGE = b'{"name":"' + b"x" * 70000 + b'"}'
DEEP = b"[" * 40 + b"]" * 40


def plain(message):
    """A message without what differs from case to case."""
    return re.sub(r"\d+", "N", re.sub(r"'[^']*'|\"[^\"]*\"", "Q", message))


class People:
    """A server, and the calls to it, of which the document says what each may answer."""

    def __init__(self, registry):
        self.registry, self.document, self.seen = registry, openapi.load(), set()
        self.boss = self.person(admin=True)

    def person(self, admin=False):
        return self.registry.user(f"u{uuid.uuid4().hex[:10]}", admin=admin)

    def client(self, client):
        made = openapi.checked(client, self.document)
        made.seen = self.seen
        return made

    def signed_in(self, account):
        """With the password."""
        return self.client(self.registry.basic(account.name, account.password))

    def by_token(self, account, scopes=f"{READ},{WRITE},{DELETE}", **bounds):
        return self.client(self.registry.bearer(self.registry.token(account.name, scopes, **bounds)))

    def by_bearer(self, account, secret=None):
        """With a bearer token that the password, or another secret, has brought."""
        return self.client(self.registry.bearer(self.registry.client(account, secret or account.password).token()))

    @property
    def site(self):
        return self.signed_in(self.boss)

    @property
    def nobody(self):
        return self.client(self.registry.bare())

    def log(self):
        """Every change of rights that there was."""
        return self.registry.cli_json("audit", "list", "--max", "1000")["entries"]

    def said(self, response, status):
        """Its status, and as an error one of the messages that the document shows for it."""
        request = response.request
        assert response.status_code == status, f"{request.method} {request.path_url}: {response.status_code} {response.text[:500]}"
        if status >= 400:
            operation = self.document.find(request.method, request.path_url)
            content = operation.responses[str(status)]["content"]["application/json"]
            known = {plain(one["value"]["message"]) for one in content["examples"].values()}
            assert plain(response.json()["message"]) in known, (operation.id, response.json()["message"])
        return response

    def refusals(self, client, method, path):
        """What every operation refuses that needs a credential."""
        self.said(self.nobody.request(method, path), 401)
        self.said(self.client(self.registry.bearer("stp_wrong")).request(method, path), 401)
        self.said(client.request(method, path, headers={"Accept": "image/png"}), 415)
        self.said(client.request(method, path, headers={"X-GitHub-Api-Version": "1999-01-01"}), 400)

    def bad_bodies(self, client, method, path, field=None):
        """What every operation with a body refuses besides; field: one that is a string and required."""
        self.refusals(client, method, path)
        for body in (b"{", b"[]", DEEP, b"7", b'{"name":"\\u0000"}', b'{"a":1,"a":2}', b"\xff"):
            self.said(client.request(method, path, data=body, headers=JSON), 400)
        for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            self.said(client.request(method, path, data=b"{}", headers={"Content-Type": media}), 415)
        assert client.request(method, path, data=HUGE, headers=JSON).status_code == 413
        self.said(client.request(method, path, json={"colour": "x" * 5000}), 422)
        if field:
            self.said(client.request(method, path, json={}), 422)
            self.said(client.request(method, path, data=b""), 422)
            self.said(client.request(method, path, json={field: 7}), 422)

    def unchanged(self, client, path):
        """The answer, which is not sent again to who has it."""
        first = self.said(client.get(path), 200)
        self.said(client.get(path, headers={"If-None-Match": first.headers["ETag"]}), 304)
        return first

    def pages(self, client, path):
        """Every entry of a list of pages of one, and the whole."""
        found, url = [], f"{path}?per_page=1"
        while url:
            answer = self.said(client.get(url), 200)
            found += answer.json()
            following = re.search(r'<https?://[^/]+([^>]+)>; rel="next"', answer.headers.get("Link", ""))
            url = following and following[1]
        assert found == self.said(client.get(f"{path}?per_page=100"), 200).json()
        assert self.said(client.get(f"{path}?per_page=100&page=99999999999999999999"), 200).json() == []
        return found

    def complete(self, *operations):
        """Every status that the document has for these was seen."""
        found = [one for one in self.document.operations if f"{one.method} {one.path}" in operations]
        assert len(found) == len(operations)
        declared = {(one.id, int(status)) for one in found for status in one.responses if status != "default"}
        assert declared - self.seen == set()
