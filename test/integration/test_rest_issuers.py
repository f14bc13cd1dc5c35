"""Issuers of workflows' tokens over the REST interface.

Routes issuers, issuer, issuer_rules, issuer_rule, issuer_explain.
"""

import json
import uuid

import pytest

from harness import Registry
from harness.issuer import AUDIENCE, Issuer
from harness.people_api import ROOT, People

PATH = f"{ROOT}/admin/issuers"
NEVER = 4294967295  # the id of no rule


@pytest.fixture(scope="module")
def signer():
    served = Issuer()
    yield served
    served.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    registry = Registry(tmp_path_factory.mktemp("issuers"), {"login.free_attempts": "0", "net.allow": "127.0.0.0/8"})
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture
def people(server):
    return People(server)


def name():
    return f"i{uuid.uuid4().hex[:10]}"


def closed(people, method, path, body=None):
    """For site administrators who show the password; nobody else learns what there is."""
    others = [people.signed_in(people.person()), people.by_token(people.boss), people.by_bearer(people.boss), people.by_token(people.boss, packages="**")]
    before = people.log()
    for one in others:
        people.said(one.request(method, path, json=body), 403)
    assert people.log() == before


def new_issuer(people):
    one = name()
    people.said(people.site.post(PATH, json={"name": one, "url": f"https://{one}.example", "audience": AUDIENCE, "claims": ["repository=repository"]}), 201)
    return one


def issuers(people):
    return {one["name"]: one for one in people.registry.cli_json("issuer", "list")["issuers"]}


def test_issuers_are_trusted_and_listed_as_described(people):
    site, one = people.site, name()
    url = f"https://{one}.example"
    closed(people, "GET", PATH)
    closed(people, "POST", PATH, {"name": one, "url": url, "audience": AUDIENCE})
    people.refusals(site, "GET", PATH)
    people.bad_bodies(site, "POST", PATH, "name")
    good = {"name": one, "url": url, "audience": AUDIENCE}
    before = people.log()
    for wrong in ({"name": "a b"}, {"name": ""}, {"name": "x" * 5000}, {"name": "a\nb"}, {"url": "ftp://plain.example"}, {"url": "https://a.example/\n"},
                  {"audience": "a b"}, {"audience": ""}, {"profile": "forge"}, {"claims": ["colour"]}, {"claims": ["colour=x"]},
                  {"claims": [""]}, {"claims": ["ref=ref\nrepository=x"]}, {"read_events": ["push"]}, {"read_events": [""]}):
        people.said(site.post(PATH, json={**good, **wrong}), 422)
    for wrong in ({"claims": "repository=x"}, {"claims": [7]}, {"keys": "x"}, {"keys": "{}"}, {"keys": {}}, {"claims": [f"ref=r{n}" for n in range(17)]}):
        assert site.post(PATH, json={**good, **wrong}).status_code == 422
    people.said(site.post(PATH, json={"name": one, "audience": AUDIENCE}), 422)  # without a URL
    assert people.log() == before and one not in issuers(people)
    made = people.said(site.post(PATH, json={**good, "claims": ["repository=repository", "event=event_name"], "read_events": ["pull_request"]}), 201).json()
    assert (made["claims"], made["read_events"], made["keys_given"]) == (["repository=repository", "event=event_name"], ["pull_request"], False)
    people.said(site.post(PATH, json=good), 409)
    people.said(site.post(PATH, json={**good, "name": name()}), 409)
    assert made in people.pages(site, PATH)
    people.unchanged(site, PATH)
    people.complete("GET /admin/issuers", "POST /admin/issuers")


def test_what_a_profile_knows_need_not_be_said(people):
    made = people.said(people.site.post(PATH, json={"name": name(), "profile": "github", "audience": AUDIENCE}), 201).json()
    assert made["url"] == "https://token.actions.githubusercontent.com" and "repository=repository" in made["claims"]
    bare = people.said(people.site.post(PATH, json={"name": name(), "profile": "gitlab", "audience": AUDIENCE, "claims": [], "read_events": []}), 201).json()
    assert (bare["claims"], bare["read_events"]) == ([], [])
    for one in (made, bare):
        people.said(people.site.delete(f"{PATH}/{one['name']}"), 204)


def test_an_issuer_is_shown_and_deleted_as_described(people):
    site, one = people.site, new_issuer(people)
    path = f"{PATH}/{one}"
    for method in ("GET", "DELETE"):
        closed(people, method, path)
        closed(people, method, f"{PATH}/{name()}")
        people.refusals(site, method, path)
        for wrong in ("none", one.upper(), "x" * 300, f"{one}%2Frules", "%20"):
            people.said(site.request(method, f"{PATH}/{wrong}"), 404)
    assert people.unchanged(site, path).json()["url"] == f"https://{one}.example"
    people.said(site.delete(path), 204)
    people.said(site.delete(path), 404)
    assert one not in issuers(people)
    people.complete("GET /admin/issuers/{issuer}", "DELETE /admin/issuers/{issuer}")


def test_an_issuer_can_be_called_as_the_question_is(people):
    people.said(people.site.post(PATH, json={"name": "explain", "url": "https://explain.example", "audience": AUDIENCE}), 201)
    assert people.said(people.site.get(f"{PATH}/explain"), 200).json()["name"] == "explain"
    people.said(people.site.delete(f"{PATH}/explain"), 204)


