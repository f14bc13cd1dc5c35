"""Manifests: what is accepted, what is not, and that bytes come back as they were pushed."""

import json
import os
import threading

import pytest

from harness import Document, images, refused
from harness.client import succeeded
from harness.parallel import at_once

ABSENT = "sha256:" + "0" * 64
LIMIT = 4 << 20
CONFIG, LAYER = images.config_bytes(), os.urandom(1000)


@pytest.fixture
def ready(owner, package):
    """A package that has CONFIG, LAYER and the empty JSON object, and one tag."""
    for blob in (CONFIG, LAYER, images.EMPTY_JSON):
        owner.push_blob(package, blob)
    owner.push_manifest(package, images.image(CONFIG, [LAYER]), "stays")
    return package


def got_back(client, name, reference, document):
    """GET and HEAD give exactly what was pushed."""
    response = succeeded(client.get_manifest(name, reference), 200)
    assert response.content == document.body
    assert response.headers["Content-Type"] == document.media_type
    assert response.headers["Content-Length"] == str(len(document.body))
    head = succeeded(client.head_manifest(name, reference), 200)
    assert head.content == b""
    for header in ("Content-Type", "Content-Length", "Docker-Content-Digest", "ETag"):
        assert head.headers[header] == response.headers[header]
    return response


# What is accepted


def test_put_by_tag_answers_with_digest_and_location(owner, ready):
    document = images.image(CONFIG, [LAYER, LAYER])
    response = succeeded(owner.put_manifest(ready, "v1", document), 201)
    assert response.headers["Docker-Content-Digest"] == document.digest
    assert response.headers["Location"] == f"/v2/{ready}/manifests/{document.digest}"
    assert response.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert "OCI-Subject" not in response.headers
    assert owner.get(response.headers["Location"]).content == document.body


def test_tag_and_digest_serve_the_same_bytes_with_validators(owner, ready):
    document = owner.push_manifest(ready, images.image(CONFIG, []), "v1")
    for reference in ("v1", document.digest):
        response = got_back(owner, ready, reference, document)
        assert response.headers["Docker-Content-Digest"] == document.digest
        assert response.headers["ETag"] == f'"{document.digest}"'


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_put_by_digest(owner, ready, algorithm):
    document = images.image(CONFIG, [LAYER], annotations={"algorithm": algorithm})
    digest = images.digest_of(document.body, algorithm)
    response = succeeded(owner.put_manifest(ready, digest, document), 201)
    assert response.headers["Docker-Content-Digest"] == digest
    assert got_back(owner, ready, digest, document).headers["Docker-Content-Digest"] == digest
    assert owner.tags(ready) == ["stays"]


