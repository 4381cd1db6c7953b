"""Whether a backup is, byte for byte, what was made and signed; and which keys later backups know to be destroyed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from api.backup.digests import digest_file, find_flaws, read_listed
from api.backup.errors import BackupDamaged
from api.backup.facts import Facts
from api.backup.keys_part import PACKAGE_KEY, KeyFiles, kek_path, open_keys, package_key
from api.backup.objects_part import find_object_flaws, read_objects
from api.backup.place import FACTS, FILES, OBJECTS, STATEMENT, UNFINISHED, BackupPlace
from api.backup.statement import BackupStatement
from integrity.keys import PublicKey
from storage.objects.folder import FolderStore
from storage.roots.given_secret import GivenSecret


@dataclass(frozen=True)
class CheckedBackup:
    """A backup whose signature, lists, database, configuration and keys are whole. `destroyed`: key-encryption keys
    that this backup or a later one in its place says were destroyed; `note`, `signed_size`: the longest checkpoint that
    any of them knows."""

    place: BackupPlace
    name: str
    statement: BackupStatement
    facts: Facts
    keys: Mapping[str, bytes]
    destroyed: frozenset[str]
    signed_size: int
    note: str

    @property
    def folder(self) -> Path:
        return self.place.folder / self.name

    @property
    def objects(self) -> Path:
        return self.folder / OBJECTS


def check_backup(place: BackupPlace, name: str, given: GivenSecret) -> CheckedBackup:
    """Everything but the objects. Raises BackupDamaged, which names each flaw, BackupSecretWrong, RootSecretMissing."""
    folder, keys_folder = place.folder / name, place.keys / name
    unsigned = BackupStatement.read(folder, None)
    destroyed, size, note = _known_since(place, name)
    spared = frozenset(kek_path(each) for each in destroyed)
    flaws = [*_flaws_of_keys(keys_folder, unsigned.keys, spared), *_flaws_of_lists(folder, unsigned.lists)]
    if flaws:
        raise BackupDamaged(flaws)
    keys = open_keys(keys_folder, name, given)
    keys.pop(UNFINISHED, None)
    statement = BackupStatement.read(folder, _public_key(keys, keys_folder))
    if statement.name != name:
        raise BackupDamaged([f"说明属于备份 {statement.name} / the statement is that of another backup: {folder}"])
    flaws = list(find_flaws(folder, read_listed(folder / FILES), frozenset({FILES, OBJECTS, FACTS, STATEMENT})))
    if flaws:
        raise BackupDamaged(flaws)
    facts = Facts.read(folder / FACTS)
    if facts.signed_size >= size:
        size, note = facts.signed_size, facts.note
    return CheckedBackup(place, name, statement, facts, keys, destroyed | set(facts.destroyed), size, note)


def check_objects(checked: CheckedBackup) -> int:
    """Read every object of the backup that is in the pool; how many are listed. Raises BackupDamaged."""
    flaws = list(find_object_flaws(FolderStore(checked.place.pool), read_objects(checked.objects)))
    if flaws:
        raise BackupDamaged(flaws)
    return sum(1 for _ in read_objects(checked.objects))


def _flaws_of_lists(folder: Path, lists: Mapping[str, str]) -> Iterator[str]:
    for name in (FILES, OBJECTS, FACTS):
        path = folder / name
        if not path.is_file():
            yield f"缺失 / missing: {path}"
        elif digest_file(path) != lists.get(name):
            yield f"内容不符 / other bytes: {path}"


def _flaws_of_keys(folder: Path, digests: Mapping[str, str], spared: frozenset[str]) -> Iterator[str]:
    """`spared`: may be gone, as they were destroyed since."""
    for path, digest in digests.items():
        if not (folder / path).is_file():
            if path not in spared:
                yield f"缺失 / missing: {folder / path}"
        elif digest_file(folder / path) != digest:
            yield f"内容不符 / other bytes: {folder / path}"
    for found in folder.rglob("*"):
        path = found.relative_to(folder).as_posix()
        if found.is_file() and path not in digests and path != UNFINISHED:
            yield f"多出 / not listed: {found}"


def _known_since(place: BackupPlace, name: str) -> tuple[frozenset[str], int, str]:
    """What later backups here know: keys destroyed, and how far the ledger was signed. A damaged one says nothing."""
    destroyed: set[str] = set()
    size, note = 0, ""
    for later in place.names():
        if later > name:
            with suppress(OSError, ValueError, TypeError, KeyError):
                facts = Facts.read(place.folder / later / FACTS)
                destroyed |= set(facts.destroyed)
                if facts.signed_size > size:
                    size, note = facts.signed_size, facts.note
    return frozenset(destroyed), size, note


def _public_key(keys: KeyFiles, folder: Path) -> PublicKey:
    try:
        return package_key(keys).public
    except (KeyError, ValueError, TypeError) as error:
        raise BackupDamaged([f"缺少签名密钥 / no signing key: {folder / PACKAGE_KEY}"]) from error
