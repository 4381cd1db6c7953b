"""Steps 2 and 16: the keys that are pinned and those that the ledger leads to from there, and whether each signed while
it was in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from integrity.checkpoint import Checkpoint, open_checkpoint
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.manifest import RecordingManifest
from integrity.package import layout
from integrity.package.checks import check_entry
from integrity.package.failure import naming
from integrity.package.key_line import (
    Activation,
    KeyLines,
    activation_of,
    follow,
    require_agreement,
    require_in_force,
    trace_lines,
)
from integrity.package.reading import PackageFolder
from integrity.package.statement import PackageStatement, entry_indexes
from integrity.succession import ACTIVATED
from integrity.trust import ROLES, Trust

# As it stands in an entry: canonical JSON has one spelling, and a quote inside a value is escaped.
_ACTION = f'"action":"{ACTIVATED}"'.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedKey:
    """A key that signed something in the package. `followed_from`: the epoch of the key that was handed over, from
    which the ledger led to this one; None for one that was handed over itself.

    `activation` is None where the package does not tell when the key came into force, as one of an earlier release.
    """

    role: str
    epoch: int
    key_id: str
    followed_from: int | None
    activation: Activation | None


def follow_keys(package: PackageFolder, files: Sequence[str], trust: Trust) -> Trust:
    """`trust` and, where the package has entries of keys later than those, what the ledger leads to from there.

    Nothing of it rests on the package's own signature, which is not established yet: the entries are in the ledger by
    their proofs under a checkpoint that the pinned key of the ledger signed. Raises KeyLineBroken, and what is wrong
    with checkpoint, entries and proofs.
    """
    told = _find_activations(package, files)
    if not any(_is_later(entry, trust) for entry in told.values()):
        return trust
    with naming(layout.CHECKPOINT):
        checkpoint = open_checkpoint(package.read(layout.CHECKPOINT), trust.ledger_vkey)
    entries = {index: check_entry(package, index, checkpoint) for index in told}
    return follow(trust, trace_lines(entries, checkpoint.origin))


def check_keys(
    statement: PackageStatement,
    manifests: Sequence[RecordingManifest],
    sealings: Sequence[int],
    entries: Mapping[int, LedgerEntry],
    checkpoint: Checkpoint,
    keys: Trust,
    held: Trust,
) -> tuple[UsedKey, ...]:
    """Each key that signed here was in force by the entries of the package, if it has any. `sealings`: the index of
    each manifest's sealing entry. Raises KeyLineBroken."""
    lines = trace_lines(entries, checkpoint.origin)
    for role in ROLES:
        require_agreement(role, keys.keys_for(role), lines[role])
    for number, (manifest, index) in enumerate(zip(manifests, sealings, strict=True), 1):
        path, at = layout.manifest_path(number), entries[index].occurred_at
        require_in_force("manifest", lines["manifest"], manifest.key_epoch, at, index, path)
    # Nothing in the ledger can bound it from above, so its own word has to do: the entry of the finished export says
    # more, and cannot be in here.
    made_at = statement.created_at
    require_in_force("package", lines["package"], statement.key_epoch, made_at, None, layout.STATEMENT)
    epochs = sorted({manifest.key_epoch for manifest in manifests})
    used = [("package", statement.key_epoch), *(("manifest", epoch) for epoch in epochs)]
    return tuple(_describe(role, epoch, lines, keys, held) for role, epoch in used)


def find_activation(content: bytes) -> LedgerEntry | None:
    """The entry, where it says that a key came into force. Most are of something else, and are not taken apart."""
    entry = parse_entry(content) if _ACTION in content else None
    return entry if entry is not None and entry.action == ACTIVATED else None


def _describe(role: str, epoch: int, lines: KeyLines, keys: Trust, held: Trust) -> UsedKey:
    key = next(each.key for each in keys.keys_for(role) if each.epoch == epoch)
    latest = held.keys_for(role)[-1].epoch
    return UsedKey(
        role=role,
        epoch=epoch,
        key_id=key.key_id,
        followed_from=latest if epoch > latest else None,
        activation=activation_of(lines[role], epoch),
    )


def _find_activations(package: PackageFolder, files: Sequence[str]) -> dict[int, LedgerEntry]:
    """By their places, and nobody's word yet."""
    found = {}
    for index in entry_indexes(files):
        path = layout.entry_path(index)
        with naming(path):
            entry = find_activation(package.read(path))
        if entry is not None:
            found[index] = entry
    return found


def _is_later(entry: LedgerEntry, trust: Trust) -> bool:
    role, epoch = entry.data.get("purpose"), entry.data.get("epoch")
    return isinstance(role, str) and role in ROLES and type(epoch) is int and epoch > trust.keys_for(role)[-1].epoch
