"""Tags by the management API: one by one, their history, going back (L5; V36, V37, V41).

Routes package_tags, package_tag, tag_history, tag_rollback, package_history.
"""

import json
import random
import time
from datetime import datetime, timezone

import pytest

from harness import Registry
from harness.issuer import Issuer
from harness.rest_world import DELETE, FORMS, READ, WRITE, World, complete, refusals, route, said, unchanged

PACKAGE = "/packages/{package_type}/{package_name}"
TAG = f"{PACKAGE}/tags/{{tag}}"
ABSENT = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def issuer():
    served = Issuer()
    yield served
    served.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, issuer):
    registry = Registry(tmp_path_factory.mktemp("tags"), {"net.allow": "127.0.0.0/8", "login.free_attempts": "0"})
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture(params=FORMS)
def world(server, issuer, request):
    return World(server, issuer, request.param)


@pytest.fixture
def acme(server, issuer):
    """An organization's packages."""
    return World(server, issuer, "orgs")


def push(world, *tags, name="app"):
    """A new image under these tags; its digest."""
    return world.push.push_image(world.package(name), *tags).digest


def put(world, where, name="app", status=200, client=None, **body):
    return said((client or world.all).put(world.path(name, f"/tags/{where}"), json=body), status)


def events(world, rest, status=200):
    return said(world.all.get(world.path("app", rest)), status).json()


def told(rows):
    """The history from the beginning on: tag, digests, and who."""
    return [(row["tag"], row["old_digest"], row["new_digest"], row["actor"]) for row in reversed(rows)]


def names(response):
    return [row["name"] for row in response.json()]


def refused_bodies(world, method, path, fields):
    """What no route with a body takes; fields: a good body."""
    def send(status, data, media="application/json"):
        return said(world.all.request(method, path, data=data, headers={"Content-Type": media} if media else {}), status)

    for bad in ("{", "[", "nothing", '{"digest": "x"', "[" * 5000, '{"a":' * 40 + "1" + "}" * 40, '{"a":1,"a":1}', '{"digest": "\\u0000"}', b"\xff"):
        send(400, bad)
    for bad in ("[]", '["digest"]'):
        send(400, bad)
    for media in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data; boundary=x"):
        send(415, json.dumps(fields), media)
    send(422, json.dumps({**fields, "force": True}))
    assert world.all.request(method, path, data="x" * 70000, headers={"Content-Type": "application/json"}).status_code == 413


# As described


def test_lists_of_tags_are_as_described(world):
    for tag in ("b", "a", "c"):
        push(world, tag)
    path = world.path("app", "/tags")
    assert sorted(names(unchanged(world, path))) == ["a", "b", "c"]
    assert names(said(world.all.get(f"{path}?sort=name"), 200)) == ["a", "b", "c"]
    assert names(said(world.all.get(f"{path}?sort=name&direction=desc&per_page=2"), 200)) == ["c", "b"]
    page = said(world.all.get(f"{path}?sort=name&per_page=2&page=2"), 200)
    assert names(page) == ["c"] and 'rel="prev"' in page.headers["Link"] and "sort=name" in page.headers["Link"]
    assert names(said(world.all.get(f"{path}?page=99999999999999999999"), 200)) == []
    for wrong in ("sort=manifest_id", "sort=name;DROP TABLE tag", "sort=", "direction=up", "sort=name&direction="):
        said(world.all.get(f"{path}?{wrong}"), 422)
    refusals(world, "GET", path, DELETE)
    said(world.all.get(world.path("absent", "/tags")), 404)
    complete(world, route(world, "GET", f"{PACKAGE}/tags"))


def test_a_tag_is_as_described(world):
    digest = push(world, "v1", "v2")
    path = world.path("app", "/tags/v1")
    row = unchanged(world, path).json()
    assert (row["name"], row["digest"]) == ("v1", digest)
    assert said(world.all.get(row["package_version_url"].partition(world.registry.host)[2]), 200).json()["name"] == digest
    assert said(world.all.get(row["url"].partition(world.registry.host)[2]), 200).json() == row
    name, _, reference = row["reference"].partition("@")
    assert (name, reference) == (f"{world.registry.host}/{world.package('app')}", digest)
    refusals(world, "GET", path, DELETE)
    said(world.all.get(f"{path}?at=yesterday"), 422)
    said(world.all.get(f"{path}?at=2020-01-01"), 404)
    then = said(world.all.get(f"{path}?at=2999-01-01"), 200).json()
    assert (then["digest"], then["package_version_id"]) == (digest, row["package_version_id"])
    for absent in ("v3", "v" * 200, "a%2Fb", "%E2%82%AC"):
        assert world.all.get(world.path("app", f"/tags/{absent}")).status_code == 404
    complete(world, route(world, "GET", TAG))