def kinds():
    layer = images.descriptor(LAYER, images.OCI_LAYER)
    empty = images.descriptor(images.EMPTY_JSON, images.OCI_EMPTY)
    foreign = {"mediaType": images.OCI_FOREIGN, "digest": ABSENT, "size": 7, "urls": ["https://example.com/layer"]}
    docker_foreign = {**foreign, "mediaType": images.DOCKER_FOREIGN}
    config = images.descriptor(CONFIG, images.OCI_CONFIG)
    child = images.image(CONFIG, [LAYER])
    pretty = json.dumps({"schemaVersion": 2, "config": config, "layers": [layer]}, indent=3).encode() + b"\n"
    return {
        "OCI image": images.image(CONFIG, [LAYER]),
        "OCI image without mediaType": Document(pretty, images.OCI_MANIFEST),
        "no layers": images.image(CONFIG, []),
        "the same layer twice": images.image(CONFIG, [LAYER, LAYER]),
        "Docker schema 2": images.docker_image(CONFIG, [LAYER]),
        "OCI index": images.index([child]),
        "Docker manifest list": images.index([images.docker_image(CONFIG, [LAYER])], images.DOCKER_LIST),
        "empty index": images.index([]),
        "index with platform": images.document(images.OCI_INDEX, manifests=[
            child.descriptor(platform={"os": "linux", "architecture": "arm64", "variant": "v8"})]),
        "nested index": images.index([images.index([child])]),
        "OCI artifact": images.artifact("application/vnd.example.sbom.v1"),
        "retired OCI artifact manifest": images.document(images.OCI_ARTIFACT, artifactType="a/b", blobs=[layer]),
        "data field": images.document(images.OCI_MANIFEST, artifactType="a/b", config={**empty, "data": "e30="},
                                      layers=[{**empty, "data": "e30="}]),
        "non-distributable layer": images.document(images.OCI_MANIFEST, config=config, layers=[foreign]),
        "Docker foreign layer": images.document(images.DOCKER_MANIFEST, config=config, layers=[docker_foreign]),
        "unknown fields": images.document(images.OCI_MANIFEST, config=config, future={"Layers": [], "deep": [[[[1]]]]},
                                          layers=[{**layer, "new": {"x": [1.5, None]}}]),
        "other layer types": images.document(images.OCI_MANIFEST, layers=[{**layer, "mediaType": "application/wasm"}],
                                             config={**empty, "mediaType": "application/vnd.wasm.config.v0+json"}),
        "BuildKit cache index": images.document(images.OCI_INDEX, manifests=[
            layer, images.descriptor(CONFIG, "application/vnd.buildkit.cacheconfig.v0")]),
        "unknown media type": Document(b'{"schemaVersion":2,"any":"thing"}', "application/vnd.example.future.v9+json"),
        "non-ASCII text": images.image(CONFIG, [LAYER], annotations={"name": "Grüße 日本 🚢"}),
    }


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_manifest_is_served_back_exactly(owner, ready, kind):
    """P2"""
    document = kinds()[kind]
    if kind in ("OCI index", "index with platform", "nested index"):
        owner.push_manifest(ready, images.image(CONFIG, [LAYER]))
    succeeded(owner.put_manifest(ready, "v1", document), 201)
    for reference in ("v1", document.digest):
        got_back(owner, ready, reference, document)


@pytest.mark.parametrize("accept", ["*/*", "text/html", images.OCI_INDEX, "", f"{images.DOCKER_LIST}, {images.OCI_INDEX}"])
def test_v3_accept_never_changes_what_is_served(owner, ready, accept):
    """V3: what is stored is served; no conversion, no other answer under the same name."""
    document = owner.push_manifest(ready, images.image(CONFIG, [LAYER]), "v1")
    response = succeeded(owner.get_manifest(ready, "v1", headers={"Accept": accept}), 200)
    assert response.content == document.body and response.headers["Content-Type"] == document.media_type


@pytest.mark.parametrize("suffix", ["; charset=utf-8", ";charset=utf-8", " "])
def test_parameters_of_the_content_type_are_left_out(owner, ready, suffix):
    document = images.image(CONFIG, [LAYER], annotations={"suffix": suffix})
    succeeded(owner.put_manifest(ready, "v1", document, {"Content-Type": document.media_type + suffix}), 201)
    got_back(owner, ready, "v1", document)


def test_a_manifest_of_just_under_4_mib_is_accepted(owner, ready):
    document = images.image(CONFIG, [LAYER], annotations={f"k{n}": "x" * 10_000 for n in range(390)})
    assert LIMIT * 0.9 < len(document.body) < LIMIT
    succeeded(owner.put_manifest(ready, "v1", document), 201)
    got_back(owner, ready, "v1", document)


def test_t27_one_thousand_layers_are_accepted(owner, ready):
    document = images.image(CONFIG, [LAYER] * 1000)
    succeeded(owner.put_manifest(ready, "v1", document), 201)
    got_back(owner, ready, "v1", document)


def test_a_tag_moves_and_the_old_manifest_stays_by_digest(owner, ready):
    first = owner.push_manifest(ready, images.image(CONFIG, [LAYER]), "v1")
    second = owner.push_manifest(ready, images.image(CONFIG, []), "v1")
    got_back(owner, ready, "v1", second)
    got_back(owner, ready, first.digest, first)


