"""Users over the REST interface: their own settings and password, and all of them for site administrators.

Routes user_settings, user_password, admin_users, admin_user, admin_user_suspended, admin_user_password, admin_user_rename,
audit_log, org_audit_log, kept_names, kept_name.
"""

import uuid

import pytest

from harness import Registry
from harness.people_api import DELETE, READ, ROOT, WRITE, People
from harness.server import Account

NEW = "staple that walks on"
USERS = f"{ROOT}/admin/users"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    registry = Registry(tmp_path_factory.mktemp("people"), {"login.free_attempts": "0", "names.retire_after": "2"})
    registry.secrets.append(NEW)
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture
def people(server):
    return People(server)


def name():
    return f"n{uuid.uuid4().hex[:10]}"


# One's own


def test_a_users_settings_are_as_described(people):
    path, user = f"{ROOT}/user/settings", people.person()
    me = people.by_token(user)
    people.registry.cli("org", "create", org := name(), "--owner", user.name)
    people.registry.cli("robot", "create", f"{org}+ci")
    robot = people.by_token(Account(f"{org}+ci", "", ""))
    assert people.unchanged(me, path).json() == {"default_visibility": "private", "inherit_access": True}
    people.refusals(me, "GET", path)
    people.bad_bodies(me, "PATCH", path)
    reader = people.by_token(user, READ)
    others = [robot, people.by_bearer(user), people.by_token(user, packages=f"{user.name}/*"),
              people.by_token(user, addresses="192.0.2.0/24"), people.by_token(user, DELETE)]
    before = people.log()
    for refused in others:
        people.said(refused.get(path), 403)
    for refused in (*others, reader):
        people.said(refused.patch(path, json={"default_visibility": "public"}), 403)
    assert people.log() == before
    people.said(reader.get(path), 200)
    for wrong in ({"default_visibility": "internal"}, {"default_visibility": "secret"}, {"inherit_access": "no"}):
        people.said(me.patch(path, json=wrong), 422)
    assert people.said(me.get(path), 200).json() == {"default_visibility": "private", "inherit_access": True}
    changed = people.said(me.patch(path, json={"default_visibility": "public", "inherit_access": False}), 200)
    assert changed.json() == people.said(me.get(path), 200).json() == {"default_visibility": "public", "inherit_access": False}
    assert changed.headers["Cache-Control"] == "no-store"
    assert [people.log()[0][key] for key in ("actor", "action", "target")] == [user.name, "user.set", user.name]
    people.registry.client(user).push_image(f"{user.name}/app", "v1")
    assert people.registry.packages()[f"{user.name}/app"]["visibility"] == "public"
    people.complete("GET /user/settings", "PATCH /user/settings")


def test_a_users_password_is_changed_by_who_knows_it(people):
    path, user = f"{ROOT}/user/password", people.person()
    me = people.signed_in(user)
    people.bad_bodies(me, "PUT", path, "password")
    for refused in (people.by_token(user), people.by_bearer(user)):
        people.said(refused.put(path, json={"old_password": user.password, "password": NEW}), 403)
    people.said(me.put(path, json={"old_password": "another one", "password": NEW}), 403)
    for weak in ("short", user.name, "staithe1", "sunshine", "x" * 1025):
        answer = people.said(me.put(path, json={"old_password": user.password, "password": weak}), 422)
        assert user.password not in answer.text
    people.said(me.get(f"{ROOT}/user"), 200)
    answer = people.said(me.put(path, json={"old_password": user.password, "password": NEW}), 204)
    assert answer.headers["Cache-Control"] == "no-store"
    assert me.client.get(f"{ROOT}/user").status_code == 401
    people.said(people.signed_in(Account(user.name, NEW, "")).get(f"{ROOT}/user"), 200)
    people.complete("PUT /user/password")


def test_t12_old_passwords_are_guessed_no_faster_than_at_the_door(fresh):
    people = People(fresh())
    me = people.signed_in(people.boss)
    statuses = [me.put(f"{ROOT}/user/password", json={"old_password": f"wrong {n}", "password": NEW}).status_code for n in range(20)]
    assert statuses[:5] == [403] * 5 and 429 in statuses


# All of them


NO_ADMIN = "Must be a site administrator."
NO_PASSWORD = "Site administrators do this with their password, not with a token."


