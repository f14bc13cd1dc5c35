"""What nobody should send to GitHub's Packages API: the right refusal in GitHub's form, and nothing changed."""

import itertools
import json
import uuid
from urllib.parse import quote

import pytest

from harness import raw
from harness.packages_api import NO_PACKAGE, NO_VERSION, NOT_FOUND, PackagesApi, path, refused, succeeded

DEEP = b"[" * 5000 + b"]" * 5000
_serial = itertools.count()


@pytest.fixture(scope="module")
def org(registry, alice):
    """An organization of alice."""
    name = "o" + uuid.uuid4().hex[:10]
    registry.cli("org", "create", name, "--owner", alice.name)
    return name


@pytest.fixture(scope="module")
def api(registry, alice):
    return PackagesApi(registry, alice.token)


@pytest.fixture
def name(owner, org):
    """A package of the organization with two tagged versions and one without a tag."""
    name = f"{org}/p{next(_serial)}-{uuid.uuid4().hex[:8]}"
    for tags in (["v1"], ["v2"], []):
        owner.push_image(name, *tags)
    return name


@pytest.fixture
def short(name):
    return name.split("/", 1)[1]


def sent(registry, account, method, target, headers=(), body=b""):
    """A request whose target is sent as it is; returns (status, body)."""
    headers = [("Authorization", f"Bearer {account.token}"), *headers]
    answer = raw.get(registry.address, target, registry.host, headers, method, body)
    return answer.status, answer.body


def is_refusal(status, body, *statuses):
    """GitHub's error body, and one of these."""
    assert status in statuses, (status, body)
    error = json.loads(body)
    assert set(error) - {"detail"} == {"message", "documentation_url", "status"} and error["status"] == str(status)


# Lists

NUMBERS = ["0", "-1", "1.0", "1e9", "0x10", "x", "", " 1", "+1", "18446744073709551615", "18446744073709551616", "9" * 400]


@pytest.mark.parametrize("what", ["packages", "versions"])
def test_page_sizes_that_are_no_numbers_count_as_thirty_and_great_ones_as_a_hundred(api, org, name, short, what):
    listed = path(f"/orgs/{org}", *([short, "versions"] if what == "versions" else []))
    more = {"package_type": "container"}
    whole = api.get(listed, params={**more, "per_page": 100}).json()
    for value in NUMBERS:
        answer = succeeded(api.get(listed, params={**more, "per_page": value}), 200)
        assert answer.json() == whole[:30], value
    assert api.get(listed, params={**more, "per_page": 101}).json() == whole


@pytest.mark.parametrize("what", ["packages", "versions"])
def test_pages_beyond_the_last_are_empty_and_those_before_the_first_are_the_first(api, org, name, short, what):
    listed = path(f"/orgs/{org}", *([short, "versions"] if what == "versions" else []))
    first = api.get(listed, params={"package_type": "container"}).json()
    assert first
    for value in [*NUMBERS, "1000000000", "9223372036854775807", "4294967297", "184467440737095517"]:
        answer = succeeded(api.get(listed, params={"package_type": "container", "page": value}), 200)
        assert answer.json() == (first if answer.json() else []), value
        if value.isdigit() and int(value) > 1:
            assert answer.json() == [], value


@pytest.mark.parametrize("length", [65, 2500, 7000])
def test_page_sizes_of_any_length_are_answered(registry, alice, api, org, name, short, length):
    """Addresses of other pages would have it four times."""
    registry.client(alice).push_image(name, "other")
    for page in ("", "&page=2"):
        answer = api.get(f"{path(f'/orgs/{org}', short, 'versions')}?per_page={',' * length}{page}")
        assert answer.status_code == 200 and len(answer.headers.get("Link", "")) < 2000