def test_children_put_to_the_tag_at_once_and_then_the_index(registry, alice, owner, ready):
    """Some clients put every child under the tag, in parallel, and the index last."""
    children = [images.image(CONFIG, [LAYER], annotations={"n": str(n)}) for n in range(8)]
    at_once(lambda child: registry.client(alice).put_manifest(ready, "multi", child), children)
    index = owner.push_manifest(ready, images.index(children), "multi")
    got_back(owner, ready, "multi", index)
    for child in children:
        got_back(owner, ready, child.digest, child)


def test_an_index_may_come_before_its_children(owner, ready):
    """Sparse: entries need not be there, now or ever."""
    child = images.image(CONFIG, [LAYER], annotations={"late": "yes"})
    index = images.document(images.OCI_INDEX, manifests=[child.descriptor(), images.index([]).descriptor()])
    succeeded(owner.put_manifest(ready, "v1", index), 201)
    got_back(owner, ready, "v1", index)
    assert owner.get_manifest(ready, child.digest).status_code == 404
    owner.push_manifest(ready, child)
    got_back(owner, ready, child.digest, child)


# ?tag=


def tags_answered(response):
    return [tag.strip() for tag in response.headers["OCI-Tag"].split(",")]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("count", [1, 10, 100])
def test_push_by_digest_sets_tags_and_names_them(owner, ready, algorithm, count):
    document = images.image(CONFIG, [LAYER], annotations={"count": f"{count} {algorithm}"})
    tags = [f"t{n:03}" for n in range(count)]
    digest = images.digest_of(document.body, algorithm)
    response = succeeded(owner.put_manifest(ready, digest, document, tags=tags), 201)
    assert sorted(tags_answered(response)) == tags
    assert owner.tags(ready) == ["stays", *tags]
    got_back(owner, ready, tags[-1], document)


def test_more_than_100_tags_are_refused_and_none_is_set(owner, ready, unchanged):
    with unchanged(ready):
        response = owner.put_manifest(ready, images.index([]).digest, images.index([]), tags=[f"t{n}" for n in range(101)])
        assert response.status_code in (400, 414), response.status_code


@pytest.mark.parametrize("bad", ["", "-x", ".x", "a b", "a/b", "a:b", "x" * 129, "ä", "a\n"])
def test_one_bad_tag_refuses_all(owner, ready, unchanged, bad):
    """V59: all are set or none is."""
    with unchanged(ready):
        response = owner.put_manifest(ready, images.index([]).digest, images.index([]), tags=["good", bad, "fine"])
        refused(response, 400, ("TAG_INVALID", "UNSUPPORTED") if bad == "a\n" else "TAG_INVALID")


# Conditions


def test_if_match_replaces_what_the_client_has_seen(owner, ready):
    first = owner.push_manifest(ready, images.index([]), "v1")
    second = images.image(CONFIG, [LAYER])
    etag = owner.head_manifest(ready, "v1").headers["ETag"]
    succeeded(owner.put_manifest(ready, "v1", second, {"If-Match": etag}), 201)
    response = owner.put_manifest(ready, "v1", first, {"If-Match": etag})
    refused(response, 412, "PRECONDITION_FAILED")
    got_back(owner, ready, "v1", second)


def test_two_conditions_at_once_are_refused(owner, ready):
    document = images.image(CONFIG, [], annotations={"n": "both"})
    response = owner.put_manifest(ready, "both", document, {"If-Match": "*", "If-None-Match": "*"})
    assert response.status_code == 400 and "both" not in owner.tags(ready)


@pytest.mark.parametrize("headers, first, second", [({"If-None-Match": "*"}, 201, 412), ({"If-Match": "*"}, 412, 412)])
def test_conditions_of_a_put_by_digest_are_about_that_digest(owner, ready, headers, first, second):
    document = images.image(CONFIG, [], annotations=dict(headers, n="digest"))
    assert owner.put_manifest(ready, document.digest, document, headers).status_code == first
    assert owner.put_manifest(ready, document.digest, document, headers).status_code == second
    assert owner.head_manifest(ready, document.digest).status_code == (200 if first == 201 else 404)


