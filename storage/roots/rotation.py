"""One root key takes the place of another: every key-encryption key is wrapped anew, and no footage is touched.

    1. the new root, with its record              nothing is wrapped under it yet
    2. it is announced                            in the ledger, by whoever called
    3. it becomes current                         new keys are wrapped under it; old ones open under theirs
    4. each key-encryption key, one by one        opened, wrapped under the new root, opened again, put in place whole
    5. every key is looked at once more
    6. roots that wrap nothing are destroyed

Whatever line the power fails on, each key opens under a root that is here, and a repeat goes on. Processes that read
meanwhile notice nothing, as long as what opens the new root is given to them too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from storage import key_files
from storage.kek_record import KekRecord
from storage.key_errors import KeyMissing, KeyStoreDamaged, KeyStoreError, RootKeyError
from storage.keystore import KeyStore
from storage.roots import records
from storage.roots.holders import destroy_root, make_root
from storage.roots.records import RootRecord, current_holder
from storage.roots.root_key import RootKey

Opener = Callable[[KekRecord], bytes]
Announce = Callable[[RootRecord], None]


@dataclass(frozen=True, slots=True)
class Rotation:
    """`begun` false: an earlier one, which broke off, was brought to its end. `rewrapped`: how many keys, by this run.
    `left`: keys that nothing opens which is at hand; they are as they were, and so is the root they hang on."""

    begun: bool
    former: tuple[RootRecord, ...]
    present: RootRecord
    rewrapped: int
    left: tuple[str, ...] = ()


def rotate_root(keys: KeyStore, holder: str | None, announce: Announce) -> Rotation:
    """Bring what broke off to its end; if nothing did, or another holder is asked for, put a new root in the place of
    the current one. `holder` None: as before.

    Raises RootKeyError, KeyStoreError; then the former root is still here, and a repeat goes on.
    """
    with key_files.locked(keys.folder / "rotation.lock"):
        keys.roots.current()
        if broke_off(keys):
            finished = finish_rotation(keys, keys.open_record)
            if holder in (None, finished.present.holder):
                return finished
        return begin_rotation(keys, holder or current_holder(keys.folder), announce, keys.open_record)


def broke_off(keys: KeyStore) -> bool:
    """Whether some key is not under the current root yet."""
    current = records.current_id(keys.folder)
    return any(each.root_id != current for each in kek_records(keys))


def begin_rotation(
    keys: KeyStore, holder: str, announce: Announce, opener: Opener, *, leave_closed: bool = False
) -> Rotation:
    """All steps. The caller holds rotation.lock. `leave_closed`: a key that does not open keeps none of the others."""
    _destroy_unused(keys)
    record = make_root(keys.folder, holder, keys.roots.access)
    keys.roots.named(record.root_id)
    announce(record)
    with key_files.locked(keys.lock):
        records.set_current(keys.folder, record.root_id)
    return replace(finish_rotation(keys, opener, leave_closed=leave_closed), begun=True)


def finish_rotation(keys: KeyStore, opener: Opener, *, leave_closed: bool = False) -> Rotation:
    """From step four on. The caller holds rotation.lock."""
    root, present = keys.roots.current(), records.find_record(keys.folder, records.current_id(keys.folder))
    assert present is not None, "it has just opened"
    rewrapped, left = 0, []
    for kek_id in keys.list_keks():
        try:
            rewrapped += _wrap_under(keys, root, kek_id, opener)
        except KeyStoreError:
            if not leave_closed:
                raise
            left.append(kek_id)
    _require_all_under(keys, root, left)
    return Rotation(False, _destroy_unused(keys), present, rewrapped, tuple(left))


def _wrap_under(keys: KeyStore, root: RootKey, kek_id: str, opener: Opener) -> bool:
    """Whether it had to be."""
    wrapped = False

    def change(record: KekRecord) -> KekRecord | None:
        nonlocal wrapped
        if record.root_id == root.root_id:
            return None
        wrapped = True
        return keys.wrap_kek(record.kek_id, opener(record), root)

    keys.rewrite_kek(kek_id, change)
    return wrapped


def _require_all_under(keys: KeyStore, root: RootKey, but: Sequence[str]) -> None:
    """What is on the disk, not what was written to it: the old root is about to go."""
    for record in kek_records(keys):
        if record.kek_id in but:
            continue
        if record.root_id != root.root_id:
            raise KeyStoreDamaged(str(keys.folder), f"key {record.kek_id} is not under root key {root.root_id} yet")
        keys.open_record(record)


def kek_records(keys: KeyStore) -> Iterator[KekRecord]:
    """What the files of all key-encryption keys say."""
    for kek_id in keys.list_keks():
        with suppress(KeyMissing):  # destroyed meanwhile
            yield keys.read_kek(kek_id)


def _destroy_unused(keys: KeyStore) -> tuple[RootRecord, ...]:
    """Roots that are not current and wrap nothing, nor can any more: no key is made while we look."""
    with key_files.locked(keys.lock):
        current = records.current_id(keys.folder)
        used = {current, *(each.root_id for each in kek_records(keys))}
        unused = [each for each in records.list_records(keys.folder) if each.root_id not in used]
        destroyed = tuple(each for each in unused if _destroy(keys, each))
        for folder in (keys.folder, keys.folder / "roots"):
            key_files.sweep_passing(folder)
    keys.roots.forget_gone()
    return destroyed


def _destroy(keys: KeyStore, record: RootRecord) -> bool:
    """False for one in a token that is not at hand: its record stays, and says that there is something to destroy."""
    try:
        destroy_root(keys.folder, record, keys.roots.access)
    except RootKeyError:
        return False
    return True
