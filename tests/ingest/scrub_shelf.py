"""A shelf of stored objects for scrubbing: real bytes in a real store, rows, and manifests that are really signed."""

from __future__ import annotations

import hashlib
import json
import os
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, select, update

from api.engines.roles import DatabaseAddresses
from ingest.lease import name_worker
from ingest.scrub.conclusion import Seen
from ingest.scrub.due import Selection
from ingest.scrub.scrubber import Scrubber
from integrity.digest import Digest, digest_stream
from integrity.epoch_keys import EpochKey
from integrity.keys import SigningKey
from integrity.manifest import RecordingManifest, sign_manifest
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.object_looks import ObjectLook
from storage.catalog.organisation import Unit
from storage.catalog.recordings import Recording
from storage.database import Database
from storage.encryption.segments import DATA_KEY_BYTES, NONCE_PREFIX_BYTES, SALT_BYTES, encrypt
from storage.ledger.files import LedgerFiles
from storage.ledger.sequencer import Sequencer
from storage.objects.protocol import ObjectStore
from storage.sealed_object import aad_of
from tests.casework.sample_archive import SampleArchive

DATA_KEY = bytes(range(DATA_KEY_BYTES))
ORIGIN = "liuhen.test/scrub"
A_LOT = 1 << 40


@dataclass(frozen=True)
class Shelved:
    """`kind`, and under which id and name its object is. `plaintext`: of what was really sealed, under DATA_KEY."""

    kind: str
    id: uuid.UUID
    name: str
    content: bytes
    plaintext: bytes = b""