def test_where_a_page_begins_may_be_any_text(api, org, name, short):
    """What the address of the next page says beside its number."""
    listed = path(f"/orgs/{org}", short, "versions")
    whole = api.get(listed).json()
    for value in [*NUMBERS, "9223372036854775807", "9223372036854775808"]:
        answer = succeeded(api.get(listed, params={"before": value}), 200)
        assert answer.json() == whole, value
    assert api.get(listed, params={"before": whole[0]["id"]}).json() == whole[1:]
    assert api.get(listed, params={"before": whole[-1]["id"]}).json() == []
    assert api.get(listed, params={"before": "1"}).json() == []


def test_v41_parameters_that_sort_or_filter_by_hidden_columns_change_nothing(api, org, name, short):
    for listed in (path(f"/orgs/{org}"), path(f"/orgs/{org}", short, "versions"), "/user/packages"):
        plain = succeeded(api.get(listed, params={"package_type": "container"}), 200).json()
        for key in ("sort", "order", "order_by", "q", "filter", "where", "fields", "select", "include"):
            for value in ("password_hash", "token_hash=a%", "-secret", "namespace_id", "id desc; drop table package", "*"):
                got = succeeded(api.get(listed, params={"package_type": "container", key: value}), 200)
                assert got.json() == plain, (key, value)


def test_v41_no_answer_has_a_member_beside_github_s(api, org, name, short):
    """Allowed are the names that the documentation of GitHub has: nothing of the tables shows."""
    package = {"id", "name", "package_type", "url", "html_url", "version_count", "visibility", "owner", "repository",
               "created_at", "updated_at"}
    version = {"id", "name", "url", "package_html_url", "html_url", "license", "description", "created_at", "updated_at",
               "deleted_at", "metadata"}
    assert all(set(entry) <= package for entry in api.every(f"/orgs/{org}/packages", package_type="container"))
    assert all(set(entry) <= version for entry in api.every(path(f"/orgs/{org}", short, "versions")))


def test_types_and_visibilities_that_do_not_exist_are_refused(api, org, name):
    listed = f"/orgs/{org}/packages"
    for parameters in ({}, {"package_type": ""}, {"package_type": "nonsense"}, {"package_type": "Container%"},
                       {"package_type": "container", "visibility": "nonsense"},
                       {"package_type": "container", "visibility": "%"}):
        answer = api.get(listed, params=parameters)
        refused(answer, answer.status_code, answer.json()["message"])
        assert answer.status_code in (400, 422), parameters
    for other in ("npm", "maven", "rubygems", "nuget"):
        assert succeeded(api.get(listed, params={"package_type": other}), 200).json() == []


def test_a_state_that_does_not_exist_shows_nothing_that_was_deleted(api, org, name, short):
    versions = path(f"/orgs/{org}", short, "versions")
    deleted = api.get(versions).json()[0]
    succeeded(api.delete(f"{versions}/{deleted['id']}"), 204)
    for state in ("nonsense", "", "%", "deleted'", "DELETED"):
        answer = api.get(versions, params={"state": state})
        assert answer.status_code in (200, 400, 422)
        assert deleted["name"] not in answer.text, state


# Versions


def test_numbers_of_versions_that_are_none_are_not_found(registry, alice, org, name, short, unchanged):
    with unchanged(name):
        for number in ["0", "-1", "1.0", "1e3", "0x1", "abc", "18446744073709551616", "9223372036854775808", "4294967296",
                       "9" * 400, "1%00", "%201", "1%20", "*", "%25", "1,2", "1%27", "sha256:" + "0" * 64, "v1"]:
            for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/restore")):
                target = "/api/v3" + path(f"/orgs/{org}", short, "versions", number) + rest
                is_refusal(*sent(registry, alice, method, target), 404, 400)