def closed(people, *requests):
    """What only site administrators who show the password may do: nobody else changes or learns anything."""
    other, boss = people.person(), people.boss
    others = [people.signed_in(other), people.by_token(boss), people.by_token(boss, READ), people.by_bearer(boss),
              people.by_token(boss, packages="**"), people.by_token(boss, addresses="192.0.2.0/24")]
    before = people.log()
    for method, path, body in requests:
        answers = [people.said(one.request(method, path, json=body), 403) for one in others]
        assert [one.json()["message"] for one in answers] == [NO_ADMIN, *[NO_PASSWORD] * 5]
        absent = people.said(others[0].request(method, path.replace(boss.name, "nobody0"), json=body), 403)
        assert absent.json() == answers[0].json()
    assert people.log() == before


def test_users_are_made_and_listed_as_described(people):
    site, made = people.site, name()
    closed(people, ("GET", USERS, None), ("POST", USERS, {"login": made, "password": NEW}))
    people.refusals(site, "GET", USERS)
    people.bad_bodies(site, "POST", USERS, "login")
    for wrong in ({"login": ""}, {"login": "a--b"}, {"login": "x" * 5000}, {"login": "a\nb"}, {"login": "acme+ci"}, {"login": "a/b"},
                  {"login": "admin"}, {"login": made, "password": "short"}, {"login": made, "password": made},
                  {"login": made, "password": "staithe1"}, {"login": made, "password": "sunshine"}):
        people.said(site.post(USERS, json=wrong), 409 if wrong["login"] == "admin" else 422)
    assert made not in people.registry.users()
    answer = people.said(site.post(USERS, json={"login": made.upper(), "password": NEW}), 201)
    assert NEW not in answer.text
    assert (answer.json()["login"], answer.json()["site_admin"], answer.headers["Cache-Control"]) == (made, False, "no-store")
    people.said(people.signed_in(Account(made, NEW, "")).get(f"{ROOT}/user"), 200)
    people.said(site.post(USERS, json={"login": made}), 409)
    second = people.said(site.post(USERS, json={"login": name(), "site_admin": True}), 201).json()
    assert second["site_admin"] and people.registry.users()[second["login"]]["admin"]
    assert second in people.unchanged(site, f"{USERS}?per_page=100").json()
    assert [one["login"] for one in people.pages(site, USERS)] == sorted(people.registry.users())
    people.complete("GET /admin/users", "POST /admin/users")


def absent(people, method, path, body=None):
    """Names of nobody, of robots, of an organization."""
    people.registry.cli("org", "create", org := name(), "--owner", people.boss.name)
    people.registry.cli("robot", "create", f"{org}+ci")
    for one in ("nobody0", org, f"{org}+ci", "a%2Fb", "x" * 300, "%20", "A--b"):
        people.said(people.site.request(method, path.format(one), json=body), 404)


def test_a_user_is_shown_and_set_as_described(people):
    site, user = people.site, people.person()
    path = f"{USERS}/{user.name}"
    closed(people, ("GET", f"{USERS}/{people.boss.name}", None), ("PATCH", f"{USERS}/{people.boss.name}", {"default_visibility": "public"}))
    absent(people, "GET", f"{USERS}/{{}}")
    absent(people, "PATCH", f"{USERS}/{{}}", {"default_visibility": "public"})
    people.refusals(site, "GET", path)
    people.bad_bodies(site, "PATCH", path)
    assert people.unchanged(site, path).json()["login"] == user.name
    assert people.said(site.get(path.upper().replace("/API/V3/ADMIN/USERS", USERS)), 200).json()["login"] == user.name
    people.said(site.patch(path, json={"default_visibility": "internal"}), 422)
    people.said(site.patch(path, json={"inherit_access": "no"}), 422)
    changed = people.said(site.patch(path, json={"default_visibility": "public"}), 200).json()
    assert (changed["default_visibility"], changed["inherit_access"]) == ("public", True)
    assert people.said(site.get(path), 200).json() == changed
    people.complete("GET /admin/users/{username}", "PATCH /admin/users/{username}")