@pytest.mark.parametrize("headers, there, absent", [
    ({"If-Match": "*"}, 201, 412), ({"If-None-Match": "*"}, 412, 201), ({"If-Match": f'"{ABSENT}"'}, 412, 412),
    ({"If-None-Match": f'"{ABSENT}"'}, 201, 201), ({"If-Match": f'"{ABSENT}", "x"'}, 412, 412),
    ({"If-Match": ABSENT}, 412, 412), ({"If-None-Match": ABSENT}, 201, 201),
])
def test_conditions_of_a_put(owner, ready, headers, there, absent):
    document = images.image(CONFIG, [], annotations=headers)
    for tag, status in (("stays", there), ("never", absent)):
        before = owner.tags(ready)
        response = owner.put_manifest(ready, tag, document, headers)
        assert response.status_code == status
        if status == 412:
            refused(response, 412, "PRECONDITION_FAILED")
            assert owner.tags(ready) == before
            assert owner.head_manifest(ready, tag).headers.get("Docker-Content-Digest") != document.digest


def test_t37_of_concurrent_creators_one_wins(registry, alice, ready):
    """If-None-Match: * is decided in the transaction."""

    def create(n):
        document = images.image(CONFIG, [], annotations={"n": str(n)})
        return registry.client(alice).put_manifest(ready, "once", document, {"If-None-Match": "*"}).status_code

    assert sorted(at_once(create, range(10))) == [201] + [412] * 9


def test_t37_if_match_chains_lose_no_update(registry, alice, owner, ready):
    """G10, P3: as clients maintain a fallback tag: read, add, write back on condition."""
    owner.push_manifest(ready, images.index([]), "chain")

    def add(n):
        client = registry.client(alice)
        entry = images.image(CONFIG, [], annotations={"n": str(n)}).descriptor()
        while True:
            seen = client.get_manifest(ready, "chain")
            updated = images.document(images.OCI_INDEX, manifests=seen.json()["manifests"] + [entry])
            response = client.put_manifest(ready, "chain", updated, {"If-Match": seen.headers["ETag"]})
            if response.status_code != 412:
                succeeded(response, 201)
                return

    at_once(add, range(6))
    assert len(owner.get_manifest(ready, "chain").json()["manifests"]) == 6


@pytest.mark.parametrize("reference", ["tag", "digest"])
def test_if_none_match_of_a_get_is_304(owner, ready, reference):
    document = owner.push_manifest(ready, images.index([]), "v1")
    name = "v1" if reference == "tag" else document.digest
    response = owner.get_manifest(ready, name, headers={"If-None-Match": f'"{document.digest}"'})
    assert response.status_code == 304 and response.content == b""
    assert owner.get_manifest(ready, name, headers={"If-None-Match": '"other"'}).status_code == 200


# What is refused


def test_each_missing_blob_is_one_error_with_its_digest(owner, ready, unchanged):
    missing = [os.urandom(10) for _ in range(3)]
    with unchanged(ready):
        errors = refused(owner.put_manifest(ready, "v1", images.image(missing[0], [LAYER, *missing[1:]])), 400,
                         "MANIFEST_BLOB_UNKNOWN")
        assert len(errors) == 3
        for blob, error in zip(missing, errors):
            assert images.digest_of(blob) in json.dumps(error["detail"])


def test_v13_t1_a_blob_of_another_package_counts_as_missing(owner, ready):
    """V6: referring to a digest is no way to get at it."""
    other = ready + "-other"
    secret = owner.push_blob(other, os.urandom(1000))
    document = images.document(images.OCI_MANIFEST, config=images.descriptor(CONFIG, images.OCI_CONFIG),
                               layers=[{"mediaType": images.OCI_LAYER, "digest": secret, "size": 1000}])
    refused(owner.put_manifest(ready, "v1", document), 400, "MANIFEST_BLOB_UNKNOWN")
    assert owner.get_blob(ready, secret).status_code == 404