def test_setting_and_removing_a_tag_is_as_described(world):
    old, new = push(world, "old"), push(world, "new")
    path = world.path("app", "/tags/v1")
    assert put(world, "v1", status=201, digest=old).json()["digest"] == old
    assert put(world, "v1", digest=new).json()["digest"] == new
    assert put(world, "v1", tag="old").json()["digest"] == old
    assert put(world, "v1", package_version_id=world.ids("app")[new]).json()["digest"] == new
    assert world.push.get_manifest(world.package("app"), "v1").headers["Docker-Content-Digest"] == new
    refused_bodies(world, "PUT", path, {"digest": old})
    for bad in ({}, {"digest": old, "tag": "old"}, {"digest": "old"}, {"digest": old.upper()}, {"digest": ABSENT}, {"tag": "absent"},
                {"tag": "x" * 5000}, {"package_version_id": 0}, {"package_version_id": 4294967295}, {"digest": 7}, {"digest": None}):
        put(world, "v1", status=422, **bad)
    for bad in ("-v", ".v", "v" * 129, "a%2Fb", "a%20b", "%C3%A4"):
        put(world, bad, status=422, digest=old)
        said(world.all.delete(world.path("app", f"/tags/{bad}")), 422)
    refusals(world, "PUT", path, READ, {"digest": old})
    put(world, "v1", name="absent", status=404, digest=old)
    refusals(world, "DELETE", path, READ)
    said(world.all.delete(path, data="{}", headers={"Content-Type": "application/json"}), 422)
    assert said(world.all.get(path), 200).json()["digest"] == new
    said(world.all.delete(path), 204)
    said(world.all.delete(path), 404)
    assert new in world.ids("app")
    complete(world, route(world, "PUT", TAG), route(world, "DELETE", TAG))


def test_histories_are_as_described(world):
    one, two = push(world, "v1"), push(world, "v2", "v1")
    who = world.boss.name
    for rest, told_of in (("/tags/v1/history", [("v1", None, one, who), ("v1", one, two, who)]),
                          ("/history", [("v1", None, one, who), ("v2", None, two, who), ("v1", one, two, who)])):
        path = world.path("app", rest)
        assert told(unchanged(world, path).json()) == told_of
        refusals(world, "GET", path, DELETE)
        said(world.all.get(world.path("absent", rest)), 404)
    said(world.all.get(world.path("app", "/tags/v3/history")), 404)
    complete(world, route(world, "GET", f"{TAG}/history"), route(world, "GET", f"{PACKAGE}/history"))


def test_going_back_is_as_described(world):
    one, two = push(world, "v1"), push(world, "v1")
    path = world.path("app", "/tags/v1/rollback")
    assert said(world.all.post(path), 200).json()["digest"] == one
    assert said(world.all.post(path, json={}), 200).json()["digest"] == two
    assert said(world.all.post(path, json={"number": 1}), 200).json()["digest"] == one
    assert said(world.all.post(path, json={"at": "2999-01-01T00:00:00+01:00"}), 200).json()["digest"] == one
    refused_bodies(world, "POST", path, {})
    for bad in ({"number": 99}, {"number": 0}, {"number": "1"}, {"at": "then"}, {"at": "1970-01-01"}, {"at": "2020-01-01"}, {"number": 1, "at": "2999-01-01"}):
        said(world.all.post(path, json=bad), 422)
    refusals(world, "POST", path, READ)
    said(world.all.post(world.path("app", "/tags/v2/rollback")), 404)
    said(world.all.post(world.path("app", "/tags/-/rollback")), 422)
    push(world, "new")
    said(world.all.post(world.path("app", "/tags/new/rollback")), 422)
    said(world.all.delete(world.path("app", f"/versions/{world.ids('app')[two]}")), 204)
    assert two in said(world.all.post(path, json={"number": 2}), 409).json()["message"]
    assert said(world.all.get(world.path("app", "/tags/v1")), 200).json()["digest"] == one
    complete(world, route(world, "POST", f"{TAG}/rollback"))


# Who may


def test_reading_does_not_suffice_to_move_a_tag(acme):
    digest = push(acme, "v1")
    acme.registry.cli("access", "grant", acme.package("app"), acme.reader.name, "read")
    reader = acme.client(acme.registry.bearer(acme.reader.token))
    assert said(reader.get(acme.path("app", "/tags/v1")), 200).json()["digest"] == digest
    assert said(put(acme, "v2", client=reader, status=403, digest=digest), 403).json()["message"] == "Must have write rights to the package."
    said(reader.post(acme.path("app", "/tags/v1/rollback")), 403)
    said(reader.delete(acme.path("app", "/tags/v1")), 403)
    assert len(events(acme, "/history")) == 1
    for rest in ("/history", "/tags/v1/history"):
        assert told(said(reader.get(acme.path("app", rest)), 200).json()) == [("v1", None, digest, None)]


