"""What programs that clean up packages do against GitHub's Packages API, to the end: only the intended versions go."""

import itertools
import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone

import pytest

from harness import images, raw
from harness.cleaners import CleanupAction, DeletePackageVersions, RetentionPolicy, moment
from harness.client import Client, refused as registry_refused
from harness.packages_api import PackagesApi, links, path, refused, succeeded
from harness.server import Account, basic_header


@dataclass
class Place:
    """A user, an organization of hers, and her clients of both interfaces."""
    registry: object
    account: Account
    org: str
    client: Client
    api: PackagesApi

    def owner(self, kind):
        return self.account.name if kind == "user" else self.org

    def pulls(self, name, reference):
        """Pull everything behind a reference; returns the digests of its manifests."""
        answer = succeeded(self.client.get_manifest(name, reference), 200)
        digest = images.digest_of(answer.content)
        assert answer.headers["Docker-Content-Digest"] == digest
        body = answer.json()
        for blob in [body["config"], *body["layers"]] if "layers" in body else []:
            assert images.digest_of(succeeded(self.client.get_blob(name, blob["digest"]), 200).content) == blob["digest"]
        return {digest}.union(*(self.pulls(name, child["digest"]) for child in body.get("manifests", ())))

    def gone(self, name, digest):
        registry_refused(self.client.get_manifest(name, digest), 404, "MANIFEST_UNKNOWN")

    def push_index(self, name, *tags, children=None):
        """A multi-architecture image; its children have no tag of their own."""
        children = children or [self.client.push_image(name) for _ in range(2)]
        return self.client.push_manifest(name, images.index(children, annotations={"n": uuid.uuid4().hex}), *tags)


def make_place(registry):
    serial = uuid.uuid4().hex[:8]
    account = registry.user("u" + serial)
    registry.cli("org", "create", "o" + serial, "--owner", account.name)
    return Place(registry, account, "o" + serial, registry.client(account), PackagesApi(registry, account.token))


@pytest.fixture(scope="module")
def place(registry):
    yield make_place(registry)
    assert registry.problems() == 0


def numbered(count):
    """Manifests that differ in a number alone."""
    base = images.descriptor(images.EMPTY_JSON, images.OCI_EMPTY)
    stamp = uuid.uuid4().hex
    return [images.document(images.OCI_MANIFEST, config=base, layers=[], annotations={"n": f"{stamp} {number}"})
            for number in range(count)]


class Flood:
    """Pushes many manifests over connections that stay."""

    def __init__(self, place, name):
        self.place, self.name = place, name
        place.client.push_blob(name, images.EMPTY_JSON)
        self.authorization = basic_header(place.account.name, place.account.token)

    def request(self, document, tag=None):
        return raw.request("PUT", f"/v2/{self.name}/manifests/{tag or document.digest}", self.place.registry.host,
                           [("Authorization", self.authorization), ("Content-Type", document.media_type)],
                           document.body, close=False)

    def push(self, documents, tag=None):
        """In this order, so that the numbers of the versions ascend; all have the tag for a while."""
        with raw.connect(self.place.registry.address, 60) as connection:
            for at in range(0, len(documents), 50):
                batch = documents[at:at + 50]
                connection.sendall(b"".join(self.request(document, tag) for document in batch))
                received = b""
                while received.count(b"HTTP/1.1 ") < len(batch) or not received.endswith(b"\r\n\r\n"):
                    part = connection.recv(65536)
                    assert part, f"closed after {received!r}"
                    received += part
                assert received.count(b"HTTP/1.1 201 ") == len(batch), received
        return [document.digest for document in documents]


# actions/delete-package-versions


