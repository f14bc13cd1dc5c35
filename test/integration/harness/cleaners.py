"""What three programs that clean up the GitHub Container Registry ask of a server, in their order and their way.

Each is written from what it sends and reads, as strict as it is about the answers.
"""

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from urllib.parse import quote

from . import images
from .client import ACCEPT
from .packages_api import path, succeeded

AT_ONCE = 10
MEDIA_TYPES = ", ".join((images.OCI_MANIFEST, images.OCI_INDEX, images.DOCKER_MANIFEST, images.DOCKER_LIST))


def side_by_side(call, arguments):
    """The results of call(argument), ten under way at a time.  Raises what a call raised."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(call, arguments))


def moment(text):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text), text
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


class DeletePackageVersions:
    """actions/delete-package-versions: at most 100 versions in a run, oldest first.

    It uses the users form for organizations too, and takes a page that is not full for the last one.
    """

    LIMIT = 100

    def __init__(self, api, owner, name, oldest=0, keep=-1, untagged=False):
        self.api, self.oldest, self.keep, self.untagged = api, oldest, keep, untagged
        self.versions = path(f"/users/{owner}", name, "versions")

    def chosen(self):
        found, page = [], 1
        while True:
            got = succeeded(self.api.get(self.versions, params={"per_page": self.LIMIT, "page": page}), 200).json()
            found += got
            if len(got) != self.LIMIT:
                break
            page += 1
        found.sort(key=lambda version: (moment(version["created_at"]), version["id"]))
        if self.untagged:
            found = [version for version in found if not version["metadata"]["container"]["tags"]]
        count = min(len(found), self.oldest) if self.keep < 0 else max(0, len(found) - self.keep)
        return found[:min(count, self.LIMIT)]

    def run(self):
        """The answers to the deletions, by digest."""
        chosen = self.chosen()
        answers = side_by_side(lambda version: self.api.delete(f"{self.versions}/{version['id']}"), chosen)
        return {version["name"]: answer for version, answer in zip(chosen, answers)}


class CleanupAction:
    """dataaxiom/ghcr-cleanup-action: untags by pushing a changed manifest, and deletes untagged images whole."""

    LAST_PAGE = re.compile(r'<[^>]*[?&]page=(\d+)[^>]*>\s*;\s*rel="last"')

    def __init__(self, api, token, owner, name):
        self.api, self.token, self.owner, self.name = api, token, owner, name
        self.registry = api.registry.bare()
        self.bearer = {}
        self.form = self.choose_form()

    def choose_form(self):
        kind = succeeded(self.api.get(f"/users/{self.owner}"), 200).json()["type"]
        assert kind in ("User", "Organization")
        login = self.api.get("/user")
        assert login.status_code in (200, 401, 403, 404)
        if kind == "Organization":
            return f"/orgs/{self.owner}"
        return "/user" if login.json().get("login", "").lower() == self.owner.lower() else f"/users/{self.owner}"

    def packages(self):
        return [package["name"] for package in self.api.every(path(self.form), package_type="container")]

    def page(self, number):
        parameters = {"state": "active", "per_page": 100, "page": number}
        return succeeded(self.api.get(path(self.form, self.name, "versions"), params=parameters), 200)

    def load(self):
        """All versions: the first page says how many there are, the others are asked for side by side."""
        first = self.page(1)
        last = self.LAST_PAGE.search(first.headers.get("Link", ""))
        others = side_by_side(self.page, range(2, int(last[1]) + 1 if last else 2))
        self.versions = {version["name"]: version for page in (first, *others) for version in page.json()}
        self.tags = {tag: digest for digest, version in self.versions.items()
                     for tag in version["metadata"]["container"]["tags"]}

    # The registry

    def url(self, *rest):
        return "/".join((f"/v2/{self.owner}/{self.name}", *rest))

    @staticmethod
    def cut(challenge):
        """It cuts at every comma, also between quotation marks: of "repository:NAME:pull,push" the first half is left."""
        found = {}
        for part in challenge.removeprefix("Bearer ").split(","):
            key, equals, value = part.partition("=")
            if equals:
                found[key] = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
        return found

    def challenged(self, method, url, **options):
        """Ask without a credential, for the challenge, and again with the token that it leads to."""
        if method not in self.bearer:
            response = self.registry.send(method, url, **options)
            assert response.status_code == 401
            challenge = self.cut(response.headers["WWW-Authenticate"])
            assert {"realm", "service", "scope"} <= set(challenge)
            realm = challenge["realm"].removeprefix(self.api.registry.url)
            granted = self.registry.send("GET", f"{realm}?service={challenge['service']}&scope={challenge['scope']}",
                                         auth=("token", self.token))
            self.bearer[method] = succeeded(granted, 200).json()["token"]
        return self.registry.send(method, url, authorization=f"Bearer {self.bearer[method]}", **options)

    def log_in(self):
        succeeded(self.challenged("GET", self.url("tags", "list")), 200)

    def manifest(self, digest):
        answer = self.challenged("GET", self.url("manifests", digest), headers={"Accept": MEDIA_TYPES})
        return json.loads(succeeded(answer, 200).content)

    # What it does

    def untag(self, *tags):
        """Under each tag a manifest without content, which is then deleted."""
        for tag in tags:
            manifest = self.manifest(self.tags[tag])
            manifest["manifests" if "manifests" in manifest else "layers"] = []
            manifest["annotations"] = {**manifest.get("annotations", {}), "untagged": f"{tag} {datetime.now()}"}
            pushed = self.challenged("PUT", self.url("manifests", tag), data=images.encode(manifest),
                                     headers={"Content-Type": manifest["mediaType"]})
            succeeded(pushed, 201)
        before = self.tags
        self.load()
        for tag in tags:
            assert self.tags[tag] != before[tag]
            self.delete(self.tags[tag])

    def delete(self, digest):
        """404: the list was old, and it is gone; fine."""
        answer = self.api.delete(path(self.form, self.name, "versions", self.versions[digest]["id"]))
        assert answer.status_code in (204, 404), answer.text

    def delete_untagged(self):
        """Images without a tag that no other image needs: first each, then its children and referrers."""
        self.load()
        manifests = dict(zip(self.versions, side_by_side(self.manifest, self.versions)))
        parents = {digest: set() for digest in manifests}
        referrers = {digest: set() for digest in manifests}
        for digest, manifest in manifests.items():
            for child in manifest.get("manifests", ()):
                parents.setdefault(child["digest"], set()).add(digest)
            if "subject" in manifest:
                referrers.setdefault(manifest["subject"]["digest"], set()).add(digest)
        tagged = set(self.tags.values())
        for digest, manifest in manifests.items():
            if digest not in tagged and not parents[digest] and "subject" not in manifest:
                self.delete_whole(digest, manifests, parents, referrers)

    def delete_whole(self, digest, manifests, parents, referrers):
        self.delete(digest)
        children = [child["digest"] for child in manifests[digest].get("manifests", ())]
        side_by_side(self.delete, [child for child in children if parents[child] == {digest}])
        for child in children:
            parents[child].discard(digest)
        for referrer in referrers[digest]:
            self.delete_whole(referrer, manifests, parents, referrers)


class RetentionPolicy:
    """snok/container-retention-policy: reads answers into strict types, and ends where one does not fit."""

    def __init__(self, api, token, owner=None):
        """owner: an organization; without it the packages are those of the token's user."""
        self.api, self.token = api, token
        self.login = owner
        self.form = f"/orgs/{owner}" if owner else "/user"
        self.check_token()

    def check_token(self):
        """Before all else; SystemExit, as the program ends."""
        answer = self.api.get("/rate_limit")
        if answer.status_code == 401:
            raise SystemExit("the token is not valid")
        self.remaining = int(answer.headers["X-RateLimit-Remaining"])
        assert int(answer.headers["X-RateLimit-Reset"]) > 0
        if "delete:packages" not in answer.headers.get("X-OAuth-Scopes", ""):
            raise SystemExit("the token needs delete:packages")

    @staticmethod
    def next_link(value):
        """It cuts the header at each comma and looks for the four words anywhere in a part."""
        for part in (value or "").split(","):
            if not part:
                continue
            if any(word in part for word in ("prev", "first", "last")):
                continue
            assert "next" in part, f"unknown relation: {part}"
            sections = part.strip().split(";")
            assert len(sections) == 2, part
            return sections[0].strip().strip("<>")
        return None

    def listed(self, target):
        """Along the pages as long as requests remain."""
        found = []
        while target:
            answer = succeeded(self.api.get(target), 200)
            found += answer.json()
            remaining = int(answer.headers["X-RateLimit-Remaining"])
            target = self.next_link(answer.headers.get("Link")) if remaining > 1 else None
        return found

    @staticmethod
    def number(value):
        assert type(value) is int and 0 <= value < 1 << 32, value
        return value

    def packages(self):
        found = self.listed(f"{self.form}/packages?package_type=container&per_page=100")
        for package in found:
            self.number(package["id"])
            assert moment(package["updated_at"]) >= moment(package["created_at"])
        return [package["name"] for package in found]

    def versions(self, name):
        """(number, digest, tags, time that counts) of each version."""
        found = []
        for version in self.listed(f"{self.form}/packages/container/{quote(name, safe='')}/versions?per_page=100"):
            tags = version["metadata"]["container"]["tags"]
            assert isinstance(version["name"], str) and all(isinstance(tag, str) for tag in tags)
            moment(version["created_at"])
            found.append((self.number(version["id"]), version["name"], tags, moment(version["updated_at"])))
        return found

    def children(self, name, digest):
        """From the registry, with the token in base64 as the bearer token and %2F in the path."""
        bearer = base64.b64encode(self.token.encode()).decode()
        target = f"/v2/{quote(self.login, safe='')}/{quote(name, safe='')}/manifests/{digest}"
        answer = self.api.registry.bearer(bearer).send("GET", target, headers={"Accept": ACCEPT},
                                                       authorization=f"Bearer {bearer}")
        return [child["digest"] for child in succeeded(answer, 200).json().get("manifests", ())]

    def run(self, name, before, login=None):
        """Delete what has no tag, is no child of a tagged index, and was last touched earlier; returns its digests."""
        self.login = self.login or login
        found = self.versions(name)
        tagged = [digest for _, digest, tags, _ in found if tags]
        kept = {child for children in side_by_side(lambda digest: self.children(name, digest), tagged) for child in children}
        chosen = [(number, digest) for number, digest, tags, touched in found
                  if not tags and digest not in kept and touched < before]
        assert len(chosen) < self.remaining

        def delete(one):
            succeeded(self.api.delete(f"{self.form}/packages/container/{quote(name, safe='')}/versions/{one[0]}"), 204)

        side_by_side(delete, chosen)
        return {digest for _, digest in chosen}
