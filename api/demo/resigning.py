"""What an attacker with the whole package and no key of the archive can do: sign everything in it anew.

Keys, time stamp authority and ledger are the attacker's own, and so is each succession of a key; footage and words stay
as they are. The result is as consistent as the original, and differs from it in nothing but whose word it is: only keys
handed over beforehand tell.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from integrity.authority import Authority, create_authority
from integrity.canonical import Json, parse_canonical
from integrity.checkpoint import Checkpoint, encode_vkey, open_checkpoint, sign_checkpoint
from integrity.digest import Digest
from integrity.dsse import Envelope, encode_base64
from integrity.epoch_keys import EpochKey
from integrity.keys import SigningKey
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.manifest import parse_manifest, sign_manifest
from integrity.merkle import HASH_BYTES, inclusion_proof, leaf_hash, root_of
from integrity.package import layout
from integrity.package.checks import MANIFEST_DIGEST, SEALED, STAMP_DIGEST
from integrity.package.contents import PackageContents, PackagedEntry, PackagedProxy, PackagedRecording
from integrity.package.documents import RecordingNote, RepeatNote, parse_case, parse_repeats
from integrity.package.reading import PackageFolder
from integrity.package.statement import PackageStatement, entry_indexes, open_statement
from integrity.package.verify import Verdict
from integrity.package.write import write_package
from integrity.succession import ACTIVATED, sign_succession
from integrity.timestamp import TimestampTrust
from integrity.timestamp_messages import encode_request
from integrity.trust import ROLES, Trust, load_trust


@dataclass(frozen=True)
class Forger:
    """Keys of one's own, for every role and each of its epochs."""

    authority: Authority
    keys: Mapping[str, Mapping[int, SigningKey]]
    ledger_key: SigningKey

    @classmethod
    def make(cls, folder: Path, imitated: Trust) -> Forger:
        """Fresh keys, one for each that is imitated; the authority's lie in the new `folder`."""
        keys = {role: {each.epoch: SigningKey.generate() for each in imitated.keys_for(role)} for role in ROLES}
        return cls(create_authority(folder), keys, SigningKey.generate())

    def trust(self, origin: str) -> Trust:
        """What this forger's signatures are good for, under the name of the ledger that is imitated."""
        public = {
            role: tuple(EpochKey(epoch, key.public) for epoch, key in keys.items()) for role, keys in self.keys.items()
        }
        return Trust(
            manifest_keys=public["manifest"],
            receipt_keys=public["receipt"],
            package_keys=public["package"],
            ledger_vkey=encode_vkey(origin, self.ledger_key.public),
            timestamp_trust=TimestampTrust(
                (self.authority.root,), (self.authority.fingerprint,), self.authority.policy
            ),
        )

    def stamp(self, data: bytes) -> bytes:
        return self.authority.answer(encode_request(Digest.of("sha256", data).value, secrets.randbits(63)))


@dataclass(frozen=True)
class _Resealed:
    """One recording's manifest under another key, and another authority's stamp over it."""

    recording_id: UUID
    envelope: bytes
    token: bytes


def sign_anew(package: Path, target: Path, keys_folder: Path) -> Verdict:
    """Write to `target` the package `package` with every signature in it replaced; what its own keys say of it.

    Raises what opening and writing a package raise.
    """
    source, present = PackageFolder(package), load_trust(package / layout.TRUST_FOLDER)
    forger = Forger.make(keys_folder, present)
    statement = open_statement(source.read(layout.STATEMENT), present.package_keys)
    checkpoint = open_checkpoint(source.read(layout.CHECKPOINT), present.ledger_vkey)
    resealed = [_reseal(source, forger, number, each.recording_id) for number, each in _numbered(statement)]
    entries = _rewrite_entries(source, forger, checkpoint.origin, resealed)
    leaves = _imitate_ledger(entries, checkpoint.size)
    forged = Checkpoint(checkpoint.origin, checkpoint.size, root_of(iter(leaves)))
    contents = PackageContents(
        package_id=statement.package_id,
        created_at=datetime.now(UTC),
        case=_case(source),
        recordings=_recordings(source, statement, resealed),
        entries=_proved(entries, leaves),
        checkpoint=sign_checkpoint(forged, forger.ledger_key),
        trust=forger.trust(checkpoint.origin),
        key=forger.keys["package"][statement.key_epoch],
        key_epoch=statement.key_epoch,
        repeats=_repeats(source),
    )
    return write_package(target, contents)


