"""Operations of the packages API: versions and packages are deleted and restored, and the trash is emptied."""

import sqlite3
from contextlib import closing

from harness import images
from harness.server import TRASH
from interpose_operations import SMALL, Operation, done
from pushers import Violation, expect


class Family(Operation):
    """An index with one child, signed, and another image, in a package whose deletions can be taken back."""

    settings = prepared_with = {TRASH: "1h"}

    def __init__(self, number=0):
        super().__init__(number)
        self.layer = self.octets("family", SMALL)
        self.child = images.image(images.EMPTY_JSON, [self.layer])
        self.index = images.index([self.child])
        self.signature = images.image(images.EMPTY_JSON, [], subject=self.index.descriptor())
        self.other = images.image(images.EMPTY_JSON, [])
        self.package_route = f"/api/v3/user/packages/container/{self.package.partition('/')[2]}"

    def prepare(self, world):
        for blob in (images.EMPTY_JSON, self.layer):
            expect(world.push(self.package, blob), 201)
        for document, tags in ((self.child, ()), (self.index, ("one", "two")), (self.signature, ()),
                               (self.other, ("other",))):
            reference = tags[0] if tags else document.digest
            expect(world.client.put_manifest(self.package, reference, document, tags=tags[1:]), 201)
        listed = expect(world.client.get(f"{self.package_route}/versions"), 200).json()
        ids = {version["name"]: version["id"] for version in listed}
        self.version_route = f"{self.package_route}/versions/{ids[self.index.digest]}"

    def found(self, world):
        """The whole family, each as it can be pulled: (what is there, what was pushed)."""
        references = (self.index.digest, "one", "two", self.child.digest, self.signature.digest)
        documents = (self.index, self.index, self.index, self.child, self.signature)
        return ([world.manifest(self.package, reference) for reference in references],
                [document.body for document in documents])

    def there(self, world):
        """All of it, or none."""
        found, pushed = self.found(world)
        if found not in (pushed, [None] * len(pushed)):
            raise Violation(f"half of a version: {found}")
        return found == pushed

    def delete_index(self, world):
        return world.client.delete(f"{self.version_route}?cascade=true")

    def check_other(self, world):
        if world.manifest(self.package, "other") != self.other.body:
            raise Violation("another version was lost")

    def again(self, world, present):
        result = self.act(world)
        expect(result, 404 if present else 204)


class DeletedVersion(Family):
    """delete of a version with what it lists"""

    def act(self, world):
        return self.delete_index(world)

    def present(self, world):
        self.check_other(world)
        return not self.there(world)


class RestoredVersion(Family):
    """restore of a version with what it lists"""

    def prepare(self, world):
        super().prepare(world)
        done(self.delete_index(world))

    def act(self, world):
        return world.client.post(f"{self.version_route}/restore")

    def found(self, world):
        """Who referred to it is restored for itself."""
        found, pushed = super().found(world)
        return found[:-1], pushed[:-1]

    def present(self, world):
        self.check_other(world)
        return self.there(world)


class TrashedPackage(Family):
    """delete of a package into the trash"""

    def act(self, world):
        return world.client.delete(self.package_route)

    def package_there(self, world):
        there = self.there(world)
        listed = self.package in world.registry.packages()
        if there != listed or there != (world.manifest(self.package, "other") == self.other.body):
            raise Violation("a package is half there")
        return there

    def present(self, world):
        return not self.package_there(world)


class RestoredPackage(TrashedPackage):
    """restore of a package"""

    def prepare(self, world):
        super().prepare(world)
        done(world.client.delete(self.package_route))

    def act(self, world):
        return world.client.post(f"{self.package_route}/restore")

    def present(self, world):
        return self.package_there(world)


class EmptiedTrash(Family):
    """emptying of the trash"""

    can_repeat = False

    def prepare(self, world):
        super().prepare(world)
        done(self.delete_index(world))

    def edit(self, world):
        """Two hours pass."""
        with closing(sqlite3.connect(world.data / "staithe.db")) as database, database:
            database.execute("UPDATE manifest SET deleted = deleted - 7200 WHERE deleted > 0")

    def act(self, world):
        return world.registry.run("gc")

    def present(self, world):
        self.check_other(world)
        if self.there(world):
            raise Violation("a deleted version is there")
        with closing(sqlite3.connect(f"file:{world.data / 'staithe.db'}?mode=ro", uri=True, timeout=60)) as database:
            left = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                    for table in ("manifest WHERE deleted > 0", "deleted_tag")]
        if left not in ([3, 2], [0, 0]):
            raise Violation(f"half of the trash is left: {left}")
        return left == [0, 0]

    def again(self, world, present):
        done(self.act(world))


TRASH_OPERATIONS = (DeletedVersion, RestoredVersion, TrashedPackage, RestoredPackage, EmptiedTrash)
