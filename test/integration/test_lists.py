"""tags/list and the catalog."""

import os
from urllib.parse import quote

import pytest

from harness import images, link_next, refused
from harness.client import succeeded

EMPTY = images.index([])


@pytest.fixture(scope="module")
def tagged(owner):
    """A package with 250 tags; returns (name, tags in byte order)."""
    tags = [f"v{n}" for n in range(200)] + [f"V{n}" for n in range(30)] + [f"_{n}" for n in range(10)] + list("0123456789")
    name = "alice/tagged"
    for first in range(0, len(tags), 50):
        succeeded(owner.put_manifest(name, EMPTY.digest, EMPTY, tags=tags[first:first + 50]), 201)
    return name, sorted(tags)


def test_tags_come_in_byte_order_with_the_name(owner, tagged):
    name, tags = tagged
    response = succeeded(owner.get(f"/v2/{name}/tags/list"), 200)
    assert response.json() == {"name": name, "tags": tags}
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    assert "Link" not in response.headers


@pytest.mark.parametrize("n", [1, 7, 249, 250, 251, 1000])
def test_pages_lose_and_repeat_nothing(owner, tagged, n):
    name, tags = tagged
    pages = list(owner.pages(f"/v2/{name}/tags/list?n={n}", "tags"))
    assert [tag for page in pages for tag in page] == tags
    assert all(len(page) == n for page in pages[:-1]) and 0 < len(pages[-1]) <= n


def test_link_keeps_the_page_size(owner, tagged):
    name, tags = tagged
    target = link_next(owner.get(f"/v2/{name}/tags/list?n=3"))
    assert target.startswith(f"/v2/{name}/tags/list?")
    assert "n=3" in target and f"last={tags[2]}" in target


@pytest.mark.parametrize("last, count", [("", 250), ("0", 249), ("zzz", 0), ("v", 200), ("V", 240), ("no-such-tag", 200)])
def test_last_is_exclusive_and_need_not_exist(owner, tagged, last, count):
    name, tags = tagged
    got = owner.get(f"/v2/{name}/tags/list", params={"last": last}).json()["tags"]
    assert got == [tag for tag in tags if tag > last] and len(got) == count


def test_a_full_last_page_has_no_link(owner, tagged):
    name, tags = tagged
    response = owner.get(f"/v2/{name}/tags/list?n=5&last={tags[-6]}")
    assert response.json()["tags"] == tags[-5:] and "Link" not in response.headers


def test_n_of_zero_is_an_empty_list_without_link(owner, tagged):
    response = succeeded(owner.get(f"/v2/{tagged[0]}/tags/list?n=0"), 200)
    assert response.json() == {"name": tagged[0], "tags": []} and "Link" not in response.headers


@pytest.mark.parametrize("n", ["-1", "x", "1.5", "", " 1", "+1", "99999999999999999999999", "0x10", "1e3", "%00"])
@pytest.mark.parametrize("path", ["/v2/alice/tagged/tags/list", "/v2/_catalog"])
def test_v2_bad_page_sizes_are_400(owner, tagged, path, n):
    refused(owner.get(f"{path}?n={quote(n, safe='%')}"), 400, ("PAGINATION_NUMBER_INVALID", "UNSUPPORTED"))


def test_page_sizes_are_capped_at_1000(owner, package):
    tags = [f"t{n:05}" for n in range(1100)]
    for first in range(0, len(tags), 100):
        succeeded(owner.put_manifest(package, EMPTY.digest, EMPTY, tags=tags[first:first + 100]), 201)
    for query in ("", "?n=1001", "?n=1000000"):
        response = succeeded(owner.get(f"/v2/{package}/tags/list{query}"), 200)
        assert response.json()["tags"] == tags[:1000]
        assert link_next(response)
    assert owner.tags(package) == tags


def test_100_000_tags_are_paged_without_loss(owner, package):
    """P6"""
    tags = [f"t{n:06}" for n in range(100_000)]
    for first in range(0, len(tags), 100):
        succeeded(owner.put_manifest(package, EMPTY.digest, EMPTY, tags=tags[first:first + 100]), 201)
    assert owner.tags(package) == tags


def test_tags_of_names_that_prefix_each_other_stay_apart(owner, package):
    """P6"""
    for name, tag in ((package, "a"), (package + "/b", "b"), (package + "-c", "c"), (package + "0", "d")):
        owner.push_manifest(name, EMPTY, tag)
        assert owner.tags(name) == [tag]
    assert owner.tags(package) == ["a"]