def test_v37_a_version_is_reached_through_its_own_package_alone(registry, alice, bob, api, org, name, short, unchanged):
    """Whose number it is does not matter: alice is an administrator of both names in the first row."""
    other = f"{alice.name}/{short}"
    foreign = f"{bob.name}/{short}"
    for package, account in ((other, alice), (foreign, bob)):
        for tag in ("v1", "v2"):
            registry.client(account).push_image(package, tag)
    reached = {}
    for package, account in ((name, alice), (other, alice), (foreign, bob)):
        form, _, package_name = package.partition("/")
        reached[package] = PackagesApi(registry, account.token).versions(f"/users/{form}", package_name)
    with unchanged(name, other):
        for package, versions in reached.items():
            for form, at in ((f"/orgs/{org}", name), (f"/users/{org}", name), ("/user", other),
                             (f"/users/{alice.name}", other)):
                if at == package:
                    continue
                for version in versions.values():
                    address = path(form, short, "versions", version["id"])
                    refused(api.get(address), 404, NO_VERSION)
                    refused(api.delete(address), 404, NO_VERSION)
                    refused(api.post(address + "/restore"), 404, NO_VERSION)
    assert PackagesApi(registry, bob.token).versions("/user", short) == reached[foreign]


def test_v37_a_deleted_version_is_restored_through_its_own_package_alone(registry, alice, owner, api, org, name, short):
    other = f"{alice.name}/{short}"
    owner.push_image(other, "v1")
    versions = path(f"/orgs/{org}", short, "versions")
    deleted = api.get(versions).json()[0]
    succeeded(api.delete(f"{versions}/{deleted['id']}"), 204)
    for form in ("/user", f"/users/{alice.name}"):
        refused(api.post(path(form, short, "versions", deleted["id"], "restore")), 404, NO_VERSION)
    assert list(api.versions(f"/orgs/{org}", short, state="deleted")) == [deleted["name"]]


# Names


def test_v50_wildcards_in_names_match_nothing_else(registry, alice, owner, api, org, unchanged):
    names = [f"{org}/w_{tail}" for tail in ("a", "b")] + [f"{org}/wx{tail}" for tail in ("a", "b")]
    for name in names:
        owner.push_image(name, "v1")
    with unchanged(*names):
        for wild in ("w%", "%", "_", "w__", "%a", "w%a", "w?a", "w*", "*", "w[_x]a", "w\\_a", "W_A%", "w_a%", "' OR '1'='1"):
            for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/restore"), ("GET", "/versions")):
                target = f"/api/v3/orgs/{org}/packages/container/{quote(wild, safe='')}{rest}"
                is_refusal(*sent(registry, alice, method, target), 404, 400)
    succeeded(api.delete(path(f"/orgs/{org}", "w_a")), 204)
    left = {entry["name"] for entry in api.every(f"/orgs/{org}/packages", package_type="container")}
    assert {"wxa", "wxb", "w_b"} <= left and "w_a" not in left
    succeeded(api.post(path(f"/orgs/{org}", "w_a", "restore")), 204)


def test_v50_wildcards_in_owners_match_nobody(registry, alice, owner, package, unchanged):
    """alice may see all of her own, and would through any of these."""
    owner.push_image(package, "v1")
    short = package.split("/", 1)[1]
    with unchanged(package):
        for wild in ("%", "_____", "alic_", "al%", "*", "alice%", "alice'--", "%2525"):
            for form in ("users", "orgs"):
                for rest in ("?package_type=container", f"/container/{short}", f"/container/{short}/versions"):
                    target = f"/api/v3/{form}/{quote(wild, safe='')}/packages{rest}"
                    is_refusal(*sent(registry, alice, "GET", target), 404, 400)
                target = f"/api/v3/{form}/{quote(wild, safe='')}/packages/container/{short}"
                is_refusal(*sent(registry, alice, "DELETE", target), 404, 400)


