"""How often packages are pulled: by day, tag, digest and platform (route package_statistics)."""

import datetime
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import images
from harness.packages_api import NO_PACKAGE, PackagesApi, path, refused, succeeded
from harness.rest_world import DELETE, FORMS, World, complete, refusals, route, said, unchanged
from test_openapi_answers import PACKAGE, issuer, server  # noqa: F401


@pytest.fixture(params=FORMS)
def world(server, issuer, request):  # noqa: F811
    return World(server, issuer, request.param)


class Usage:
    """A package of alice's, pulled by her, and its statistics."""

    def __init__(self, registry, account, name):
        self.registry, self.account, self.name = registry, account, name
        self.client = registry.client(account)
        self.api = PackagesApi(registry, account.token)

    @property
    def path(self):
        owner, name = self.name.split("/", 1)
        return path(f"/users/{owner}", name, "statistics")

    def asked(self, **parameters):
        return succeeded(self.api.get(self.path, params=parameters), 200).json()

    def items(self, by, **parameters):
        """(pulls, heads) of each item, in the order of the list."""
        return {item[by]: (item["pulls"], item["heads"]) for item in self.asked(by=by, **parameters)["items"]}

    def sums(self, **parameters):
        answer = self.asked(**parameters)
        return answer["pulls"], answer["heads"]

    def pull(self, reference, **headers):
        return succeeded(self.client.get_manifest(self.name, reference, headers=headers), 304 if headers else 200)

    def head(self, reference):
        return succeeded(self.client.head_manifest(self.name, reference), 200)


@pytest.fixture
def usage(registry, alice, package):
    return Usage(registry, alice, package)


def push_for(client, name, platform, *tags):
    """An image whose configuration says what platform does."""
    config = images.encode({**platform, "rootfs": {"type": "layers", "diff_ids": []}, "unique": os.urandom(8).hex()})
    layer = os.urandom(50)
    for blob in (config, layer):
        client.push_blob(name, blob)
    return client.push_manifest(name, images.image(config, [layer]), *tags)


def today():
    return datetime.datetime.now(datetime.timezone.utc).date()


# As the document says


def test_statistics_are_as_described(world):
    world.push.push_image(world.package("app"), "v1")
    path_of = world.path("app", "/statistics")
    assert world.push.get_manifest(world.package("app"), "v1").status_code == 200
    answer = unchanged(world, path_of).json()
    assert (answer["pulls"], answer["by"], len(answer["items"])) == (1, "day", 30)
    for by in ("tag", "digest", "platform"):
        assert [item["pulls"] for item in said(world.all.get(f"{path_of}?by={by}"), 200).json()["items"]] == [1]
    refusals(world, "GET", path_of, DELETE)
    said(world.all.get(world.path("absent", "/statistics")), 404)
    for wrong in ("by=hour", "from=yesterday", "to=2026-02-30", "from=2026-11-22&to=2026-11-21", "from=2020-01-01&to=2026-01-01",
                  "digest=sha256:12", "tag=" + 257 * "t", "platform=" + 5000 * "p"):
        said(world.all.get(f"{path_of}?{wrong}"), 422)
    complete(world, route(world, "GET", f"{PACKAGE}/statistics"))


# What is counted


def test_a_pull_counts_for_its_day_tag_digest_and_platform(usage):
    image = usage.client.push_image(usage.name, "v1", "latest")
    for _ in range(3):
        usage.pull("v1")
    usage.pull("latest")
    usage.pull(image.digest)
    assert usage.sums() == (5, 0)
    assert usage.items("day")[str(today())] == (5, 0)
    assert usage.items("tag") == {"v1": (3, 0), "": (1, 0), "latest": (1, 0)}
    assert usage.items("digest") == {image.digest: (5, 0)}
    assert usage.items("platform") == {"linux/amd64": (5, 0)}


def test_heads_are_apart_and_so_is_what_has_not_changed(usage):
    image = usage.client.push_image(usage.name, "v1")
    usage.head("v1")
    usage.head(image.digest)
    usage.pull("v1", **{"If-None-Match": f'"{image.digest}"'})
    assert usage.sums() == (0, 3)
    assert usage.items("tag") == {"": (0, 1), "v1": (0, 2)}
    usage.pull("v1")
    assert usage.sums() == (1, 3)


def test_failures_count_nothing(usage):
    usage.client.push_image(usage.name, "v1")
    assert usage.client.get_manifest(usage.name, "v2").status_code == 404
    assert usage.registry.client().get_manifest(usage.name, "v1").status_code in (401, 403)
    assert usage.sums() == (0, 0)
    assert usage.asked(by="tag")["items"] == []


