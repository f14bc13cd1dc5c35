"""The referrers API, and the fallback tag of clients that do not know it."""

import pytest

from harness import images, link_next, refused
from harness.client import succeeded

SBOM, SIGNATURE = "application/vnd.example.sbom.v1", "application/vnd.example.signature.v1"


@pytest.fixture
def subject(owner, package):
    return owner.push_image(package, "v1")


def fallback_tag(digest):
    return digest.replace(":", "-")


def listed(client, name, digest, query=""):
    response = succeeded(client.get(f"/v2/{name}/referrers/{digest}{query}"), 200)
    assert response.headers["Content-Type"] == images.OCI_INDEX
    body = response.json()
    assert body["schemaVersion"] == 2 and body["mediaType"] == images.OCI_INDEX
    return response, body["manifests"]


def test_pushing_a_referrer_names_its_subject(owner, package, subject):
    owner.push_blob(package, images.EMPTY_JSON)
    document = images.artifact(SBOM, subject.descriptor())
    response = succeeded(owner.put_manifest(package, document.digest, document), 201)
    assert response.headers["OCI-Subject"] == subject.digest


def test_referrers_come_with_type_size_and_annotations(owner, package, subject):
    document = owner.push_artifact(package, SBOM, subject, annotations={"org.example.format": "json", "ü": "ß"})
    _, manifests = listed(owner, package, subject.digest)
    assert manifests == [document.descriptor(artifactType=SBOM, annotations={"org.example.format": "json", "ü": "ß"})]


def test_without_artifact_type_the_config_s_type_stands(owner, package, subject):
    config = images.config_bytes()
    owner.push_blob(package, config)
    document = owner.push_manifest(package, images.image(config, [], subject=subject.descriptor()))
    _, manifests = listed(owner, package, subject.digest)
    assert [(item["digest"], item["artifactType"]) for item in manifests] == [(document.digest, images.OCI_CONFIG)]


def test_an_index_can_refer_and_has_no_type_unless_given(owner, package, subject):
    plain = owner.push_manifest(package, images.index([], subject=subject.descriptor()))
    typed = owner.push_manifest(package, images.index([], subject=subject.descriptor(), artifactType=SBOM))
    _, manifests = listed(owner, package, subject.digest)
    types = {item["digest"]: item.get("artifactType") for item in manifests}
    assert types == {plain.digest: None, typed.digest: SBOM}
    assert all(item["mediaType"] == images.OCI_INDEX for item in manifests)


def test_filter_by_artifact_type_says_so(owner, package, subject):
    wanted = [owner.push_artifact(package, SBOM, subject, annotations={"n": str(n)}).digest for n in range(2)]
    owner.push_artifact(package, SIGNATURE, subject)
    response, manifests = listed(owner, package, subject.digest, f"?artifactType={SBOM}")
    assert sorted(item["digest"] for item in manifests) == sorted(wanted)
    assert response.headers["OCI-Filters-Applied"] == "artifactType"
    response, manifests = listed(owner, package, subject.digest)
    assert len(manifests) == 3 and "OCI-Filters-Applied" not in response.headers
    response, manifests = listed(owner, package, subject.digest, "?artifactType=application/x-none")
    assert manifests == [] and response.headers["OCI-Filters-Applied"] == "artifactType"


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha512:" + "0" * 128])
def test_a_subject_that_is_not_there_has_an_empty_list(owner, package, subject, digest):
    assert listed(owner, package, digest)[1] == []


def test_a_package_that_is_not_there_has_an_empty_list(owner, package):
    """The specification: never 404 once the API is there."""
    assert listed(owner, package, "sha256:" + "0" * 64)[1] == []


@pytest.mark.parametrize("digest", ["sha256:x", "latest", "sha256:" + "A" * 64, "md5:" + "0" * 32, "sha256:"])
def test_malformed_digest_is_400(owner, package, subject, digest):
    refused(owner.get(f"/v2/{package}/referrers/{digest}"), 400, ("DIGEST_INVALID", "UNSUPPORTED"))


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_referrer_may_come_before_its_subject(owner, package, algorithm):
    config = images.config_bytes()
    late = images.image(config, [])
    descriptor = images.descriptor(late.body, late.media_type, algorithm)
    document = owner.push_artifact(package, SIGNATURE, descriptor)
    assert [item["digest"] for item in listed(owner, package, descriptor["digest"])[1]] == [document.digest]
    owner.push_blob(package, config)
    succeeded(owner.put_manifest(package, descriptor["digest"], late), 201)
    assert [item["digest"] for item in listed(owner, package, descriptor["digest"])[1]] == [document.digest]


def test_a_deleted_referrer_is_listed_no_more(owner, package, subject):
    first, second = (owner.push_artifact(package, SBOM, subject, annotations={"n": str(n)}) for n in range(2))
    succeeded(owner.delete(f"/v2/{package}/manifests/{first.digest}"), 202)
    assert [item["digest"] for item in listed(owner, package, subject.digest)[1]] == [second.digest]


def test_referrers_of_referrers(owner, package, subject):
    sbom = owner.push_artifact(package, SBOM, subject)
    signature = owner.push_artifact(package, SIGNATURE, sbom)
    assert [item["digest"] for item in listed(owner, package, subject.digest)[1]] == [sbom.digest]
    assert [item["digest"] for item in listed(owner, package, sbom.digest)[1]] == [signature.digest]


def test_referrers_of_another_package_are_not_listed(owner, package, subject):
    other = package + "-other"
    owner.push_artifact(other, SBOM, subject)
    assert listed(owner, package, subject.digest)[1] == []