def test_a_name_in_a_path_is_one_segment_that_is_decoded_once(registry, alice, owner, api, org, unchanged):
    name = f"{org}/b/c"
    owner.push_image(name, "v1")
    for spelling in ("b%2Fc", "b%2fc", "%62%2fc"):
        status, body = sent(registry, alice, "GET", f"/api/v3/orgs/{org}/packages/container/{spelling}")
        assert status == 200 and json.loads(body)["name"] == "b/c"
    with unchanged(name):
        for spelling in ("b/c", "b%252Fc", "%2Fb%2Fc", "b%2Fc%2F", "b%2F%2Fc", "b%2F.%2Fc", "b%2F..%2Fc", "b%5Cc",
                         "b%2Fc%00", "..%2Fb%2Fc", "..%2Fcontainer%2Fb%2Fc", f"..%2F{org}%2Fb%2Fc", f"{org}%2Fb%2Fc",
                         "b%2Fc;x", "B%2FC%20", "%2e%2e%2Fb", "b%2Fc%3Fx", "b%2Fc%23"):
            for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/restore")):
                target = f"/api/v3/orgs/{org}/packages/container/{spelling}{rest}"
                is_refusal(*sent(registry, alice, method, target), 404, 400)


def test_v85_a_package_is_reached_as_what_it_is(registry, alice, api, org, name, short, unchanged):
    """As a container, which may be called docker, and of an organization only where an organization is meant."""
    with unchanged(name):
        for other in ("npm", "maven", "rubygems", "nuget", "nonsense", "Container", "containers", "%", ""):
            for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/restore"), ("GET", "/versions")):
                target = f"/api/v3/orgs/{org}/packages/{quote(other, safe='')}/{short}{rest}"
                is_refusal(*sent(registry, alice, method, target), 404, 400)
    assert api.get(f"/orgs/{org}/packages/docker/{short}").json() == api.get(path(f"/orgs/{org}", short)).json()


def test_v85_the_form_for_organizations_reaches_no_user_and_that_for_oneself_nobody_else(registry, alice, bob, owner, api,
                                                                                         package, unchanged):
    owner.push_image(package, "v1")
    short = package.split("/", 1)[1]
    stranger = PackagesApi(registry, bob.token)
    with unchanged(package):
        for rest in ("", "/versions"):
            absent = api.get(path("/orgs/nobody", short) + rest).json()["message"]
            refused(api.get(path(f"/orgs/{alice.name}", short) + rest), 404, absent)
            refused(stranger.get(path("/user", short) + rest), 404, NO_PACKAGE)
        assert api.delete(path(f"/orgs/{alice.name}", short)).status_code == 404
        refused(stranger.delete(path("/user", short)), 404, NO_PACKAGE)
        refused(api.get(f"/orgs/{alice.name}/packages", params={"package_type": "container"}), 404, NOT_FOUND)


def test_v30_owners_of_whom_a_caller_may_see_nothing_are_not_found(registry):
    """Nor can they be told from absent ones, or counted through."""
    names = ["x" + uuid.uuid4().hex[:10] for _ in range(3)]
    private, curious = (registry.user(name) for name in names[:2])
    registry.client(private).push_image(f"{private.name}/app", "v1")
    registry.cli("org", "create", names[2], "--owner", private.name)
    api = PackagesApi(registry, curious.token)
    assert api.get(f"/users/{curious.name}").json()["login"] == curious.name
    for form, name in (("users", private.name), ("users", names[2]), ("orgs", names[2])):
        for rest in ("", "/packages"):
            answers = [api.get(f"/{form}/{asked}{rest}", params={"package_type": "container"})
                       for asked in (name, "y" + name[1:])]
            for answer in answers:
                refused(answer, 404, NOT_FOUND)
            assert answers[0].json() == answers[1].json()
    for number in range(1, 20):
        refused(api.get(f"/users/{number}"), 404, NOT_FOUND)


# Bodies and headers


def test_a_deletion_with_a_body_is_refused(registry, alice, org, name, short, unchanged):
    number = PackagesApi(registry, alice.token).get(path(f"/orgs/{org}", short, "versions")).json()[0]["id"]
    with unchanged(name):
        for target in (path(f"/orgs/{org}", short), path(f"/orgs/{org}", short, "versions", number)):
            for body in (b"{}", b"[]", b"0", b'{"cascade":true}', b"{", DEEP, b'{"a":' * 3000 + b"1" + b"}" * 3000, b"\0",
                         b"nul", b"\xff", b"x" + "\u00e9".encode() * 200, "\u00e9".encode() * 200, b'"\n\r\x01'):
                headers = [("Content-Type", "application/json")]
                status, answer = sent(registry, alice, "DELETE", "/api/v3" + target, headers, body)
                is_refusal(status, answer, 422)
                if body == b"{}":
                    assert json.loads(answer)["message"] == "Invalid request.\n\nFor 'links/0/schema', {} is not a null."