def config_text():
    return json.dumps(images.descriptor(CONFIG, images.OCI_CONFIG))


def layer_text():
    return json.dumps(images.descriptor(LAYER, images.OCI_LAYER))


def contradictions():
    """(what, body, media type): documents that could be read as two things, or as none."""
    config, layer = config_text(), layer_text()
    own = f'"mediaType":"{images.OCI_MANIFEST}"'
    entry = json.dumps(images.index([]).descriptor())
    image, index = images.OCI_MANIFEST, images.OCI_INDEX

    def plain(layers=layer, conf=config, extra=""):
        return f'{{"schemaVersion":2,{own},"config":{conf},"layers":[{layers}]{extra}}}'

    def with_descriptor(**changes):
        value = {**images.descriptor(LAYER, images.OCI_LAYER), **changes}
        return plain(json.dumps({key: item for key, item in value.items() if item is not ...}))

    yield "nothing", "", image
    yield "no JSON", "hello", image
    yield "cut JSON", plain()[:-1], image
    yield "text after JSON", plain() + "x", image
    yield "two documents", plain() + plain(), image
    for value in ("[]", "null", '"x"', "2", "{}"):
        yield f"{value} as document", value, image
    yield "manifests and layers", plain(extra=f',"manifests":[{entry}]'), image
    yield "manifests and layers as index", plain(extra=f',"manifests":[{entry}]').replace(image, index), index
    yield "manifests and config", f'{{"schemaVersion":2,"config":{config},"manifests":[]}}', index
    yield "manifests and blobs", f'{{"schemaVersion":2,"blobs":[{layer}],"manifests":[]}}', index
    yield "empty layers and manifests", f'{{"schemaVersion":2,"layers":[],"manifests":[{entry}]}}', index
    yield "other mediaType in the body", plain(), images.DOCKER_MANIFEST
    yield "index type in an image", plain(), index
    yield "mediaType is a number", plain().replace(own, '"mediaType":7'), image
    for version in ("1", "3", '"2"', "2.0", "null", "-2", "[2]"):
        yield f"schemaVersion {version}", plain().replace('"schemaVersion":2', f'"schemaVersion":{version}'), image
    yield "no schemaVersion", plain().replace('"schemaVersion":2,', ""), image
    yield "layers twice", plain(extra=f',"layers":[{layer}]'), image
    yield "config twice", plain(extra=f',"config":{config}'), image
    yield "mediaType twice", plain(extra=f",{own}"), image
    yield "mediaType twice by escape", plain(extra=f',"media\\u0054ype":"{index}"'), image
    for key in ("Layers", "LAYERS", "layer\\u0053", "Config", "MediaType", "mediatype", "Manifests", "SchemaVersion",
                "Subject"):
        yield f"{key} beside", plain(extra=f',"{key}":[]'), image
    yield "digest twice in a descriptor", plain(layer[:-1] + f',"digest":"{ABSENT}"}}'), image
    yield "Digest in a descriptor", plain(layer[:-1] + f',"Digest":"{ABSENT}"}}'), image
    yield "Size in a descriptor", plain(layer[:-1] + ',"Size":1}'), image
    for value in ("{}", "null", '"x"', "7"):
        yield f"layers is {value}", plain().replace(f"[{layer}]", value), image
    for value in ("[]", "null", '"x"', "7", "{}"):
        yield f"config is {value}", plain(conf=value), image
    yield "layer is text", plain('"x"'), image
    yield "layer is null", plain("null"), image
    yield "manifests is an object", '{"schemaVersion":2,"manifests":{}}', index
    yield "manifests is null", '{"schemaVersion":2,"manifests":null}', index
    for digest in (..., "", "x", "sha256:", "sha256:" + "A" * 64, "md5:" + "0" * 32, 7, None, ["x"], "sha256:" + "0" * 63):
        yield f"digest {digest!r:.20}", with_descriptor(digest=digest), image
    for size in (..., -1, 1.5, "1", None, True):
        yield f"size {size!r}", with_descriptor(size=size), image
    for number in ("1e3", "99999999999999999999", "9223372036854775808", "-0.0", "0x10", "01"):
        yield f"size {number}", plain(layer.replace(f'"size": {len(LAYER)}', f'"size": {number}')), image
    for media_type in ("", "x", 7, None, "a/b\r\nX: y", "a/b; c=d"):
        yield f"mediaType of a layer {media_type!r}", with_descriptor(mediaType=media_type), image
    for subject in ("7", '"x"', "{}", '{"digest":"x"}', "[]", "null"):
        yield f"subject is {subject}", plain(extra=f',"subject":{subject}'), image
    yield "annotations is a list", plain(extra=',"annotations":[]'), image
    yield "annotation is a number", plain(extra=',"annotations":{"a":1}'), image
    yield "artifactType is a number", plain(extra=',"artifactType":1'), image
    yield "deep arrays", plain(extra=',"x":' + "[" * 100_000 + "]" * 100_000), image
    yield "deep objects", plain(extra=',"x":' + '{"a":' * 50_000 + "1" + "}" * 50_000), image
    yield "deep and cut", "[" * 1_000_000, image
    yield "more than 10,000 layers", plain(",".join(["{}".format(layer)] * 10_001)), image
    yield "invalid UTF-8", plain(extra=',"x":"é"').encode("latin-1"), image
    yield "NUL", plain(extra=',"x":"\0"'), image
    yield "lone surrogate", plain(extra=',"x":"\\ud800"'), image
    yield "byte order mark", "\ufeff" + plain(), image
    yield "NaN", plain(extra=',"x":NaN'), image
    yield "trailing comma", plain(layer + ","), image
    yield "comment", "/* x */" + plain(), image