def test_writers_move_tags_and_do_not_remove_them(acme):
    digest = push(acme, "v1")
    acme.registry.cli("access", "grant", acme.package("app"), acme.reader.name, "write")
    writer = acme.client(acme.registry.bearer(acme.reader.token))
    put(acme, "v2", client=writer, status=201, digest=digest)
    said(writer.delete(acme.path("app", "/tags/v2")), 403)
    assert told(events(acme, "/tags/v2/history")) == [("v2", None, digest, acme.reader.name)]
    assert said(writer.get(acme.path("app", "/tags/v2/history")), 200).json()[0]["actor"] == acme.reader.name


@pytest.mark.parametrize("method, rest", [("GET", "/tags"), ("GET", "/tags/v1"), ("GET", "/tags/v1?at=2999-01-01"), ("PUT", "/tags/v1"), ("DELETE", "/tags/v1"),
                                          ("GET", "/tags/v1/history"), ("POST", "/tags/v1/rollback"), ("GET", "/history")])
def test_a_package_of_others_is_answered_like_none(acme, method, rest):
    push(acme, "v1")
    stranger = acme.client(acme.registry.bearer(acme.reader.token))
    body = {"json": {"digest": ABSENT}} if method == "PUT" else {}
    hidden = stranger.request(method, acme.path("app", rest), **body)
    absent = stranger.request(method, acme.path("none", rest), **body)
    assert hidden.status_code == 404 and hidden.json()["message"] == "Package not found."
    assert {k: v for k, v in hidden.json().items()} == {k: v for k, v in absent.json().items()}
    assert len(events(acme, "/history")) == 1


def test_v37_a_version_of_another_package_is_none_to_lead_to(acme):
    push(acme, "v1")
    other = push(acme, "v1", name="other")
    put(acme, "v1", status=422, package_version_id=acme.ids("other")[other])
    put(acme, "v1", status=422, digest=other)
    assert len(events(acme, "/history")) == 1


def test_a_deleted_version_is_none_to_lead_to(acme):
    digest, _ = push(acme, "v1"), push(acme, "v2")
    version = acme.ids("app")[digest]
    said(acme.all.delete(acme.path("app", f"/versions/{version}")), 204)
    put(acme, "v3", status=422, digest=digest)
    put(acme, "v3", status=422, package_version_id=version)


def test_a_former_name_is_read_and_not_written(acme):
    digest = push(acme, "v1")
    acme.registry.cli("package", "rename", acme.package("app"), acme.package("web"), "--confirm", acme.package("app"))
    assert said(acme.all.get(acme.path("app", "/tags/v1")), 200).json()["reference"] == f"{acme.registry.host}/{acme.package('web')}@{digest}"
    assert acme.all.put(acme.path("app", "/tags/v2"), json={"digest": digest}).status_code in (403, 404)
    assert names(said(acme.all.get(acme.path("web", "/tags")), 200)) == ["v1"]


# What history holds


def test_history_equals_what_was_done_by_whatever_way(acme):
    """Pushes, moves, removals, deletions and restorations of versions, and going back, in a random order."""
    rng = random.Random(7)
    held = [push(acme, f"keep{i}") for i in range(4)]
    wanted, where = [], {}
    who = acme.boss.name

    def led(tag, digest):
        if where.get(tag) != digest:
            wanted.append((tag, where.get(tag), digest, who))
        where[tag] = digest

    for _ in range(120):
        tag, digest = rng.choice("abc"), rng.choice(held)
        act = rng.choice(["put", "push", "remove", "api remove", "back", "trash"])
        if act == "put":
            assert acme.all.put(acme.path("app", f"/tags/{tag}"), json={"digest": digest}).status_code in (200, 201)
            led(tag, digest)
        elif act == "push":
            content = acme.push.get_manifest(acme.package("app"), digest)
            answer = acme.push.put(f"/v2/{acme.package('app')}/manifests/{tag}", data=content.content,
                                   headers={"Content-Type": content.headers["Content-Type"]})
            assert answer.status_code == 201
            led(tag, digest)
        elif act in ("remove", "api remove") and where.get(tag):
            if act == "remove":
                assert acme.push.delete(f"/v2/{acme.package('app')}/manifests/{tag}").status_code == 202
            else:
                said(acme.all.delete(acme.path("app", f"/tags/{tag}")), 204)
            led(tag, None)
        elif act == "back":
            earlier = [one for one in wanted if one[0] == tag]
            if earlier and earlier[-1][1]:
                said(acme.all.post(acme.path("app", f"/tags/{tag}/rollback")), 200)
                led(tag, earlier[-1][1])
        elif act == "trash":
            version = acme.ids("app")[digest]
            tags = sorted(one for one in [*where, f"keep{held.index(digest)}"] if where.get(one, digest) == digest)
            said(acme.all.delete(acme.path("app", f"/versions/{version}")), 204)
            said(acme.all.post(acme.path("app", f"/versions/{version}/restore")), 204)
            wanted += [(one, digest, None, who) for one in tags] + [(one, None, digest, who) for one in tags]
    rows, page = [], acme.path("app", "/history?per_page=7")
    while page:
        answer = said(acme.all.get(page), 200)
        rows += answer.json()
        page = answer.links.get("next", {}).get("url", "").partition(acme.registry.host)[2]
    assert told(rows)[len(held):] == wanted
    assert [row["number"] for row in rows] == list(range(len(rows), 0, -1))
    now = {row["name"]: row["digest"] for row in said(acme.all.get(acme.path("app", "/tags?per_page=100")), 200).json()}
    assert {tag: digest for tag, digest in where.items() if digest} == {tag: digest for tag, digest in now.items() if not tag.startswith("keep")}