class Shelf:
    """Recordings and renditions of one unit, whose ledger is in the store: it is the archive's own."""

    def __init__(self, addresses: DatabaseAddresses, database: Database, store: ObjectStore) -> None:
        self.database, self.store = database, store
        self.manifest_key = SigningKey.generate()
        self.sequencer_database = Database(addresses.sequencer, pool_size=2)
        self._sequencer = Sequencer(self.sequencer_database, LedgerFiles(store), SigningKey.generate(), ORIGIN)
        with database.transaction() as session:
            self.unit: Unit = SampleArchive(session).unit()
        self.publish()

    def close(self) -> None:
        self._sequencer.close()
        self.sequencer_database.close()

    def publish(self) -> None:
        """What was entered is signed, and in the store."""
        while self._sequencer.sequence_pending():
            pass

    def put(self, sizes: Sequence[int], key: SigningKey | None = None) -> list[Shelved]:
        """A recording of each size, whose bytes nobody could guess."""
        with self.database.transaction() as session:
            sample = SampleArchive(session)
            return [self._put(sample, size_bytes, key or self.manifest_key) for size_bytes in sizes]

    def read(self, store: ObjectStore, name: str) -> bytes | None:
        """What lies there under that name, in whatever store."""
        if store.stat(name) is None:
            return None
        with store.open(name, cold=True) as reader:
            return reader.read_span(0, reader.size_bytes)

    def put_sealed(self, sizes: Sequence[int]) -> list[Shelved]:
        """As `put`, of so many bytes of plaintext each, encrypted as sealing does."""
        with self.database.transaction() as session:
            sample = SampleArchive(session)
            return [self._put(sample, size_bytes, self.manifest_key, sealed=True) for size_bytes in sizes]

    def put_rendition(self, of: Shelved, size_bytes: int) -> Shelved:
        content, name = os.urandom(size_bytes), f"renditions/{of.id}/{uuid.uuid4().hex}"
        self.store.put(name, content)
        with self.database.transaction() as session:
            stored: dict[str, Any] = {"object_name": name, "ciphertext_size_bytes": size_bytes}
            stored["ciphertext_sha256"] = hashlib.sha256(content).digest()
            copy = SampleArchive(session).rendition(session.get_one(Recording, of.id), **stored)
            session.flush()
            copy_id = copy.id
        return Shelved("rendition", copy_id, name, content)

    def replace(self, shelved: Shelved, content: bytes) -> None:
        """As rot, or somebody with access to the medium, would do."""
        self.store.delete(shelved.name)
        self.store.put(shelved.name, content)

    def age(self, days: int = 100) -> None:
        """All were looked at so long ago."""
        with self.database.transaction() as session:
            session.execute(update(ObjectLook).values(looked_at=func.now() - timedelta(days=days)))

    def scrubber(self, selection: Selection | None = None, store: ObjectStore | None = None) -> Scrubber:
        keys = (EpochKey(1, self.manifest_key.public),)
        return Scrubber(self.database, store or self.store, lambda: keys, name_worker(), selection or self.every())

    def every(self) -> Selection:
        """All there are, once."""
        with self.database.reading() as session:
            now: datetime = session.scalars(select(func.now())).one()
        return Selection(literal(now), literal(now))

    def scrub(self, selection: Selection | None = None) -> list[Seen]:
        """Go on until nothing is due; what was seen."""
        scrubber, seen = self.scrubber(selection), list[Seen]()
        while True:
            step = scrubber.go_on(A_LOT)
            seen += step.seen
            if step.idle:
                return seen

    def lost(self) -> dict[uuid.UUID, str]:
        """What stands as lost, by id."""
        with self.database.reading() as session:
            rows = session.execute(select(ObjectLook.id, ObjectLook.found).where(ObjectLook.found != "whole"))
            return {row[0]: row[1] for row in rows}

    def look(self, each: Shelved) -> ObjectLook:
        with self.database.reading() as session:
            return session.get_one(ObjectLook, each.id)

    def entries(self, *actions: str) -> list[tuple[str, str, Any]]:
        """Action, subject and data, in order."""
        statement = select(LedgerEntryRow).where(LedgerEntryRow.action.in_(actions)).order_by(LedgerEntryRow.serial)
        with self.database.reading() as session:
            rows = session.scalars(statement).all()
        return [(row.action, row.subject_id, json.loads(row.entry)["data"]) for row in rows]

    def _put(self, sample: SampleArchive, size_bytes: int, key: SigningKey, sealed: bool = False) -> Shelved:
        recording_id, plaintext = uuid.uuid4(), os.urandom(size_bytes)
        salt, prefix = os.urandom(SALT_BYTES), os.urandom(NONCE_PREFIX_BYTES)
        content = encrypt(DATA_KEY, salt, prefix, aad_of(recording_id), plaintext) if sealed else plaintext
        name = f"originals/2026/11/{recording_id}"
        stored, digests = self.store.put(name, content), digest_stream([content])
        manifest = RecordingManifest(
            recording_id=recording_id,
            unit_id=self.unit.id,
            original_name="a.mp4",
            digests=digests,
            ciphertext_size_bytes=len(content),
            ciphertext_sha256=Digest("sha256", hashlib.sha256(content).digest()),
            object_name=name,
            object_version=stored.version_id,
            media_state="opens",
            claims={},
            received_at=datetime.now(UTC).replace(microsecond=0),
            key_epoch=1,
        )
        envelope = sign_manifest(manifest.to_bytes(), key).to_bytes()
        sample.recording(
            self.unit,
            id=recording_id,
            object_name=name,
            object_version=stored.version_id,
            ciphertext_size_bytes=len(content),
            ciphertext_sha256=manifest.ciphertext_sha256.value,
            sha256=digests.sha256.value,
            manifest=envelope,
            manifest_sha256=hashlib.sha256(envelope).digest(),
        )
        return Shelved("recording", recording_id, name, content, plaintext if sealed else b"")


def flipped(content: bytes, chance: random.Random) -> bytes:
    """One bit of it is another."""
    changed, place = bytearray(content), chance.randrange(len(content) * 8)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def cut(content: bytes, chance: random.Random) -> bytes:
    """Its end is gone: a byte at least, never all of it."""
    return content[: chance.randrange(1, len(content))]