def test_an_index_is_pulled_once_by_each_of_the_ways_that_clients_have(usage):
    """podman: GET by tag, GET of the part; containerd and docker: HEAD by tag, GET of both by digest."""
    arm = push_for(usage.client, usage.name, {"os": "linux", "architecture": "arm64", "variant": "v8"})
    amd = push_for(usage.client, usage.name, {"os": "linux", "architecture": "amd64"})
    index = usage.client.push_manifest(usage.name, images.index([arm, amd]), "v1")
    usage.pull("v1")
    usage.pull(arm.digest)
    assert usage.sums() == (1, 0)
    usage.head("v1")
    usage.pull(index.digest)
    usage.pull(amd.digest)
    assert usage.sums() == (2, 1)
    assert usage.items("day")[str(today())] == (2, 1)
    assert usage.items("tag") == {"": (1, 0), "v1": (1, 1)}
    assert usage.items("digest") == {index.digest: (2, 1), **{one.digest: (1, 0) for one in (arm, amd)}}
    assert usage.items("platform") == {"": (2, 1), "linux/amd64": (1, 0), "linux/arm64/v8": (1, 0)}
    assert usage.sums(platform="linux/arm64/v8") == (1, 0)
    assert usage.sums(digest=amd.digest) == (1, 0)
    assert usage.registry.packages()[usage.name]["pulls"] == 2


def test_a_part_that_is_pulled_by_a_tag_of_its_own_is_pulled_as_a_whole(usage):
    child = usage.client.push_image(usage.name, "v1-amd64")
    usage.client.push_manifest(usage.name, images.index([child]), "v1")
    usage.pull("v1-amd64")
    assert usage.sums() == (1, 0)
    assert usage.items("tag") == {"v1-amd64": (1, 0)}


def test_pulls_that_are_asked_for_by_a_former_tag_stay_with_the_digest_that_it_had(usage):
    old = usage.client.push_image(usage.name, "v1")
    usage.pull("v1")
    new = usage.client.push_image(usage.name, "v1")
    usage.pull("v1")
    usage.pull("v1")
    assert usage.items("digest", tag="v1") == {new.digest: (2, 0), old.digest: (1, 0)}
    succeeded(usage.client.delete(f"/v2/{usage.name}/manifests/{old.digest}"), 202)
    assert usage.items("digest", tag="v1") == {new.digest: (2, 0), old.digest: (1, 0)}


@pytest.mark.parametrize("platform, shown", [
    ({"os": "linux", "architecture": "arm64", "variant": "v8"}, "linux/arm64/v8"),
    ({"os": "windows", "architecture": "amd64", "variant": ""}, "windows/amd64"),
    ({"os": "linux", "architecture": "riscv64"}, "linux/riscv64"),
    ({"os": "linux", "architecture": 32 * "a"}, "linux/" + 32 * "a"),
    ({"os": "linux", "architecture": 33 * "a"}, ""),
    ({"os": "linux", "architecture": "amd64", "variant": 33 * "v"}, "linux/amd64"),
    ({"os": "linux", "architecture": "<script>"}, ""),
    ({"os": "linux/../x", "architecture": "amd64"}, ""),
    ({"os": "", "architecture": "amd64"}, ""),
    ({"architecture": "amd64"}, ""),
    ({"os": "linux", "architecture": ["amd64"]}, ""),
    ({"os": "linux", "architecture": "amd64\u0000"}, ""),
    ({"os": "unknown", "architecture": "unknown"}, ""),
])
def test_the_platform_is_what_the_configuration_says_within_bounds(usage, platform, shown):
    push_for(usage.client, usage.name, platform, "v1")
    usage.pull("v1")
    assert usage.items("platform") == {shown: (1, 0)}
    assert usage.sums(platform=shown) == (1, 0)


def test_what_is_no_image_has_no_platform(usage):
    usage.client.push_manifest(usage.name, usage.client.push_artifact(usage.name, "application/vnd.example"), "v1")
    usage.pull("v1")
    assert usage.items("platform") == {"": (1, 0)}


# Which are listed


def test_lists_have_those_with_most_pulls_first_then_by_name(usage):
    usage.client.push_image(usage.name, "a", "b", "c", "d")
    for tag in "bccd":
        usage.pull(tag)
    usage.head("a")
    assert list(usage.items("tag").items()) == [("c", (2, 0)), ("b", (1, 0)), ("d", (1, 0)), ("a", (0, 1))]
    assert usage.asked(by="tag")["more"] is False


def test_filters_are_all_of_them_together_and_an_empty_one_means_none(usage):
    one, two = (push_for(usage.client, usage.name, {"os": "linux", "architecture": each}, each) for each in ("amd64", "arm64"))
    for reference in ("amd64", "amd64", "arm64", one.digest, two.digest, two.digest, two.digest):
        usage.pull(reference)
    assert usage.sums(tag="amd64") == (2, 0)
    assert usage.sums(tag="") == (4, 0)
    assert usage.sums(tag="", digest=two.digest) == (3, 0)
    assert usage.sums(tag="amd64", platform="linux/arm64") == (0, 0)
    assert usage.items("tag", platform="linux/arm64") == {"": (3, 0), "arm64": (1, 0)}
    assert usage.sums(platform="") == (0, 0)
    for nothing in ({"tag": "%"}, {"tag": "' OR 1=1 --"}, {"platform": "linux/%"}, {"digest": "sha256:" + 64 * "0"}):
        assert usage.sums(**nothing) == (0, 0)


