"""A small real archive in memory: keys, a time stamp authority, a ledger, two sealed recordings; and packages of it."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from integrity.authority import Authority, create_authority
from integrity.canonical import canonical_json
from integrity.checkpoint import Checkpoint, encode_vkey, sign_checkpoint
from integrity.digest import CHUNK_BYTES, Digest, digest_stream
from integrity.dsse import Envelope, sign_envelope
from integrity.epoch_keys import EpochKey
from integrity.keys import SigningKey
from integrity.ledger_entry import LedgerEntry
from integrity.manifest import RecordingManifest, sign_manifest
from integrity.merkle import inclusion_proof, leaf_hash, root_of
from integrity.package import bag, layout
from integrity.package.contents import PackageContents, PackagedEntry, PackagedProxy, PackagedRecording
from integrity.package.failure import PackageInvalid
from integrity.package.statement import PAYLOAD_TYPE
from integrity.package.verify import verify_package
from integrity.package.write import write_package
from integrity.timestamp import TimestampTrust
from integrity.timestamp_messages import encode_request
from integrity.trust import Trust, write_trust

if TYPE_CHECKING:
    from tests.integrity.package.changed_keys import ChangedKeys

ORIGIN = "liuhen.test/ledger"
NOW = datetime(2026, 1, 1, 1, 30, tzinfo=UTC)
FILLERS = 13
DEVICE = {"value": "AB00001", "source": "file name", "confidence": "stated", "notes": []}


@dataclass
class SealedFootage:
    recording_id: UUID
    name: str
    content: bytes
    proxy: bytes | None


def pieces_of(content: bytes) -> Iterator[memoryview]:
    for start in range(0, len(content), 100_000):
        yield memoryview(content)[start : start + 100_000]


@dataclass
class SmallArchive:
    """Seals the same footage under whatever keys it is made with, so that an attacker's archive is one call away."""

    authority: Authority
    keys: dict[str, SigningKey] = field(
        default_factory=lambda: {role: SigningKey.generate() for role in ("manifest", "receipt", "package", "ledger")}
    )
    manifest_epoch: int = 1
    footage: list[SealedFootage] = field(default_factory=list)

    def __post_init__(self) -> None:
        noise = random.Random(7)
        self.footage = self.footage or [
            SealedFootage(
                UUID(int=11, version=4),
                "AB00001_000123_20260101093000.MP4",
                noise.randbytes(CHUNK_BYTES + 777),
                noise.randbytes(5000),
            ),
            SealedFootage(UUID(int=12, version=4), "../../无法读取 的文件.exe", b"not footage at all", None),
        ]
        self.envelopes = [self.seal(each) for each in self.footage]
        self.tokens = [self.stamp(envelope) for envelope in self.envelopes]
        self.entries = [self.note("station.enrolled", UUID(int=i, version=4), {}) for i in range(100, 100 + FILLERS)]
        for each, envelope, token in zip(self.footage, self.envelopes, self.tokens, strict=True):
            data = {
                "manifest_sha256": hashlib.sha256(envelope).hexdigest(),
                "token_sha256": hashlib.sha256(token).hexdigest(),
            }
            self.entries.append(self.note("recording.sealed", each.recording_id, data))
        self.entries.append(self.note("playback.opened", self.footage[0].recording_id, {"from_byte": 0}))

    @property
    def trust(self) -> Trust:
        first = {role: (EpochKey(1, key.public),) for role, key in self.keys.items()}
        return Trust(
            manifest_keys=first["manifest"],
            receipt_keys=first["receipt"],
            package_keys=first["package"],
            ledger_vkey=encode_vkey(ORIGIN, self.keys["ledger"].public),
            timestamp_trust=TimestampTrust(
                (self.authority.root,), (self.authority.fingerprint,), self.authority.policy
            ),
        )

    def seal(self, footage: SealedFootage) -> bytes:
        manifest = RecordingManifest(
            recording_id=footage.recording_id,
            unit_id=UUID(int=1, version=4),
            original_name=footage.name,
            digests=digest_stream([footage.content]),
            ciphertext_size_bytes=len(footage.content) + 56,
            ciphertext_sha256=Digest.of("sha256", b"ciphertext"),
            object_name=f"originals/{footage.recording_id}",
            object_version="1",
            media_state="opens" if footage.proxy else "unreadable",
            claims={"device": [DEVICE]},
            received_at=NOW,
            key_epoch=self.manifest_epoch,
        )
        return sign_manifest(manifest.to_bytes(), self.keys["manifest"]).to_bytes()

    def stamp(self, data: bytes) -> bytes:
        return self.authority.answer(encode_request(hashlib.sha256(data).digest(), 7))

    def note(self, action: str, subject: UUID, data: dict[str, object]) -> bytes:
        return LedgerEntry(
            id=UUID(int=hash((action, subject)) % 2**64, version=4),
            occurred_at=NOW,
            action=action,
            actor_kind="system",
            actor_id=None,
            unit_id=None,
            subject_kind="recording" if action != "station.enrolled" else "station",
            subject_id=str(subject),
            data=data,
        ).to_bytes()

    def checkpoint(self) -> bytes:
        root = root_of(map(leaf_hash, self.entries))
        return sign_checkpoint(Checkpoint(ORIGIN, len(self.entries), root), self.keys["ledger"])

    def read_hash(self, level: int, number: int) -> bytes:
        return root_of(map(leaf_hash, self.entries[number << level : (number + 1) << level]))

    def packaged_entry(self, index: int) -> PackagedEntry:
        proof = inclusion_proof(index, len(self.entries), self.read_hash)
        return PackagedEntry(index=index, entry=self.entries[index], proof=proof)

    def packaged_recordings(self) -> Iterator[PackagedRecording]:
        for each, envelope, token in zip(self.footage, self.envelopes, self.tokens, strict=True):
            proxy = None
            if each.proxy is not None:
                proxy = PackagedProxy(
                    pieces=[each.proxy],
                    sha256=Digest.of("sha256", each.proxy),
                    parent_sha256=Digest.of("sha256", each.content),
                    tool="ffmpeg",
                    version="7.1",
                    settings={"codec": "h264", "crf": 23},
                )
            yield PackagedRecording(envelope=envelope, token=token, original=pieces_of(each.content), proxy=proxy)

    def contents(self, **changes: object) -> PackageContents:
        """Entry 0 of the ledger, and everything about the two recordings."""
        made: dict[str, object] = {
            "package_id": UUID(int=77, version=4),
            "created_at": NOW,
            "case": {"number": "城管立字〔2026〕1号", "title": "占道经营"},
            "recordings": self.packaged_recordings(),
            "entries": (self.packaged_entry(index) for index in (0, *range(FILLERS, len(self.entries)))),
            "checkpoint": self.checkpoint(),
            "trust": self.trust,
            "key": self.keys["package"],
            "key_epoch": 1,
        }
        return PackageContents(**(made | changes))