def test_a_user_is_suspended_and_let_in_again(people):
    site, user = people.site, people.person()
    path = f"{USERS}/{user.name}/suspended"
    for method in ("PUT", "DELETE"):
        closed(people, (method, f"{USERS}/{people.boss.name}/suspended", None))
        absent(people, method, f"{USERS}/{{}}/suspended")
        people.refusals(site, method, path)
    people.said(site.put(path), 204)
    people.said(site.put(path), 204)
    assert people.said(site.get(f"{USERS}/{user.name}"), 200).json()["suspended"] is True
    assert people.registry.bearer(user.token).get(f"{ROOT}/user").status_code == 401
    assert people.registry.basic(user.name, user.password).get(f"{ROOT}/user").status_code == 401
    people.said(site.delete(path), 204)
    assert people.registry.bearer(user.token).get(f"{ROOT}/user").status_code == 200
    people.said(site.put(f"{USERS}/{people.boss.name.upper()}/suspended"), 422)
    people.said(site.get(USERS), 200)
    people.complete("PUT /admin/users/{username}/suspended", "DELETE /admin/users/{username}/suspended")


def test_a_users_password_is_set_by_the_site(people):
    site, user = people.site, people.person()
    path = f"{USERS}/{user.name}/password"
    closed(people, ("PUT", f"{USERS}/{people.boss.name}/password", {"password": NEW}))
    absent(people, "PUT", f"{USERS}/{{}}/password", {"password": NEW})
    people.bad_bodies(site, "PUT", path, "password")
    for weak in ("short", user.name, "docker12", "sunshine"):
        people.said(site.put(path, json={"password": weak}), 422)
    people.said(people.signed_in(user).get(f"{ROOT}/user"), 200)
    people.said(site.put(path, json={"password": NEW}), 204)
    assert people.registry.basic(user.name, user.password).get(f"{ROOT}/user").status_code == 401
    people.said(people.signed_in(Account(user.name, NEW, "")).get(f"{ROOT}/user"), 200)
    people.complete("PUT /admin/users/{username}/password")


def test_a_user_is_renamed_and_the_name_released(people):
    site, user, other, to = people.site, people.person(), people.person(), name()
    path, names = f"{USERS}/{user.name}/rename", f"{ROOT}/admin/names"
    closed(people, ("POST", f"{USERS}/{people.boss.name}/rename", {"login": to}), ("GET", names, None),
           ("DELETE", f"{names}/{people.boss.name}", None))
    absent(people, "POST", f"{USERS}/{{}}/rename", {"login": to})
    people.bad_bodies(site, "POST", path, "login")
    for wrong in ("", "a--b", "x" * 5000, user.name, f"{to}+ci"):
        people.said(site.post(path, json={"login": wrong}), 422)
    people.said(site.post(path, json={"login": other.name}), 409)
    people.refusals(site, "GET", names)
    people.refusals(site, "DELETE", f"{names}/{user.name}")
    people.said(site.delete(f"{names}/{user.name}"), 404)
    people.registry.client(user).push_image(f"{user.name}/app", "v1")
    assert people.said(site.post(path, json={"login": to}), 200).json()["login"] == to
    people.said(people.signed_in(Account(to, user.password, "")).get(f"{ROOT}/user"), 200)
    people.said(site.post(USERS, json={"login": user.name}), 409)
    people.said(site.post(f"{USERS}/{other.name}/rename", json={"login": user.name}), 409)
    people.said(site.get(f"{USERS}/{user.name}"), 404)
    kept = {"name": user.name, "kind": "owner", "of": to}
    assert kept in [{key: one[key] for key in kept} for one in people.unchanged(site, f"{names}?per_page=100").json()]
    people.registry.cli("package", "rename", f"{to}/app", f"{to}/web", "--confirm", f"{to}/app")
    assert {f"{to}/app", user.name} <= {one["name"] for one in people.pages(site, names)}
    for wrong in (f"{to}/app", f"{to}%252Fapp", "x" * 3000, f"{to}%2Fweb", "%0A"):
        assert people.registry.basic(people.boss.name, people.boss.password).delete(f"{names}/{wrong}").status_code in (400, 404)
    people.said(site.delete(f"{names}/{to}%2Fapp"), 204)
    people.said(site.delete(f"{names}/{user.name}"), 204)
    people.said(site.delete(f"{names}/{user.name}"), 404)
    people.complete("POST /admin/users/{username}/rename", "GET /admin/names", "DELETE /admin/names/{kept_name}")


# The audit log