# annotations, artifactType, null members and numbers that fit are read loosely by some writers of manifests:
LOOSE = {"annotations is a list", "annotation is a number", "artifactType is a number", "subject is null",
         "manifests is null", "layers is null", "NUL", "lone surrogate", "schemaVersion 2.0"}


def test_v3_v96_t26_documents_that_contradict_themselves_are_refused(owner, ready, unchanged):
    """V3 (CVE-2021-41190), V22, T26: no body can be read as two things."""
    accepted = []
    with unchanged(ready):
        for what, body, media_type in contradictions():
            data = body if isinstance(body, bytes) else body.encode()
            response = owner.put_manifest(ready, images.digest_of(data), Document(data, media_type))
            if response.status_code == 201:
                if what not in LOOSE:
                    accepted.append(what)
                succeeded(owner.delete(f"/v2/{ready}/manifests/{images.digest_of(data)}"), 202)
                continue
            assert response.status_code == 400, f"{what}: {response.status_code} {response.text}"
            assert all(error["code"] == "MANIFEST_INVALID" for error in response.json()["errors"]), (what, response.text)
    assert not accepted


@pytest.mark.parametrize("media_type", ["", "x", "application", "application/", "/json", "a/b c", "application/x\tjson",
                                        "a/" + "b" * 300, "ä/b"])
def test_t21_malformed_content_type_is_refused(registry, owner, ready, unchanged, media_type):
    with unchanged(ready):
        response = owner.put(f"/v2/{ready}/manifests/v1", data=images.index([]).body,
                             headers={"Content-Type": media_type.encode()})
        assert response.status_code == 400


def test_v3_missing_content_type_is_refused(owner, ready, unchanged):
    """V3 (c)"""
    with unchanged(ready):
        body = json.dumps({"schemaVersion": 2, "manifests": []})
        refused(owner.put(f"/v2/{ready}/manifests/v1", data=body.encode()), 400, "MANIFEST_INVALID")