def test_a_tag_leads_where_it_led_at_each_time(acme):
    """By the clock of the answers: a second has at most one change."""
    seen = []
    for _ in range(3):
        digest = push(acme, "v1")
        row = said(acme.all.get(acme.path("app", "/tags/v1")), 200).json()
        seen.append((datetime.fromisoformat(row["updated_at"].replace("Z", "+00:00")).timestamp(), digest))
        while time.time() < seen[-1][0] + 1:
            time.sleep(0.02)

    def at(moment):
        text = datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return acme.all.get(acme.path("app", f"/tags/v1?at={text}"))

    said(at(seen[0][0] - 1), 404)
    for moment, digest in seen:
        assert said(at(moment), 200).json()["digest"] == digest
    said(acme.all.delete(acme.path("app", "/tags/v1")), 204)
    assert said(at(seen[1][0]), 200).json()["digest"] == seen[1][1]
    reference = said(at(seen[1][0]), 200).json()["reference"].partition("@")[2]
    assert acme.push.get_manifest(acme.package("app"), reference).status_code == 200
    said(at(time.time() + 60), 404)
    body = {"at": datetime.fromtimestamp(seen[0][0], timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert said(acme.all.post(acme.path("app", "/tags/v1/rollback"), json=body), 200).json()["digest"] == seen[0][1]


def test_history_goes_with_the_package_and_comes_back_with_it(acme):
    digest = push(acme, "v1")
    said(acme.all.delete(acme.path("app")), 204)
    said(acme.all.get(acme.path("app", "/history")), 404)
    said(acme.all.post(acme.path("app", "/restore")), 204)
    assert told(events(acme, "/history")) == [("v1", None, digest, acme.boss.name)]
    said(acme.all.delete(acme.path("app")), 204)
    other = push(acme, "v1")
    assert told(events(acme, "/history")) == [("v1", None, other, acme.boss.name)]


def test_setting_a_tag_to_where_it_leads_changes_nothing(acme):
    digest = push(acme, "v1")
    before = said(acme.all.get(acme.path("app", "/tags/v1")), 200).json()
    assert put(acme, "v1", digest=digest).json() == before
    assert len(events(acme, "/history")) == 1


def test_tags_that_changed_last_come_first(acme):
    one, two = push(acme, "a"), push(acme, "b")
    time.sleep(1.1)  # times are whole seconds
    put(acme, "a", digest=two)
    assert names(said(acme.all.get(acme.path("app", "/tags")), 200)) == ["a", "b"]
    assert names(said(acme.all.get(acme.path("app", "/tags?direction=asc")), 200)) == ["b", "a"]
    time.sleep(1.1)
    put(acme, "b", digest=one)
    assert names(said(acme.all.get(acme.path("app", "/tags")), 200)) == ["b", "a"]


def test_a_token_for_another_package_moves_nothing(acme):
    digest = push(acme, "v1")
    push(acme, "v1", name="other")
    token = acme.registry.token(acme.boss.name, scopes=",".join((READ, WRITE, DELETE)), packages=acme.package("other"))
    confined = acme.client(acme.registry.bearer(token))
    said(confined.get(acme.path("other", "/tags/v1")), 200)
    for method, rest in (("PUT", "/tags/v2"), ("DELETE", "/tags/v1"), ("POST", "/tags/v1/rollback"), ("GET", "/history")):
        answer = confined.request(method, acme.path("app", rest), **({"json": {"digest": digest}} if method == "PUT" else {}))
        assert answer.status_code in (403, 404), rest
    assert len(events(acme, "/history")) == 1