def test_v27_v36_members_that_a_request_may_not_set_set_nothing(registry, alice, api, org, name, short):
    """Restoring is what writes; whatever else its body claims changes nothing else."""
    versions = path(f"/orgs/{org}", short, "versions")
    before, users = api.get(path(f"/orgs/{org}", short)).json(), registry.users()
    claims = {"visibility": "public", "role": "admin", "has_admin_role": True, "site_admin": True, "id": 1, "name": "mine",
              "owner": {"login": "bob"}, "owner_id": 2, "created_at": "1970-01-01T00:00:00Z", "tags": ["latest"],
              "metadata": {"container": {"tags": ["latest"]}}, "deleted": False, "pulls": 0,
              "a": json.loads("[" * 30 + "]" * 30)}
    version = api.get(versions).json()[0]
    for address in (f"{versions}/{version['id']}", path(f"/orgs/{org}", short)):
        succeeded(api.delete(address), 204)
        answer = api.post(address + "/restore", json=claims, params={"visibility": "public"})
        if answer.status_code != 204:
            refused(answer, 422, answer.json()["message"])
            succeeded(api.post(address + "/restore"), 204)
    after = api.get(path(f"/orgs/{org}", short)).json()
    unstable = {"updated_at"}
    assert {key: value for key, value in after.items() if key not in unstable} == {
        key: value for key, value in before.items() if key not in unstable}
    assert api.versions(f"/orgs/{org}", short)[version["name"]]["metadata"] == version["metadata"]
    assert registry.users() == users


@pytest.mark.parametrize("accept", ["text/plain", "application/xml", "application/jsonx", "image/*", "nonsense", "\xff"])
def test_other_media_types_than_json_are_refused(registry, alice, api, org, name, short, unchanged, accept):
    number = api.get(path(f"/orgs/{org}", short, "versions")).json()[0]["id"]
    with unchanged(name):
        for method, target in (("GET", path(f"/orgs/{org}", short)),
                               ("DELETE", path(f"/orgs/{org}", short, "versions", number))):
            answer = api.send(method, target, headers={"Accept": accept})
            refused(answer, 415, answer.json()["message"])


@pytest.mark.parametrize("accept", ["application/vnd.github+json", "application/vnd.github.v3+json", "application/json",
                                    "*/*", "", None, "text/html", "text/html, application/json;q=0.9",
                                    "application/vnd.github.machine-man-preview+json"])
def test_json_is_answered_to_all_who_take_it(api, org, name, short, accept):
    assert succeeded(api.get(path(f"/orgs/{org}", short), headers={"Accept": accept}), 200).json()["name"] == short


@pytest.mark.parametrize("version", ["2022-11-29", "nonsense", "", "\xff"])
def test_versions_of_the_interface_that_do_not_exist_are_refused(api, org, name, short, unchanged, version):
    number = api.get(path(f"/orgs/{org}", short, "versions")).json()[0]["id"]
    with unchanged(name):
        for method, target in (("GET", path(f"/orgs/{org}", short)),
                               ("DELETE", path(f"/orgs/{org}", short, "versions", number))):
            answer = api.send(method, target, headers={"X-GitHub-Api-Version": version})
            refused(answer, 400, answer.json()["message"])


def test_what_is_no_route_is_not_found(api, org, name, short, unchanged):
    with unchanged(name):
        for target in ("/nothing", "/orgs", f"/orgs/{org}/packages/container/{short}/versions/1/x",
                       f"/orgs/{org}/packages/container/{short}/layers", "/users//packages", "/packages"):
            assert api.get(target).status_code in (400, 404), target
        refused(api.get("/nothing"), 404, NOT_FOUND)