def files_of(folder: Path) -> list[str]:
    """Every file, as paths with slashes, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def rebag(folder: Path) -> None:
    """Make the bag's unsigned lists anew, as anybody can who has changed something."""
    digests = {
        path.relative_to(folder).as_posix(): Digest.of("sha256", path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (layout.PAYLOAD_LIST, layout.TAG_LIST)
    }
    payload = bag.list_payload(digests)
    (folder / layout.PAYLOAD_LIST).write_bytes(payload)
    digests[layout.PAYLOAD_LIST] = Digest.of("sha256", payload)
    (folder / layout.TAG_LIST).write_bytes(bag.list_tags(digests))


def resign(folder: Path, key: SigningKey, **changes: object) -> None:
    """Sign the package statement anew over what is there now, as only the holder of a package key can; then rebag."""
    rebag(folder)
    payload = Envelope.parse((folder / layout.STATEMENT).read_bytes()).payload
    form = json.loads(payload)
    form["files"] = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in layout.OUTSIDE_STATEMENT
    }
    statement = sign_envelope(canonical_json(form | changes), PAYLOAD_TYPE, key)
    (folder / layout.STATEMENT).write_bytes(statement.to_bytes())
    rebag(folder)


@pytest.fixture(scope="session")
def forge() -> SimpleNamespace:
    """What an attacker does to a package's lists and statement after changing a file; and the files there are."""
    return SimpleNamespace(rebag=rebag, resign=resign, files_of=files_of)


@pytest.fixture(scope="session")
def failure_of() -> Callable[[Path, Trust | None], PackageInvalid]:
    """Verify a package that must fail; gives the failure."""

    def fail(folder: Path, trust: Trust | None) -> PackageInvalid:
        with pytest.raises(PackageInvalid) as caught:
            verify_package(folder, trust)
        return caught.value

    return fail


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    folder = tmp_path_factory.mktemp("authorities")
    return create_authority(folder / "ours"), create_authority(folder / "theirs")


@pytest.fixture(scope="session")
def archive(authorities: tuple[Authority, Authority]) -> SmallArchive:
    return SmallArchive(authorities[0])


@pytest.fixture(scope="session")
def attacker(authorities: tuple[Authority, Authority]) -> SmallArchive:
    """The same footage, ledger and names, every key another: what somebody can make who signs everything anew."""
    return SmallArchive(authorities[1])


@pytest.fixture(scope="session")
def pristine(archive: SmallArchive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package nobody may change."""
    folder = tmp_path_factory.mktemp("pristine") / "package"
    write_package(folder, archive.contents())
    return folder


@pytest.fixture
def package(pristine: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(pristine, tmp_path / "package"))


@pytest.fixture(scope="session")
def make_archive(authorities: tuple[Authority, Authority]) -> Callable[..., SmallArchive]:
    return lambda **changes: SmallArchive(authorities[0], **changes)


@pytest.fixture(scope="module")
def changed(authorities: tuple[Authority, Authority]) -> ChangedKeys:
    from tests.integrity.package.changed_keys import ChangedKeys  # which begins with the small archive of this file

    return ChangedKeys(authorities[0])


@pytest.fixture(scope="module")
def later(changed: ChangedKeys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of after all changes. Nobody may change it."""
    return changed.write(tmp_path_factory.mktemp("later") / "package")


@pytest.fixture(scope="module")
def old(changed: ChangedKeys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trust folder of before all changes."""
    folder = tmp_path_factory.mktemp("handed") / "old"
    write_trust(folder, changed.old_trust)
    return folder