@pytest.mark.parametrize("kind", ["user", "org"])
def test_deleting_the_oldest_versions_leaves_all_others(place, kind):
    name = f"{place.owner(kind)}/old/nest-{kind}"
    digests = Flood(place, name).push(numbered(130))
    place.client.push_image(name, "latest")
    answers = DeletePackageVersions(place.api, place.owner(kind), name.split("/", 1)[1], oldest=30).run()
    assert {answer.status_code for answer in answers.values()} == {204}
    assert set(answers) == set(digests[:30])
    for digest in digests[:30]:
        place.gone(name, digest)
    for digest in [*digests[30:], "latest"]:
        place.pulls(name, digest)
    left = place.api.versions(f"/users/{place.owner(kind)}", name.split("/", 1)[1])
    assert set(left) == {*digests[30:], place.client.head_manifest(name, "latest").headers["Docker-Content-Digest"]}


def test_keeping_a_number_of_versions_deletes_the_oldest_beyond_it(place):
    name = f"{place.org}/keep"
    digests = Flood(place, name).push(numbered(110))
    place.client.push_image(name, "latest")
    run = DeletePackageVersions(place.api, place.org, "keep", keep=100).run
    assert set(run()) == set(digests[:11])
    assert run() == {}
    for digest in digests[11:]:
        succeeded(place.client.head_manifest(name, digest), 200)


@pytest.mark.parametrize("kind", ["user", "org"])
def test_deleting_untagged_versions_never_breaks_an_image_of_many_platforms(place, kind):
    """The children of a live index have no tag: to delete them is refused, and the images stay whole."""
    owner = place.owner(kind)
    name = f"{owner}/multi"
    orphans = Flood(place, name).push(numbered(60))
    live = [place.push_index(name, tag) for tag in ("v1", "v2")]
    whole = {tag: place.pulls(name, tag) for tag in ("v1", "v2")}
    orphans += Flood(place, name).push(numbered(60))
    answers = {}
    for _ in range(2):  # a run takes 100
        answers |= DeletePackageVersions(place.api, owner, "multi", untagged=True, keep=0).run()
    children = {child["digest"]: index for index in live for child in index.json["manifests"]}
    assert set(answers) == {*orphans, *children}
    for digest in orphans:
        assert answers[digest].status_code == 204
    for digest, index in children.items():
        refused(answers[digest], 400, "You cannot delete a version that the index "
                f"{index.digest} lists. Delete that version first.")
    assert {tag: place.pulls(name, tag) for tag in ("v1", "v2")} == whole
    assert set(place.api.versions(f"/users/{owner}", "multi")) == whole["v1"] | whole["v2"]


def test_a_package_is_never_left_without_a_tagged_version(place):
    name = f"{place.org}/all"
    image = place.client.push_image(name, "v1", "v2")
    (answer,) = DeletePackageVersions(place.api, place.org, "all", oldest=5).run().values()
    refused(answer, 400, "You cannot delete the last tagged version of a package. You must delete the package instead.")
    assert place.pulls(name, "v1") == place.pulls(name, "v2") == {image.digest}


# dataaxiom/ghcr-cleanup-action


@pytest.mark.parametrize("kind", ["user", "org"])
def test_untagging_by_a_changed_manifest_takes_one_tag_away(place, kind):
    owner, short = place.owner(kind), f"untag/{kind}"
    name = f"{owner}/{short}"
    image = place.client.push_image(name, "v1", "latest")
    index = place.push_index(name, "multi", "multi-latest")
    whole = place.pulls(name, "multi")
    action = CleanupAction(place.api, place.account.token, owner, short)
    assert action.form == ("/user" if kind == "user" else f"/orgs/{owner}")
    assert short in action.packages()
    action.load()
    action.log_in()
    action.untag("latest", "multi-latest")
    assert place.api.tags(action.form, short) == {"v1": image.digest, "multi": index.digest}
    assert place.client.tags(name) == ["multi", "v1"]
    assert set(place.api.versions(action.form, short)) == {image.digest} | whole
    assert place.pulls(name, "v1") == {image.digest} and place.pulls(name, "multi") == whole
    for tag in ("latest", "multi-latest"):
        place.gone(name, tag)