def test_days_are_in_utc_and_each_of_them_is_listed(usage):
    usage.client.push_image(usage.name, "v1")
    usage.pull("v1")
    answer = usage.asked()
    assert answer["to"] == str(today()) and answer["from"] == str(today() - datetime.timedelta(29))
    assert [item["day"] for item in answer["items"]] == [str(today() - datetime.timedelta(29 - n)) for n in range(30)]
    assert [item["pulls"] for item in answer["items"]] == [0] * 29 + [1]
    before = usage.asked(**{"from": "2024-02-28", "to": "2024-03-01"})
    assert [item["day"] for item in before["items"]] == ["2024-02-28", "2024-02-29", "2024-03-01"]
    assert before["pulls"] == 0
    assert len(usage.asked(**{"from": str(today() - datetime.timedelta(399))})["items"]) == 400
    refused(usage.api.get(usage.path, params={"from": str(today() - datetime.timedelta(400))}), 422,
            "from and to are more than 400 days apart.")
    assert usage.asked(to="1970-01-02")["items"][0]["day"] == "1970-01-01"
    assert usage.asked(to="9999-12-31")["items"][-1]["day"] == "9999-12-31"


@pytest.mark.parametrize("wrong", ["", "2026-1-1", "2026-11-22T00:00:00Z", "20261122", "2026-11-22 ", "-1", "0000-00-00", "2026-13-01",
                                   "1969-12-31", "99999-01-01", 5000 * "2", "2026-11-\u00fc"])
def test_what_is_no_day_is_refused(usage, wrong):
    usage.client.push_image(usage.name, "v1")
    for name in ("from", "to"):
        refused(usage.api.get(usage.path, params={name: wrong}), 422, f"Invalid argument. {name} is a day, such as 2026-11-22.")


# Who may look


def test_t4_who_may_not_read_the_package_gets_no_statistics_of_it(usage, bob):
    usage.client.push_image(usage.name, "v1")
    api = PackagesApi(usage.registry, bob.token)
    hidden, absent = api.get(usage.path), api.get(path("/users/alice", "absent", "statistics"))
    refused(hidden, 404, NO_PACKAGE)
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)
    left_out = {"X-GitHub-Request-Id", "X-Request-Id", "Date"} | {name for name in hidden.headers if name.startswith("X-RateLimit")}
    assert {name: value for name, value in hidden.headers.items() if name not in left_out} == {
        name: value for name, value in absent.headers.items() if name not in left_out}
    usage.registry.cli("access", "grant", usage.name, bob.name, "read")
    succeeded(api.get(usage.path), 200)


def test_a_token_for_other_packages_does_not_read_them(usage):
    usage.client.push_image(usage.name, "v1")
    token = usage.registry.token(usage.account.name, packages="alice/other*")
    refused(PackagesApi(usage.registry, token).get(usage.path), 404, NO_PACKAGE)


# How long they stay


def test_nothing_is_lost_when_the_server_stops(fresh):
    registry = fresh()
    usage = Usage(registry, registry.user("alice"), "alice/app")
    usage.client.push_image(usage.name, "v1")
    for _ in range(5):
        usage.pull("v1")
        usage.head("v1")
    registry.restart()
    assert usage.sums() == (5, 5)
    assert registry.packages()[usage.name]["pulls"] == 5
    assert registry.problems() == 0


def test_another_package_of_the_name_has_statistics_of_its_own(usage):
    usage.client.push_image(usage.name, "v1")
    usage.pull("v1")
    owner, name = usage.name.split("/", 1)
    succeeded(usage.api.delete(path(f"/users/{owner}", name)), 204)
    usage.client.push_image(usage.name, "v1")
    assert usage.sums() == (0, 0)
    succeeded(usage.api.delete(path(f"/users/{owner}", name)), 204)
    assert usage.api.get(usage.path).status_code == 404


def test_a_package_that_comes_back_has_its_statistics(usage):
    usage.client.push_image(usage.name, "v1")
    usage.pull("v1")
    owner, name = usage.name.split("/", 1)
    succeeded(usage.api.delete(path(f"/users/{owner}", name)), 204)
    succeeded(usage.api.post(path(f"/users/{owner}", name, "restore")), 204)
    assert usage.sums() == (1, 0)


def test_pulls_that_found_no_place_are_among_the_metrics(registry):
    text = registry.bare().get("/metrics").text
    assert "\nstaithe_pulls_not_counted_total 0\n" in text


def test_the_work_of_an_answer_does_not_hold_up_pulls(usage):
    """Many ask at a time, each of whom writes down what was counted: every pull is counted once."""
    usage.client.push_image(usage.name, "v1")

    def ask(number):
        one = Usage(usage.registry, usage.account, usage.name)
        for _ in range(20):
            one.pull("v1")
            assert one.sums()[0] >= 1
        return number

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(4))) == [0, 1, 2, 3]
    assert usage.sums() == (80, 0)