def test_v98_long_lists_come_in_pages(owner, package, subject):
    """The page ends long before 4 MiB of descriptors; nothing is lost or repeated."""
    owner.push_blob(package, images.EMPTY_JSON)
    wanted = {owner.push_artifact(package, SBOM, subject, annotations={"n": str(n)}).digest for n in range(60)}
    for query in ("", "?n=7", f"?n=25&artifactType={SBOM}"):
        found, path, pages = [], f"/v2/{package}/referrers/{subject.digest}{query}", 0
        while path:
            response = succeeded(owner.get(path), 200)
            found += [item["digest"] for item in response.json()["manifests"]]
            path, pages = link_next(response), pages + 1
        assert len(found) == len(set(found)) and set(found) == wanted
        assert pages < 60


def test_a_long_list_comes_whole_and_in_order(owner, package, subject):
    """P3: more than an event loop answers by itself."""
    wanted = sorted(owner.push_artifact(package, SBOM, subject, annotations={"n": str(n)}).digest for n in range(150))
    response = succeeded(owner.get(f"/v2/{package}/referrers/{subject.digest}"), 200)
    assert [entry["digest"] for entry in response.json()["manifests"]] == wanted


def test_large_annotations_still_fit_into_pages(owner, package, subject):
    owner.push_blob(package, images.EMPTY_JSON)
    notes = [{"n": str(n), "x": "y" * 700_000} for n in range(8)]
    wanted = {owner.push_artifact(package, SBOM, subject, annotations=note).digest for note in notes}
    found, path = [], f"/v2/{package}/referrers/{subject.digest}"
    while path:
        response = succeeded(owner.get(path), 200)
        assert len(response.content) <= 5 << 20
        found += [item["digest"] for item in response.json()["manifests"]]
        path = link_next(response)
    assert set(found) == wanted and len(found) == len(wanted)


# The fallback tag


def test_what_an_old_client_lists_under_the_fallback_tag_is_merged(owner, package, subject):
    """P3: an artifact without subject, named in the index under sha256-<hex>."""
    old = owner.push_artifact(package, SIGNATURE, annotations={"n": "old"})
    owner.push_manifest(package, images.document(images.OCI_INDEX, manifests=[
        old.descriptor(artifactType=SIGNATURE, annotations={"n": "old"})]), fallback_tag(subject.digest))
    new = owner.push_artifact(package, SBOM, subject)
    _, manifests = listed(owner, package, subject.digest)
    assert {item["digest"] for item in manifests} == {old.digest, new.digest}
    assert [item["artifactType"] for item in manifests if item["digest"] == old.digest] == [SIGNATURE]


def test_an_artifact_in_both_places_is_listed_once(owner, package, subject):
    both = owner.push_artifact(package, SBOM, subject)
    owner.push_manifest(package, images.document(images.OCI_INDEX, manifests=[both.descriptor(artifactType=SBOM)]),
                        fallback_tag(subject.digest))
    assert [item["digest"] for item in listed(owner, package, subject.digest)[1]] == [both.digest]


def test_fallback_entries_that_are_not_there_are_not_listed(owner, package, subject):
    gone = images.artifact(SBOM, annotations={"n": "gone"})
    owner.push_manifest(package, images.document(images.OCI_INDEX, manifests=[gone.descriptor(artifactType=SBOM)]),
                        fallback_tag(subject.digest))
    assert listed(owner, package, subject.digest)[1] == []


def test_the_filter_counts_for_fallback_entries_too(owner, package, subject):
    old = owner.push_artifact(package, SIGNATURE, annotations={"n": "old"})
    owner.push_manifest(package, images.document(images.OCI_INDEX, manifests=[old.descriptor(artifactType=SIGNATURE)]),
                        fallback_tag(subject.digest))
    assert listed(owner, package, subject.digest, f"?artifactType={SBOM}")[1] == []
    _, manifests = listed(owner, package, subject.digest, f"?artifactType={SIGNATURE}")
    assert [item["digest"] for item in manifests] == [old.digest]


def test_an_empty_filter_is_none(owner, package, subject):
    artifact = owner.push_artifact(package, SBOM, subject)
    response, manifests = listed(owner, package, subject.digest, "?artifactType=")
    assert [item["digest"] for item in manifests] == [artifact.digest]
    assert "OCI-Filters-Applied" not in response.headers


def test_a_fallback_entry_that_is_there_twice_is_listed_once(owner, package, subject):
    old = owner.push_artifact(package, SIGNATURE, annotations={"n": "old"})
    owner.push_manifest(package, images.index([old, old]), fallback_tag(subject.digest))
    assert [item["digest"] for item in listed(owner, package, subject.digest)[1]] == [old.digest]


def test_a_fallback_index_of_more_than_64_kib_counts_too(owner, package, subject):
    old = owner.push_artifact(package, SIGNATURE, annotations={"n": "old"})
    owner.push_manifest(package, images.index([old], annotations={"pad": "x" * 70_000}), fallback_tag(subject.digest))
    assert [item["digest"] for item in listed(owner, package, subject.digest)[1]] == [old.digest]


def test_the_fallback_tag_itself_is_served_as_pushed(owner, package, subject):
    index = owner.push_manifest(package, images.index([]), fallback_tag(subject.digest))
    assert owner.get_manifest(package, fallback_tag(subject.digest)).content == index.body


def test_an_image_under_the_fallback_tag_is_no_list(owner, package, subject):
    owner.push_image(package, fallback_tag(subject.digest))
    assert listed(owner, package, subject.digest)[1] == []