def _repeats(source: PackageFolder) -> tuple[RepeatNote, ...]:
    return parse_repeats(source.read(layout.REPEATS)) if layout.REPEATS in source.list_files() else ()


def _numbered(statement: PackageStatement) -> Iterator[tuple[int, Any]]:
    return enumerate(statement.recordings, 1)


def _reseal(source: PackageFolder, forger: Forger, number: int, recording_id: UUID) -> _Resealed:
    """The same statement, word for word, by the forger's key for the epoch that it names."""
    payload = Envelope.parse(source.read(layout.manifest_path(number))).payload
    key = forger.keys["manifest"][parse_manifest(payload).key_epoch]
    envelope = sign_manifest(payload, key).to_bytes()
    return _Resealed(recording_id, envelope, forger.stamp(envelope))


def _rewrite_entries(
    source: PackageFolder, forger: Forger, origin: str, resealed: list[_Resealed]
) -> Mapping[int, bytes]:
    """The ledger's entries, those of the sealings made to name the new manifests and stamps, those of keys the new
    keys."""
    by_id = {str(each.recording_id): each for each in resealed}
    entries = {}
    for index in entry_indexes(source.list_files()):
        content = source.read(layout.entry_path(index))
        entry = parse_entry(content)
        if entry.action == SEALED and entry.subject_id in by_id:
            content = _name_anew(entry, by_id[entry.subject_id]).to_bytes()
        if entry.action == ACTIVATED:
            content = _activate_anew(entry, forger, origin).to_bytes()
        entries[index] = content
    return entries


def _activate_anew(entry: LedgerEntry, forger: Forger, origin: str) -> LedgerEntry:
    """The forger's key of the same role and epoch, which succeeds the forger's key before it."""
    role, epoch = str(entry.data["purpose"]), cast(int, entry.data["epoch"])
    key, former = forger.keys[role][epoch], forger.keys[role].get(epoch - 1)
    data: dict[str, Json] = {**entry.data, "public_key": key.public.raw.hex()}
    if former is not None:
        words = sign_succession(origin, role, epoch, former, key).signatures
        by_former, by_this = (encode_base64(each.signature) for each in words)
        data |= {"former": former.key_id, "signed_by_former": by_former, "signed_by_this": by_this}
    return replace(entry, subject_id=key.key_id, data=data)


def _name_anew(entry: LedgerEntry, resealed: _Resealed) -> LedgerEntry:
    digests = {
        MANIFEST_DIGEST: Digest.of("sha256", resealed.envelope).hex,
        STAMP_DIGEST: Digest.of("sha256", resealed.token).hex,
    }
    return replace(entry, data={**entry.data, **digests})


def _imitate_ledger(entries: Mapping[int, bytes], size: int) -> list[bytes]:
    """Leaves for a ledger as long as the real one. Those of entries that are not in the package are made up."""
    return [leaf_hash(entries[index]) if index in entries else secrets.token_bytes(HASH_BYTES) for index in range(size)]


def _proved(entries: Mapping[int, bytes], leaves: list[bytes]) -> Iterator[PackagedEntry]:
    def read_hash(level: int, number: int) -> bytes:
        return root_of(iter(leaves[number << level : (number + 1) << level]))

    for index in sorted(entries):
        yield PackagedEntry(index=index, entry=entries[index], proof=inclusion_proof(index, len(leaves), read_hash))


def _recordings(
    source: PackageFolder, statement: PackageStatement, resealed: list[_Resealed]
) -> Iterator[PackagedRecording]:
    notes = parse_case(source.read(layout.CASE))
    for (_, listed), new, note in zip(_numbered(statement), resealed, notes, strict=True):
        yield PackagedRecording(
            envelope=new.envelope,
            token=new.token,
            original=source.read_pieces(listed.original),
            proxy=None if listed.proxy is None else _proxy(source, note),
        )


def _proxy(source: PackageFolder, note: RecordingNote) -> PackagedProxy:
    made = note.renditions[0]
    return PackagedProxy(
        pieces=source.read_pieces(made.path),
        sha256=made.sha256,
        parent_sha256=made.parent_sha256,
        tool=made.tool,
        version=made.version,
        settings=made.settings,
    )


def _case(source: PackageFolder) -> Mapping[str, Any]:
    document = cast(Mapping[str, Any], parse_canonical(source.read(layout.CASE), layout.CASE))
    case: Mapping[str, Any] = document["case"]
    return case