def test_the_log_is_read_from_the_newest_on(people):
    site, path, org = people.site, f"{ROOT}/admin/audit-log", name()
    owner, member, outsider = (people.person() for _ in range(3))
    people.registry.cli("org", "create", org, "--owner", owner.name)
    people.registry.cli("org", "add", org, member.name)
    of_org = f"{ROOT}/orgs/{org}/audit-log"
    mine = people.signed_in(owner)
    people.said(mine.post(f"{ROOT}/orgs/{org}/robots", json={"name": "ci"}), 201)
    closed(people, ("GET", path, None), ("GET", f"{path}?target={org}", None))
    people.said(mine.get(f"{path}?target={org}"), 403)
    for url, client in ((path, site), (of_org, mine)):
        people.refusals(client, "GET", url)
        people.unchanged(client, url)
    lines = people.said(mine.get(of_org), 200).json()
    assert [(one["actor"], one["action"], one["target"]) for one in lines] == [
        (owner.name, "robot.create", f"{org}+ci"), (None, "org.member.set", org), (None, "org.create", org)]
    assert lines == people.said(site.get(f"{path}?target={org.upper()}"), 200).json() == people.said(site.get(of_org), 200).json()
    assert lines[0] in people.said(site.get(f"{path}?per_page=100"), 200).json()
    found, url = [], f"{of_org}?per_page=1"
    while url:
        answer = people.said(mine.get(url), 200)
        found += answer.json()
        link = answer.headers.get("Link")
        assert link is None or link.endswith('>; rel="next"') and link.count("rel=") == 1
        url = link and link[1:link.index(">")].removeprefix(people.registry.url)
    assert found == lines
    assert people.said(mine.get(f"{of_org}?before={lines[0]['id']}"), 200).json() == lines[1:]
    assert people.said(site.get(f"{path}?before=1"), 200).json() == []
    for asked in ("?per_page=0", "?per_page=100000&before=99999999999999999999&page=7", "?before=-1&target=%25", "?before=x"):
        people.said(site.get(path + asked), 200)
    assert people.said(site.get(f"{path}?target=%25"), 200).json() == []
    people.said(people.signed_in(member).get(of_org), 403)
    people.said(people.by_token(owner).get(of_org), 403)
    for one in (f"{ROOT}/orgs/nobody0/audit-log", f"{ROOT}/orgs/{owner.name}/audit-log", f"{ROOT}/orgs/{org}%2Bci/audit-log"):
        people.said(site.get(one), 404)
    here, nowhere = (people.said(people.signed_in(outsider).get(f"{ROOT}/orgs/{one}/audit-log"), 404) for one in (org, "nobody0"))
    assert here.text.replace(org, "") == nowhere.text.replace("nobody0", "")
    people.complete("GET /admin/audit-log", "GET /orgs/{org}/audit-log")


def test_no_entry_is_lost_between_two_pages_while_others_are_written(people):
    site = people.site
    first = people.said(site.get(f"{ROOT}/admin/audit-log?per_page=2"), 200)
    people.person()
    link = first.headers["Link"]
    second = people.said(site.get(link[1:link.index(">")].removeprefix(people.registry.url)), 200).json()
    assert second[0]["id"] == first.json()[-1]["id"] - 1


def test_what_scopes_a_site_administrator_shows_does_not_matter_to_metrics(people):
    assert people.registry.bearer(people.boss.token).get("/metrics").status_code == 200


@pytest.mark.parametrize("scopes", [READ, f"{READ},{WRITE}", f"{READ},{WRITE},{DELETE}"])
def test_v89_no_token_of_a_site_administrator_administers_the_site(people, scopes):
    client = people.by_token(people.boss, scopes)
    for path in ("users", f"users/{people.boss.name}", f"users/{people.boss.name}/tokens", "issuers", "audit-log", "names"):
        people.said(client.get(f"{ROOT}/admin/{path}"), 403)


def test_v36_a_page_elsewhere_cannot_use_what_a_browser_remembers(people):
    """A script of another origin can leave out the type, and then the browser says where it comes from."""
    made, body = name(), b'{"login":"%s"}'
    client = people.registry.basic(people.boss.name, people.boss.password)
    for headers in ({"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Content-Type": "text/plain"},
                    {"Content-Type": "application/x-www-form-urlencoded"}, {"Origin": "null", "Content-Type": ""}):
        assert client.post(USERS, data=body % made.encode(), headers=headers).status_code == 415
    assert made not in people.registry.users()
    assert client.post(USERS, data=body % made.encode()).status_code == 201