def test_encoded_slashes_in_names_are_decoded_once(owner, package):
    """P6: clients that write %2F reach the same package."""
    name = package + "/deep/er"
    owner.push_manifest(name, EMPTY, "v1")
    encoded = name.replace("/", "%2F")
    twice = name.replace("/", "%252F")
    token = f"Bearer {owner.token(f'repository:{name}:pull')}"
    response = succeeded(owner.send("GET", f"/v2/{encoded}/tags/list", authorization=token), 200)
    assert response.json()["tags"] == ["v1"]
    assert owner.send("GET", f"/v2/{twice}/tags/list", authorization=token).status_code in (400, 401, 404)


def test_a_tag_added_between_pages_breaks_no_paging(owner, package):
    succeeded(owner.put_manifest(package, EMPTY.digest, EMPTY, tags=[f"t{n}" for n in range(0, 8, 2)]), 201)
    first = owner.get(f"/v2/{package}/tags/list?n=2")
    owner.push_manifest(package, EMPTY, "t1")
    owner.push_manifest(package, EMPTY, "t5")
    owner.delete(f"/v2/{package}/manifests/t2")  # the one that the link names
    rest = [tag for page in owner.pages(link_next(first), "tags") for tag in page]
    assert first.json()["tags"] + rest == ["t0", "t2", "t4", "t5", "t6"]


def test_absent_package_has_no_tags_to_list(owner, alice):
    refused(owner.get("/v2/alice/absent-for-tags/tags/list"), 404, "NAME_UNKNOWN")


# The catalog


@pytest.fixture(scope="module")
def catalog(registry):
    """Two users with packages of their own: carol has private and public ones."""
    carol, dave = registry.user("carol"), registry.user("dave")
    clients = registry.client(carol), registry.client(dave)
    names = [f"carol/{x}" for x in ("a", "a-b", "a/b", "a0", "b", "z")]
    for name in names:
        clients[0].push_manifest(name, EMPTY, "v1")
    clients[1].push_manifest("dave/own", EMPTY, "v1")
    for name in names[:3]:
        registry.set_visibility(name, "public")
    return {"carol": clients[0], "dave": clients[1], "public": names[:3], "private": names[3:]}


def entries(client, query=""):
    return [name for page in client.pages(f"/v2/_catalog{query}", "repositories") for name in page]


def test_catalog_is_sorted_and_complete_for_the_owner(catalog):
    listed = entries(catalog["carol"])
    assert listed == sorted(listed)
    assert set(catalog["public"] + catalog["private"]) <= set(listed)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_t3_catalog_pages_lose_and_repeat_nothing(catalog, n):
    for who in ("carol", "dave"):
        pages = list(catalog[who].pages(f"/v2/_catalog?n={n}", "repositories"))
        assert [name for page in pages for name in page] == entries(catalog[who])
        assert all(len(page) == n for page in pages[:-1]), "a short page tells how many were hidden"


def test_t3_catalog_shows_others_only_what_they_may_read(catalog):
    """T3"""
    seen = entries(catalog["dave"])
    assert set(catalog["public"]) <= set(seen) and "dave/own" in seen
    assert not set(catalog["private"]) & set(seen)


def test_catalog_of_anonymous_callers_has_public_packages_only(registry, catalog):
    response = registry.client().get("/v2/_catalog")
    if response.status_code == 200:
        seen = entries(registry.client())
        assert not (set(catalog["private"]) | {"dave/own"}) & set(seen)
    else:
        refused(response, 401, "UNAUTHORIZED")


def test_catalog_follows_visibility_at_once(registry, catalog):
    name = catalog["private"][0]
    registry.set_visibility(name, "public")
    assert name in entries(catalog["dave"])
    registry.set_visibility(name, "private")
    assert name not in entries(catalog["dave"])


def test_site_administrator_sees_every_package(registry, admin, catalog):
    assert set(catalog["public"] + catalog["private"] + ["dave/own"]) <= set(entries(registry.client(admin)))


def test_catalog_of_zero_is_empty_without_link(catalog):
    response = succeeded(catalog["carol"].get("/v2/_catalog?n=0"), 200)
    assert response.json() == {"repositories": []} and "Link" not in response.headers


def test_catalog_last_is_exclusive(catalog):
    names = entries(catalog["carol"])
    assert entries(catalog["carol"], f"?last={quote(names[0], safe='')}") == names[1:]


def test_a_package_that_was_begun_and_never_published_is_not_listed(registry, catalog):
    client = catalog["carol"]
    client.start_upload("carol/begun-" + os.urandom(4).hex())
    client.push_blob("carol/half", b"only a blob")
    assert not [name for name in entries(catalog["dave"]) if "begun" in name or "half" in name]
