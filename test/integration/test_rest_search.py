"""Search: /api/v3/search/packages.

K7, V34, V41, V50, T3; route search_packages.
"""

import random
import re
import sqlite3
import time
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest

from harness import Registry, images, openapi
from harness.packages_api import PackagesApi, links, path, refused, succeeded

SEARCH = "/search/packages"
LICENSES, DESCRIPTION, SOURCE = (f"org.opencontainers.image.{word}" for word in ("licenses", "description", "source"))
FIELDS = {"name", "description", "license", "repository", "tag", "digest"}
SECONDS = 20


def words(text):
    """Runs of letters and digits, of which those of ASCII alone are folded."""
    return re.findall("[0-9a-z\u0080-\U0010ffff]+", "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text or ""))


@dataclass
class Package:
    """What was pushed, as the test knows it."""
    name: str
    description: str = ""
    licenses: str = ""
    repository: str = ""  # that everybody may read
    tags: set = field(default_factory=set)
    digests: set = field(default_factory=set)
    visibility: str = "private"

    @property
    def owner(self):
        return self.name.split("/", 1)[0]

    def words(self, in_name):
        found = words(self.name)
        return found if in_name else found + words(self.description) + words(self.licenses) + words(self.repository)

    def wholes(self):
        return {self.name, self.name.split("/", 1)[1], *self.name.split("/"), *self.license_words()}

    def license_words(self):
        return {word.lower() for word in re.split("[^0-9A-Za-z.+:-]+", self.licenses) if word not in ("", "AND", "OR", "WITH")}

    def has(self, term, in_name):
        """(it has it, as it is)"""
        key, _, value = term.partition(":")
        if value and key != "sha256":
            return self.qualified(key, value), True
        if value:
            return any(digest.startswith(term) for digest in self.digests), True
        known, looked_for = self.words(in_name), words(term)
        rest, last = looked_for[:-1], looked_for[-1]
        exact = known if [term.lower()] == looked_for else self.wholes()
        if all(word in known for word in rest) and any(w == last or (len(last.encode()) >= 3 and w.startswith(last)) for w in known):
            return True, term.lower() in exact
        other = not in_name and (term in self.tags or (len(term) >= 12 and re.fullmatch("[0-9a-f]+", term) is not None
                                                       and any(one.startswith("sha256:" + term) for one in self.digests)))
        return other, other

    def qualified(self, key, value):
        return {
            "owner": lambda: self.owner == value.lower(),
            "license": lambda: value.lower() in self.license_words(),
            "visibility": lambda: self.visibility == value,
            "tag": lambda: any(tag.startswith(value[:-1]) if value.endswith("*") else tag == value for tag in self.tags),
            "digest": lambda: any(digest.startswith(value) for digest in self.digests),
            "in": lambda: True,
        }[key]()


def recount(packages, query):
    """The names that a search should give, in its order."""
    terms = query.split()
    in_name = "in:name" in terms
    found = []
    for package in packages:
        verdicts = [package.has(term, in_name) for term in terms]
        if all(has for has, _ in verdicts):
            found.append((not all(exact for _, exact in verdicts), package.name))
    return [name for _, name in sorted(found)]


def full_name(item):
    return f"{item['owner']['login']}/{item['name']}"


class Searcher(PackagesApi):
    def search(self, query, **parameters):
        return succeeded(self.get(SEARCH, params={"q": query, **parameters}), 200).json()

    def names(self, query, **parameters):
        found = self.search(query, per_page=100, **parameters)
        assert not found["incomplete_results"]
        assert found["total_count"] == len(found["items"])
        # Counted alike where none is shown, and so none is looked at again.
        assert self.search(query, per_page=1, page=1000, **parameters)["total_count"] == found["total_count"], query
        return [full_name(item) for item in found["items"]]

    def becomes(self, query, names):
        """Words follow changes of many packages soon."""
        until = time.monotonic() + SECONDS
        while [full_name(item) for item in self.search(query, per_page=100)["items"]] != names:
            assert time.monotonic() < until, f"{query}: {self.names(query)}, not {names}"
            time.sleep(0.05)
        assert self.names(query) == names


class Place:
    """A server of its own: what is counted is all that there is."""

    def __init__(self, registry):
        self.registry = registry
        self.alice, self.bob = registry.user("alice"), registry.user("bob")
        self.root = Searcher(registry, registry.user("root", admin=True).token)
        registry.cli("org", "create", "acme", "--owner", "alice")
        self.push = registry.client(self.alice)
        self.nobody = Searcher(registry)

    def caller(self, account):
        return Searcher(self.registry, account.token)

    def package(self, name, *tags, labels=None, visibility=None, client=None):
        document = (client or self.push).push_image(name, *(tags or ("v1",)), labels=labels)
        if visibility:
            self.registry.set_visibility(name, visibility)
        return document


@pytest.fixture
def place(fresh):
    return Place(fresh())


def described(text, licenses=None):
    return {DESCRIPTION: text, **({LICENSES: licenses} if licenses else {})}


# --- what is found ---


def test_a_package_is_found_by_each_of_its_words(place):
    """K7"""
    place.package("acme/tools/my-postgres16", "v1.2", labels=described("A Database, Größe egal", "MIT OR Apache-2.0"))
    api = place.caller(place.alice)
    for query in ("acme", "tools", "my", "postgres16", "postgr", "POSTGRES16", "my-postgres16", "tools/my-postgres16",
                  "acme/tools/my-postgres16", "database", "Database,", "data", "größe", "grö", "egal", "mit", "apache-2.0",
                  "Apache-2.0", "apache", "v1.2", "tag:v1.2", "tag:v1*", "license:mit", "license:Apache-2.0", "owner:acme",
                  "user:ACME", "org:acme", "visibility:private", "my in:name", "acme database mit v1.2 license:MIT"):
        assert api.names(query) == ["acme/tools/my-postgres16"], query
    for query in ("postgresql", "16", "ostgres", "m", "da", "GRÖSSE", "gr", "v1", "v1.*", "tag:v1", "tag:V1.2", "license:apache",
                  "license:mi", "owner:acm", "visibility:public", "database in:name", "v1.2 in:name", "acme nothing", "%", "_cme"):
        response = api.get(SEARCH, params={"q": query})
        assert response.status_code == 422 or response.json()["items"] == [], query


def test_matches_tell_where_the_words_are(place):
    """K7"""
    document = place.package("acme/app", "app", labels=described("The app", "MIT"))
    api = place.caller(place.alice)

    def matches(query):
        [item] = api.search(query)["items"]
        return [(one["field"], one["text"]) for one in item["matches"]]

    assert matches("app") == [("name", "acme/app"), ("description", "The app"), ("tag", "app")]
    assert matches("app in:name") == [("name", "acme/app")]
    assert matches("license:mit the") == [("license", "MIT"), ("description", "The app")]
    assert matches("tag:a*") == [("tag", "app")]
    assert matches(document.digest) == matches(document.digest[:20]) == [("digest", document.digest)]
    assert matches(document.digest[7:19]) == [("digest", document.digest)]
    assert matches("owner:acme") == []


def test_digests_are_found_by_eight_digits_or_more(place):
    """K7"""
    document = place.package("acme/app")
    place.package("acme/other")
    api, digits = place.caller(place.alice), document.digest[7:]
    for length in (8, 9, 12, 33, 63, 64):
        assert api.names(f"digest:sha256:{digits[:length]}") == api.names(f"sha256:{digits[:length]}") == ["acme/app"]
        assert api.names(f"digest:sha256:{digits[:length].upper()}") == ["acme/app"]
    assert api.names("digest:" + digits[:16]) == ["acme/app"]
    for length in (12, 13, 64):
        assert api.names(digits[:length]) == ["acme/app"]
    assert api.names("sha256:ffffffff") == api.names("sha256:" + "f" * 64) == api.names("f" * 128) == []
    assert api.names("sha512:" + digits[:8]) == []


def test_those_with_each_word_as_it_is_come_first(place):
    """K7"""
    for name in ("acme/application", "acme/zz-app", "acme/app2", "acme/appx/b"):
        place.package(name, client=place.push)
    place.package("acme/a", labels=described("an app"))
    api = place.caller(place.alice)
    assert api.names("app") == ["acme/a", "acme/zz-app", "acme/app2", "acme/application", "acme/appx/b"]
    assert api.names("zz-app") == ["acme/zz-app"]
    assert api.names("app", sort="name") == sorted(api.names("app"))
    assert api.names("app", sort="name", order="desc") == sorted(api.names("app"), reverse=True)


def test_the_newest_come_first_where_they_are_sorted_by_time(place):
    """K7"""
    for name in ("acme/b", "acme/a", "acme/c"):
        place.package(name)
    api = place.caller(place.alice)
    rows = {full_name(item): (item["updated_at"], item["id"]) for item in api.search("acme")["items"]}
    expected = sorted(rows, key=rows.get)
    assert api.names("acme", sort="updated", order="asc") == expected
    assert api.names("acme", sort="updated") == api.names("acme", sort="updated", order="desc") == expected[::-1]


def test_pages_lose_and_repeat_nothing(place):
    """K7"""
    names = [f"acme/p{n:02}" for n in range(23)]
    for name in names:
        place.package(name)
    api = place.caller(place.alice)
    found = []
    for response in api.pages(SEARCH, q="acme", per_page=5, sort="name"):
        assert response.json()["total_count"] == len(names)
        found += [full_name(item) for item in response.json()["items"]]
    assert found == names
    assert api.search("acme", page=9)["items"] == []
    assert links(api.get(SEARCH, params={"q": "acme nowhere"})) == {}


def test_links_repeat_what_is_searched_for(place):
    """However long it is."""
    for name in ("acme/one", "acme/two"):
        place.package(name, labels=described("größe"))
    query = "größe" + " " * (256 - len("größeacme".encode())) + "acme"
    response = place.caller(place.alice).get(SEARCH, params={"q": query, "per_page": 1, "sort": "name", "order": "desc"})
    assert [full_name(item) for item in response.json()["items"]] == ["acme/two"]
    following = succeeded(place.caller(place.alice).get(links(response)["next"]), 200)
    assert [full_name(item) for item in following.json()["items"]] == ["acme/one"]


# --- who sees what ---


def test_t3_who_sees_nothing_gets_the_same_whether_there_is_something(place):
    """K7, T3: as an oracle for packages of others: body and headers."""
    place.package("alice/visible", labels=described("secret words"), visibility="public")
    queries = ("secret", "hidden", "owner:acme", "tag:v9", "visibility:private", "license:mit", "acme/hidden", "secret in:name")

    def asked(api):
        answers = [api.get(SEARCH, params={"q": query}) for query in queries]
        return [(answer.status_code, answer.text, answer.headers["ETag"]) for answer in answers]

    callers = [place.nobody, place.caller(place.bob)]
    before = [asked(api) for api in callers]
    document = place.package("acme/hidden", "v9", labels=described("secret words", "MIT"))
    assert [asked(api) for api in callers] == before
    assert place.caller(place.bob).names(document.digest) == []
    assert place.caller(place.alice).names("secret") == ["acme/hidden", "alice/visible"]
    assert place.root.names("secret") == ["acme/hidden", "alice/visible"]


def test_anonymous_callers_find_public_packages(place):
    """K7"""
    place.package("acme/open", visibility="public")
    place.package("acme/inner", visibility="internal")
    place.package("acme/closed")
    assert place.nobody.names("acme") == ["acme/open"]
    registry_token = place.registry.bare().ask_token("repository:acme/open:pull").json()["token"]
    assert Searcher(place.registry, registry_token).get(SEARCH, params={"q": "acme"}).status_code == 401


def test_tokens_find_what_they_are_for(place):
    """K7: patterns, scopes and addresses of tokens; public packages are for all."""
    for name in ("acme/app", "acme/app-two", "acme/lib", "alice/app"):
        place.package(name)
    place.package("acme/open", visibility="public")
    registry = place.registry

    def names(user="alice", **bounds):
        return Searcher(registry, registry.token(user, **bounds)).names("visibility:private") + Searcher(
            registry, registry.token(user, **bounds)).names("open")

    every = ["acme/app", "acme/app-two", "acme/lib", "alice/app", "acme/open"]
    assert names() == names("root") == every
    assert names(packages="acme/app,alice/*") == names("root", packages="acme/app,alice/*") == ["acme/app", "alice/app", "acme/open"]
    assert names(packages="*/app*") == ["acme/app", "acme/app-two", "alice/app", "acme/open"]
    assert names(packages="nobody/**") == ["acme/open"]
    assert names(scopes="delete:packages") == names("root", scopes="delete:packages") == ["acme/open"]
    assert names(addresses="192.0.2.0/24") == names("root", addresses="192.0.2.0/24") == ["acme/open"]


def test_a_repository_s_name_is_a_word_for_whoever_may_know_it(place):
    """K7, T3: a package that a stranger may read does not tell of a private repository."""
    registry = place.registry
    place.package("acme/app", visibility="public")
    registry.cli("repository", "create", "acme/skunkworks")
    registry.cli("package", "link", "acme/app", "acme/skunkworks")
    place.nobody.becomes("skunkworks", [])
    registry.cli("repository", "set", "acme/skunkworks", "--visibility", "public")
    place.nobody.becomes("skunkworks", ["acme/app"])
    assert place.nobody.search("skunkworks")["items"][0]["matches"] == [{"field": "repository", "text": "acme/skunkworks"}]
    registry.cli("repository", "set", "acme/skunkworks", "--visibility", "private")
    place.nobody.becomes("skunkworks", [])


# --- changes ---


def test_a_pushed_package_and_its_new_labels_are_found_at_once(place):
    """K7"""
    api = place.caller(place.alice)
    place.package("acme/app", "v1", labels=described("first"))
    assert api.names("first") == ["acme/app"]
    place.package("acme/app", "v2", labels=described("second", "MIT"))
    assert (api.names("first"), api.names("second"), api.names("license:mit")) == ([], ["acme/app"], ["acme/app"])
    child = images.document(images.OCI_INDEX, manifests=[], annotations=described("third"))
    place.push.put_manifest("acme/app", child.digest, child)
    assert (api.names("third"), api.names("second")) == ([], ["acme/app"])
    place.push.push_manifest("acme/fresh", images.document(images.OCI_INDEX, manifests=[]), "v1")
    assert api.names("fresh") == ["acme/fresh"]


def test_deleted_packages_and_versions_are_not_found(place):
    """K7"""
    api = place.caller(place.alice)
    first = place.package("acme/app", "v1", labels=described("first"))
    second = place.package("acme/app", "v2", labels=described("second"))
    listed = api.versions("/orgs/acme", "app")
    succeeded(api.delete(path("/orgs/acme", "app", "versions", listed[second.digest]["id"])), 204)
    assert (api.names(second.digest), api.names("tag:v2"), api.names(first.digest)) == ([], [], ["acme/app"])
    api.becomes("second", [])
    api.becomes("first", ["acme/app"])
    succeeded(api.post(path("/orgs/acme", "app", "versions", listed[second.digest]["id"], "restore")), 204)
    assert api.names(second.digest) == api.names("tag:v2") == ["acme/app"]
    api.becomes("second", ["acme/app"])
    succeeded(api.delete(path("/orgs/acme", "app")), 204)
    for query in ("acme", "second", "tag:v1", first.digest, "owner:acme", "visibility:private"):
        assert api.names(query) == [], query
    succeeded(api.post(path("/orgs/acme", "app", "restore")), 204)
    for query in ("acme", "second", "tag:v1", first.digest, "owner:acme", "visibility:private"):
        assert api.names(query) == ["acme/app"], query


def test_a_package_without_trash_leaves_nothing_to_be_found(fresh):
    place = Place(fresh({"trash.keep": "0s"}))
    document = place.package("acme/app", labels=described("words"))
    api = place.caller(place.alice)
    succeeded(api.delete(path("/orgs/acme", "app")), 204)
    assert api.names("acme") == api.names("words") == api.names(document.digest) == []
    place.registry.stop()
    with sqlite3.connect(place.registry.data / "staithe.db") as db:
        assert db.execute("SELECT (SELECT count(*) FROM package_word) + (SELECT count(*) FROM indexed_package)").fetchone() == (0,)
    db.close()
    place.registry.start()


def test_visibility_counts_at_once(place):
    """K7"""
    place.package("acme/app")
    for visibility, seen in (("public", ["acme/app"]), ("internal", []), ("public", ["acme/app"]), ("private", [])):
        place.registry.set_visibility("acme/app", visibility)
        assert place.nobody.names("app") == place.caller(place.bob).names("app") == seen
        assert place.caller(place.alice).names(f"visibility:{visibility}") == ["acme/app"]


def test_names_change_at_once_and_owners_soon(place):
    """K7"""
    registry, api = place.registry, place.caller(place.alice)
    place.package("acme/app")
    registry.cli("package", "rename", "acme/app", "acme/tool", "--confirm", "acme/app")
    assert (api.names("app"), api.names("tool"), api.names("acme/tool")) == ([], ["acme/tool"], ["acme/tool"])
    registry.cli("org", "rename", "acme", "apex", "--confirm", "acme")
    assert api.names("owner:apex") == ["apex/tool"]
    assert api.names("owner:acme") == []
    api.becomes("apex", ["apex/tool"])
    api.becomes("acme", [])


def test_roles_count_at_once(place):
    """K7"""
    registry, bob = place.registry, place.caller(place.bob)
    place.package("acme/app")
    registry.cli("access", "grant", "acme/app", "bob", "read")
    assert bob.names("app") == ["acme/app"]
    registry.cli("access", "revoke", "acme/app", "bob")
    assert bob.names("app") == []
    registry.cli("org", "add", "acme", "bob")
    assert bob.names("app") == []
    registry.set_visibility("acme/app", "internal")
    assert bob.names("app") == ["acme/app"]


# --- all of it, at random ---

NAMES = ("app", "apple", "lib", "my-app", "tools/app", "tools/lib", "go", "libapp", "app2")
WORDS = ("app", "apple", "database", "data", "go", "Größe", "fast", "x")
TAGS = ("v1", "v1.0", "v2", "latest", "app", "go")
KINDS = ("", "MIT", "Apache-2.0", "MIT OR Apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0")


class World(Place):
    def __init__(self, registry, seed):
        super().__init__(registry)
        self.random = random.Random(seed)
        cli = registry.cli
        cli("org", "create", "beta", "--owner", "bob")
        carol, self.dora = registry.user("carol"), registry.user("dora")
        for org in ("acme", "beta"):
            cli("org", "add", org, "carol")
            cli("team", "create", f"{org}/devs")
            cli("team", "create", f"{org}/ops", "--parent", "devs")
            cli("team", "add", f"{org}/ops", "carol")
        cli("robot", "create", "acme+reader", "--role", "read")
        cli("robot", "create", "acme+none")
        cli("repository", "create", "acme/source", "--url", "https://forge.example/acme/source")
        cli("repository", "create", "acme/wellknown", "--visibility", "public")
        cli("repository", "grant", "acme/source", "dora", "read")
        self.packages = [self.make(owner, name) for owner in ("acme", "beta", "alice", "bob")
                         for name in self.random.sample(NAMES, 6)]
        token = registry.token
        self.callers = [Searcher(registry, one) for one in (
            self.alice.token, self.bob.token, carol.token, self.dora.token, token("root", packages="acme/*"),
            token("carol", packages="*/app,acme/**"), token("alice", scopes="delete:packages"),
            *(cli("token", "create", "--robot", robot, "--scopes", "read:packages").split()[-1] for robot in ("acme+reader", "acme+none")))]
        self.callers += [self.root, self.nobody]

    def make(self, owner, name):
        chance = self.random
        package = Package(f"{owner}/{name}", " ".join(chance.sample(WORDS, chance.randint(0, 3))), chance.choice(KINDS),
                          tags=set(chance.sample(TAGS, chance.randint(1, 3))), visibility=chance.choice(["private", "public"]))
        if owner in ("acme", "beta") and chance.random() < 0.4:
            package.visibility = "internal"
        labels = {key: value for key, value in ((DESCRIPTION, package.description), (LICENSES, package.licenses)) if value}
        client = self.registry.client(self.alice if owner in ("acme", "alice") else self.bob)
        package.digests = {client.push_image(package.name, *sorted(package.tags), labels=labels).digest}
        self.registry.set_visibility(package.name, package.visibility)
        cli = self.registry.cli
        if owner == "acme" and chance.random() < 0.6:
            package.repository = chance.choice(["acme/wellknown", ""])
            cli("package", "link", package.name, package.repository or "acme/source", *(() if package.repository else ("--inherit",)))
        for subject in ("dora", f"{owner}/devs" if owner in ("acme", "beta") else "carol"):
            if chance.random() < 0.25:
                cli("access", "grant", package.name, subject, "read")
        return package

    def readable(self, api):
        """Those that the caller may read, one by one."""
        if api.authorization is None:
            return [package for package in self.packages if package.visibility == "public"]
        return [package for package in self.packages
                if api.get(path(f"/users/{package.owner}", package.name.split("/", 1)[1])).status_code == 200]

    def query(self):
        chance = self.random
        digest = chance.choice(sorted(chance.choice(self.packages).digests))
        every = [*WORDS, *TAGS, *NAMES, "ap", "app", "dat", "acme", "wellknown", "source", "nowhere", "apache-2.0", "mit", "acme/app",
                 *(f"owner:{owner}" for owner in ("acme", "beta", "alice", "nobody")), "license:mit", "license:Apache-2.0",
                 "license:classpath-exception-2.0", "visibility:public", "visibility:internal", "visibility:private", "tag:v1", "tag:v*",
                 "tag:app", "in:name app", "in:name tools", digest[:18], digest[7:24], f"digest:{digest[:15]}"]
        return " ".join(chance.sample(every, chance.choice([1, 1, 2, 2, 3])))


@pytest.mark.parametrize("seed", [1, 2])
def test_t3_what_is_found_is_what_a_recount_finds(fresh, seed):
    """K7, T3: for each caller, of packages, roles and queries at random."""
    world = World(fresh(), seed)
    queries = [world.query() for _ in range(120)]
    found = 0
    for api in world.callers:
        readable = world.readable(api)
        for query in queries:
            names = api.names(query)
            assert names == recount(readable, query), query
            found += len(names)
            assert all(match["field"] in FIELDS for item in api.search(query)["items"][:1] for match in item["matches"])
    assert found > 500


# --- what is refused ---


@pytest.mark.parametrize("query, detail", [
    ("", "q: nothing to search for."), ("   ", "q: nothing to search for."), ("--- %", "q: nothing to search for."),
    ("in:name", "q: nothing to search for."), ("password_hash:x", "q: qualifiers are "), ("x:y:z", "q: qualifiers are "),
    ("owner:", "q: a qualifier has no value."), (":x", "q: qualifiers are "), ("Owner:x", "q: qualifiers are "),
    ("in:description", "q: in is name."), ("visibility:secret", "q: visibility is one of"), ("license:a/b", "q: license names one"),
    ("tag:a*b", "q: in a tag,"), ("tag:**", "q: in a tag,"), ("digest:sha256:abc", "q: a digest is"), ("sha256:xyz", "q: a digest is"),
    ("digest:md5:0123456789", "q: a digest is"), ("sha256:" + "0" * 65, "q: a digest is"), ("a" * 257, "q: more than 256 bytes."),
    (" ".join("abcdefghijklmnopq"), "q: more than 16 words"),
])
def test_a_query_without_a_meaning_is_422(place, query, detail):
    """V34"""
    body = refused(place.nobody.get(SEARCH, params={"q": query}), 422, "Validation Failed")
    assert body["detail"].startswith(detail)


@pytest.mark.parametrize("query", ["%ff%fe", "%c3", "%ed%a0%80x%f5", "a%e4"])
def test_a_query_that_is_not_utf_8_is_422(place, query):
    refused(place.nobody.get(f"{SEARCH}?q={query}"), 422, "Validation Failed")


def test_v34_v50_text_of_a_query_is_no_part_of_a_statement(place):
    """V34, V50"""
    place.package("acme/a_b", labels=described("x"))
    place.package("acme/axb", labels=described("y"))
    api = place.caller(place.alice)
    assert api.names("a_b") == ["acme/a_b"]
    for query in ("a%b", "'", "'; DROP TABLE package; --", '" OR 1=1', "tag:%", "tag:_1", "owner:%", "ac\\%", "a*"):
        response = api.get(SEARCH, params={"q": query})
        assert response.status_code == 422 or "acme/axb" not in map(full_name, response.json()["items"]), query
    assert api.names("acme") == ["acme/a_b", "acme/axb"]


def test_v41_other_columns_to_sort_by_are_422(place):
    """V41"""
    for sort in ("password_hash", "id", "created", "", "name,id", "NAME", "stars"):
        body = refused(place.nobody.get(SEARCH, params={"q": "x", "sort": sort}), 422, "Validation Failed")
        assert body["detail"].startswith("sort: ")
    for order in ("up", "", "ASC"):
        refused(place.nobody.get(SEARCH, params={"q": "x", "sort": "name", "order": order}), 422, "Validation Failed")
    refused(place.nobody.get(SEARCH), 422, "Validation Failed")


def test_pages_behind_the_first_thousand_are_422(place):
    for page, per_page in ((11, 100), (35, 30), (1001, 1), (2**63, 100)):
        refused(place.nobody.get(SEARCH, params={"q": "x", "page": page, "per_page": per_page}), 422,
                "Only the first 1000 search results are available")
    for page, per_page in ((10, 100), (34, 30), (1000, 1)):
        assert place.nobody.search("x", page=page, per_page=per_page)["items"] == []


def test_search_is_as_described(place):
    """Each declared status, checked against the OpenAPI document."""
    place.registry.cli("repository", "create", "acme/code", "--visibility", "public")
    place.package("acme/app", "app", labels=described("The app", "MIT"), visibility="public")
    place.registry.cli("package", "link", "acme/app", "acme/code")
    document = openapi.load()
    clients = [openapi.checked(place.registry.bearer(place.alice.token), document), openapi.checked(place.registry.bare(), document)]
    seen = set()
    for client in clients:
        client.seen = seen
        found = client.get(f"/api/v3{SEARCH}?q=app")
        assert found.json()["total_count"] == 1
        assert client.get(f"/api/v3{SEARCH}?q=app", headers={"If-None-Match": found.headers["ETag"]}).status_code == 304
        client.get(f"/api/v3{SEARCH}?q=app+license:mit+tag:app&sort=updated&order=asc&per_page=1&page=2")
        assert client.get(f"/api/v3{SEARCH}?q={quote('x:y')}").status_code == 422
        assert client.get(f"/api/v3{SEARCH}?q=x&page=9999").status_code == 422
        assert client.get(f"/api/v3{SEARCH}?q=x", headers={"Accept": "image/png"}).status_code == 415
        assert client.get(f"/api/v3{SEARCH}?q=x", headers={"X-GitHub-Api-Version": "1999-01-01"}).status_code == 400
    wrong = openapi.checked(place.registry.bearer("stp_wrong"), document)
    wrong.seen = seen
    assert wrong.get(f"/api/v3{SEARCH}?q=x").status_code == 401
    operation = document.find("GET", f"/api/v3{SEARCH}")
    assert {(operation.id, int(status)) for status in operation.responses if status != "default"} == seen


# --- databases of before ---


def test_a_database_of_schema_4_is_searchable_after_the_start(place):
    """K7: what schema 5 added is taken away, so that the next start brings it back."""
    registry, api = place.registry, place.caller(place.alice)
    names = [f"acme/p{n}" for n in range(40)]
    for name in names:
        place.package(name, labels=described("words of old", "MIT"))
    registry.stop()
    db = sqlite3.connect(registry.data / "staithe.db")
    assert db.execute("SELECT max(version) FROM schema_version").fetchone() == (5,)
    added = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND name IN ('tag_updated', 'tag_name',"
                                          " 'manifest_digest', 'package_unindexed', 'tag_event_name')")]
    for name in added:
        db.execute(f"DROP INDEX {name}")
    for name in ("tag_event", "pull_day", "package_word", "indexed_package"):
        db.execute(f"DROP TABLE {name}")
    for table, column in (("manifest", "platform"), ("package", "indexed"), ("package", "description"), ("package", "licenses")):
        db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    db.execute("DELETE FROM schema_version WHERE version = 5")
    db.commit()
    db.close()
    registry.start(port=registry.address[1])
    api.becomes("old license:mit", sorted(names))