@pytest.mark.parametrize("kind", ["user", "org"])
def test_untagged_images_go_with_their_children_and_referrers_and_nothing_else_does(place, kind):
    owner, short = place.owner(kind), f"whole-{kind}"
    name = f"{owner}/{short}"
    shared, single = place.client.push_image(name), place.client.push_image(name, "single")
    live = place.push_index(name, "live", children=[shared, place.client.push_image(name)])
    live_signature = place.client.push_artifact(name, "application/x.signature", live)
    old = place.push_index(name, children=[shared, place.client.push_image(name)])
    old_signature = place.client.push_artifact(name, "application/x.signature", old)
    orphans = Flood(place, name).push(numbered(120))
    action = CleanupAction(place.api, place.account.token, owner, short)
    action.load()
    action.log_in()
    action.delete_untagged()
    kept = place.pulls(name, "live") | {single.digest, live_signature.digest}
    assert shared.digest in kept
    assert set(place.api.versions(action.form, short)) == kept
    for digest in [old.digest, old_signature.digest, old.json["manifests"][1]["digest"], *orphans]:
        place.gone(name, digest)
    assert [one["digest"] for one in place.client.referrers(name, live.digest)] == [live_signature.digest]


def test_the_form_for_users_works_for_packages_of_others(place, registry):
    """The action takes it where the token is another user's, who has a role on the package; user_by_name says whose."""
    other = make_place(registry)
    name = f"{place.account.name}/granted"
    image, old = place.client.push_image(name, "v1"), place.client.push_image(name)
    registry.cli("access", "grant", name, other.account.name, "admin")
    action = CleanupAction(other.api, other.account.token, place.account.name, "granted")
    assert action.form == f"/users/{place.account.name}"
    action.load()
    action.log_in()
    action.delete_untagged()
    place.gone(name, old.digest)
    assert place.pulls(name, "v1") == {image.digest}


# snok/container-retention-policy


@pytest.mark.parametrize("scopes", ["read:packages", "write:packages", "read:packages,write:packages"])
def test_the_retention_tool_ends_at_once_with_a_token_that_may_not_delete(registry, place, scopes):
    token = registry.token(place.account.name, scopes)
    with pytest.raises(SystemExit, match="delete:packages"):
        RetentionPolicy(PackagesApi(registry, token), token)


def test_the_retention_tool_ends_at_once_with_a_wrong_token(registry):
    with pytest.raises(SystemExit, match="not valid"):
        RetentionPolicy(PackagesApi(registry, "stp_wrong"), "stp_wrong")


@pytest.mark.parametrize("kind", ["user", "org"])
def test_retention_deletes_what_was_last_touched_before_and_protects_children(place, kind):
    owner = place.owner(kind)
    short = f"kept/{kind}"
    name = f"{owner}/{short}"
    old = Flood(place, name).push(numbered(210))  # more than two pages
    live = place.push_index(name, "live")
    touched = place.client.push_image(name)
    place.client.push_manifest(name, touched, "moves")
    latest = max(moment(one["updated_at"]) for one in place.api.every(path(f"/users/{owner}", short, "versions")))
    while datetime.now(timezone.utc).timestamp() < latest.timestamp() + 1:
        time.sleep(0.02)  # times have seconds
    cut_off = datetime.fromtimestamp(latest.timestamp() + 0.5, timezone.utc)
    fresh = place.client.push_image(name, "moves")  # the tag leaves the older one, which is touched by that
    tool = RetentionPolicy(place.api, place.account.token, owner if kind == "org" else None)
    assert short in tool.packages()
    deleted = tool.run(short, cut_off, login=owner)
    assert deleted == set(old)
    kept = place.pulls(name, "live") | {touched.digest, fresh.digest}
    assert live.digest in kept
    assert set(place.api.versions(f"/users/{owner}", short)) == kept


# Pages