def test_rules_are_made_and_listed_as_described(people):
    site, one, owner = people.site, new_issuer(people), people.person()
    path, good = f"{PATH}/{one}/rules", {"conditions": [f"repository={owner.name}/*"], "role": "write"}
    closed(people, "GET", path)
    closed(people, "POST", path, good)
    people.refusals(site, "GET", path)
    people.bad_bodies(site, "POST", path)
    for method in ("GET", "POST"):
        for wrong in ("none", one.upper(), "%20"):
            people.said(site.request(method, f"{PATH}/{wrong}/rules", json=good if method == "POST" else None), 404)
    before = people.log()
    for wrong in ({"conditions": []}, {"conditions": [""]}, {"conditions": [f"repository={owner.name}/*\nref=x"]}, {"conditions": ["colour"]},
                  {"conditions": ["ref=x"]}, {"conditions": ["ref=x"], "repository": f"{owner.name}/app"}, {"repository": "app"},
                  {"repository": "a/b/c"}, {"role": "none"}, {"role": "owner"}):
        people.said(site.post(path, json={**good, **wrong}), 422)
    for wrong in ({}, {"role": "write"}, {"conditions": ["a=b"]}, {"conditions": "a=b", "role": "write"}, {**good, "role": 7}):
        assert site.post(path, json=wrong).status_code == 422
    assert people.log() == before
    made = people.said(site.post(path, json=good), 201).json()
    assert made == {"id": made["id"], "issuer": one, "conditions": good["conditions"], "repository": None, "role": "write", "created_at": made["created_at"]}
    named = people.said(site.post(path, json={"conditions": ["sub=repo:acme/x", "ref=y"], "repository": f"{owner.name}/App", "role": "read"}), 201).json()
    assert (named["repository"], named["conditions"]) == (f"{owner.name}/app", ["sub=repo:acme/x", "ref=y"])
    assert people.pages(site, path) == [made, named]
    people.unchanged(site, path)
    people.registry.cli("user", "rename", owner.name, name(), "--confirm", owner.name)
    people.said(site.post(path, json={**good, "repository": f"{owner.name}/app"}), 409)
    people.complete("GET /admin/issuers/{issuer}/rules", "POST /admin/issuers/{issuer}/rules")


def test_v37_a_rule_is_deleted_below_its_issuer_alone(people):
    site, one, other = people.site, new_issuer(people), new_issuer(people)
    good = {"conditions": ["repository=acme/*"], "role": "read"}
    rule, another = (people.said(site.post(f"{PATH}/{x}/rules", json=good), 201).json()["id"] for x in (one, other))
    path = f"{PATH}/{one}/rules/{rule}"
    closed(people, "DELETE", path)
    closed(people, "DELETE", f"{PATH}/{one}/rules/{NEVER}")
    people.refusals(site, "DELETE", path)
    before = people.log()
    for wrong in (f"{one}/rules/{another}", f"{one}/rules/{NEVER}", f"{one}/rules/0", f"{one}/rules/x", f"{one}/rules/-1", f"none/rules/{rule}",
                  f"{other}/rules/{rule}", f"{one}/rules/18446744073709551617"):
        people.said(site.delete(f"{PATH}/{wrong}"), 404)
    assert people.log() == before
    people.said(site.delete(path), 204)
    people.said(site.delete(path), 404)
    assert [x["id"] for x in people.said(site.get(f"{PATH}/{other}/rules"), 200).json()] == [another]
    people.complete("DELETE /admin/issuers/{issuer}/rules/{rule_id}")


def test_what_would_become_of_a_token_is_said_as_by_the_command_line(people, signer):
    site, owner, path = people.site, people.person(), f"{PATH}/explain"
    closed(people, "POST", path, {"token": "x.y.z"})
    people.bad_bodies(site, "POST", path, "token")
    people.said(site.post(path, json={"token": "x" * 16385}), 422)
    one = name()
    people.said(site.post(PATH, json={"name": one, "url": signer.url, "audience": AUDIENCE, "claims": ["repository=repository"]}), 201)
    token = signer.token(repository=f"{owner.name}/app")
    people.registry.secrets.append(token)
    for wrong in ("x.y.z", "", "none"):
        unknown = people.said(site.post(path, json={"token": wrong}), 200).json()
        assert (unknown["allowed"], unknown["issuer"], unknown["rule_id"], unknown["role"]) == (False, None, None, None) and unknown["why"]
    refused = people.said(site.post(path, json={"token": token}), 200).json()
    assert (refused["allowed"], refused["issuer"]) == (False, one) and refused["why"]
    rule = people.said(site.post(f"{PATH}/{one}/rules", json={"conditions": [f"repository={owner.name}/*"], "role": "write"}), 201).json()
    answer = people.said(site.post(path, json={"token": token}), 200)
    assert answer.json() == {"allowed": True, "issuer": one, "repository": f"{owner.name}/app", "rule_id": rule["id"], "role": "write", "why": None}
    assert token not in answer.text and answer.headers["Cache-Control"] == "no-store"
    told = json.loads(people.registry.run("issuer", "explain", "--json", input=token).stdout)
    assert (told["allowed"], told["issuer"], told["rule"], told["role"]) == (True, one, rule["id"], "write")
    people.complete("POST /admin/issuers/explain")