@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT + 100_000, 3 * LIMIT])
def test_v1_v114_manifest_above_4_mib_is_413(owner, ready, unchanged, size):
    head = images.image(CONFIG, [LAYER]).body[:-1] + b',"annotations":{"x":"'
    body = head + b"x" * (size - len(head) - 3) + b'"}}'
    with unchanged(ready):
        response = owner.put_manifest(ready, "v1", Document(body, images.OCI_MANIFEST))
        refused(response, 413, ("SIZE_INVALID", "MANIFEST_INVALID"))


@pytest.mark.parametrize("digest", [ABSENT, "sha512:" + "0" * 128])
def test_bytes_that_do_not_match_the_digest_are_refused(owner, ready, unchanged, digest):
    with unchanged(ready):
        refused(owner.put_manifest(ready, digest, images.image(CONFIG, [LAYER])), 400, "DIGEST_INVALID")
        assert owner.get_manifest(ready, digest).status_code == 404


@pytest.mark.parametrize("reference", ["sha256:baddigeststring", "sha256:", "md5:" + "0" * 32, "sha256:" + "A" * 64,
                                       "-tag", ".tag", "x" * 129, "a%20b", "%C3%A4", "a:b", "a@b"])
def test_malformed_reference_is_400_on_put_and_never_found(owner, ready, unchanged, reference):
    with unchanged(ready):
        response = owner.put_manifest(ready, reference, images.index([]))
        refused(response, 400, ("DIGEST_INVALID", "TAG_INVALID", "MANIFEST_INVALID", "NAME_INVALID", "UNKNOWN"))
        assert owner.get_manifest(ready, reference).status_code in (400, 404)


@pytest.mark.parametrize("tag", ["a", "_", "A", "v1.2.3-rc_1", "0", "x" * 128, "latest", "sha256-abc"])
def test_every_valid_tag_is_accepted(owner, ready, tag):
    document = owner.push_manifest(ready, images.index([]), tag)
    got_back(owner, ready, tag, document)


def test_v3_the_same_bytes_under_another_type_are_refused(owner, ready):
    """V3: one digest is one document."""
    body = images.encode({"schemaVersion": 2, "config": images.descriptor(CONFIG, images.OCI_CONFIG),
                          "layers": [images.descriptor(LAYER, images.OCI_LAYER)]})
    first = owner.push_manifest(ready, Document(body, images.OCI_MANIFEST), "v1")
    response = owner.put_manifest(ready, "v2", Document(body, images.DOCKER_MANIFEST))
    assert response.status_code in (400, 409)
    refused(response, response.status_code, "MANIFEST_INVALID")
    got_back(owner, ready, "v1", first)
    assert owner.tags(ready) == ["stays", "v1"]


def test_absent_manifests_are_404(owner, ready):
    for reference in ("none", ABSENT, images.random_digest("sha512")):
        refused(owner.get_manifest(ready, reference), 404, "MANIFEST_UNKNOWN")
        refused(owner.head_manifest(ready, reference), 404, "MANIFEST_UNKNOWN")


def test_ranges_of_manifests_do_not_cut_them(owner, ready):
    document = owner.push_manifest(ready, images.image(CONFIG, [LAYER]), "v1")
    response = owner.get_manifest(ready, "v1", headers={"Range": "bytes=0-9"})
    assert (response.status_code, response.content) in ((200, document.body), (206, document.body[:10]))


def test_tag_reads_never_see_a_mixture(registry, alice, owner, ready):
    """G10: while a tag moves, each read gives one whole version."""
    documents = [images.image(CONFIG, [LAYER], annotations={"n": str(n) * 1000}) for n in range(2)]
    owner.push_manifest(ready, documents[0], "moving")
    bodies = {document.body for document in documents}
    stop, wrong = threading.Event(), []

    def read():
        client = registry.client(alice)
        while not stop.is_set():
            response = client.get_manifest(ready, "moving")
            told = response.headers["Docker-Content-Digest"]
            if response.content not in bodies or images.digest_of(response.content) != told:
                wrong.append(response)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(30):
        owner.push_manifest(ready, documents[n % 2], "moving")
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