def test_each_relation_leads_where_it_says(place):
    """The first page names the next and the last, those between all four, the last the one before and the first."""
    name = f"{place.org}/links"
    digests = Flood(place, name).push(numbered(250))[::-1]
    listed = path(f"/orgs/{place.org}", "links", "versions")
    first = place.api.get(listed, params={"per_page": 100, "state": "active"})
    second = place.api.get(links(first)["next"])
    last = place.api.get(links(first)["last"])
    assert [set(links(page)) for page in (first, second, last)] == [
        {"next", "last"}, {"prev", "next", "last", "first"}, {"prev", "first"}]
    for page, part in ((first, digests[:100]), (second, digests[100:200]), (last, digests[200:]),
                       (place.api.get(links(second)["prev"]), digests[:100]),
                       (place.api.get(links(second)["next"]), digests[200:]),
                       (place.api.get(links(last)["prev"]), digests[100:200]),
                       (place.api.get(links(last)["first"]), digests[:100])):
        assert [version["name"] for version in page.json()] == part
    for page in (first, second, last):
        for url in links(page).values():
            assert url.startswith(place.registry.url + "/api/v3" + listed + "?") and "," not in url
            assert "per_page=100" in url and "state=active" in url
    assert links(place.api.get(listed, params={"per_page": 100, "page": 4})).keys() <= {"prev", "first", "last"}


class Walk:
    """Others push and delete while one walks along the pages, newest first."""

    def __init__(self, place, short, count):
        self.place, self.name = place, f"{place.org}/{short}"
        self.listed = path(f"/orgs/{place.org}", short, "versions")
        documents = numbered(count)
        Flood(place, self.name).push(documents[:1])
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda part: Flood(place, self.name).push(documents[1 + part::8]), range(8)))
        self.before = [version["id"] for version in place.api.every(self.listed)]
        assert len(self.before) == count and self.before == sorted(set(self.before), reverse=True)
        self.over, self.pushed, self.deleted = False, [], []
        self.may_push, self.may_delete = threading.Semaphore(0), threading.Semaphore(0)

    def go_on(self):
        """For each page 20 versions more and 20 fewer, so that the walk comes to an end however slow it is."""
        self.may_push.release(20)
        self.may_delete.release(20)

    def push(self):
        flood = Flood(self.place, self.name)
        while self.may_push.acquire() and not self.over:
            self.pushed += flood.push(numbered(1))

    def delete(self, victims):
        api = self.place.api.another()
        for number in victims:
            if self.may_delete.acquire() and self.over:
                return
            succeeded(api.delete(f"{self.listed}/{number}"), 204)
            self.deleted.append(number)
        raise AssertionError("nothing is left to delete")

    def met(self, pages, victims):
        """The numbers of versions on the pages, from before whose first until after whose last others write."""
        found = []
        with ThreadPoolExecutor(2) as pool:
            others = [pool.submit(self.push), pool.submit(self.delete, victims)]
            try:
                self.go_on()
                for page in pages:
                    self.go_on()
                    numbers = [version["id"] for version in page.json()]
                    assert numbers == sorted(set(numbers), reverse=True)  # each page is one state
                    found += numbers
            finally:
                self.over = True
                self.go_on()
            for other in others:
                other.result()
        assert self.pushed and self.deleted
        return found

    def stayed(self):
        return set(self.before) - set(self.deleted)


def test_along_next_each_of_10_000_versions_that_stays_is_met_once_while_others_push_and_delete(place):
    """Wherever they delete: the address of the next page says where the one before it ended."""
    walk = Walk(place, "many", 10_000)
    met = Counter(walk.met(place.api.pages(walk.listed, per_page=100), random.sample(walk.before, 5000)))
    assert {number for number in walk.stayed() if met[number] != 1} == set()


def test_by_number_of_page_no_version_that_stays_is_lost_while_others_push_and_delete_the_oldest(place):
    """What page numbers alone can promise, newest first, from page 1 to one that is not full.

    A push moves versions to later pages, so that some are met again.  A deletion beyond the page that one is on moves
    only what is still to come, and no further than that page's end; one before it can move a version past the reader.
    """
    walk = Walk(place, "numbers", 3000)

    def pages():
        for number in itertools.count(1):
            page = succeeded(place.api.get(walk.listed, params={"per_page": 100, "page": number}), 200)
            yield page
            if len(page.json()) < 100:
                return

    met = set(walk.met(pages(), walk.before[:-2000:-1]))
    assert walk.stayed() - met == set()
