"""The lines of signing keys (签名密钥的接替) as entries of the ledger tell them, and what follows from them.

Each key comes into force by an entry `key.activated`. From the second of a role on the entry has the two signatures by
which the former key and this one said that one succeeds the other (docs/formats/succession.md). So an auditor's trust
folder of years ago leads to the keys of today without anybody's word: whoever stole a key has no entry in the ledger,
and whoever writes entries has no former key. docs/decisions/0038-keys-followed-by-the-ledger.md says what that shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from integrity.dsse import decode_base64
from integrity.epoch_keys import EpochKey
from integrity.errors import (
    EvidenceContradiction,
    EvidenceError,
    KeyLineBroken,
    MalformedEvidence,
    SignatureInvalid,
)
from integrity.fields import Fields
from integrity.keys import PUBLIC_KEY_BYTES, PublicKey
from integrity.ledger_entry import LedgerEntry
from integrity.package import layout
from integrity.succession import ACTIVATED, FIRST_EPOCH, Succession
from integrity.trust import ROLES, Trust

LATE: Final = timedelta(hours=1)
"""Who had read a key just before another took its place enters what it signed within moments. The audit has the same
hour: within it the database lets an entry in."""
ROLE_WORDS: Final[Mapping[str, str]] = {"manifest": "封存清单", "receipt": "回执", "package": "证据包"}

_FIRST = ("purpose", "epoch", "public_key")
_LATER = (*_FIRST, "former", "signed_by_former", "signed_by_this")


@dataclass(frozen=True, slots=True)
class Activation:
    """The key of a role and epoch came into force by the ledger's entry `index`, of the time `at`."""

    epoch: int
    key: PublicKey
    index: int
    at: datetime


Line = tuple[Activation, ...]
KeyLines = Mapping[str, Line]


def trace_lines(entries: Mapping[int, LedgerEntry], origin: str) -> KeyLines:
    """The keys of each role in the order of their epochs, as `entries` of the ledger `origin` tell them; a role that
    nothing is told of has an empty line.

    That these entries are in the ledger was established before. Where several keys lay claim to an epoch none has it:
    who holds one of them would else be told what the other's holder is not. Keys of other purposes are passed over: the
    ledger's own key is pinned, and none succeeds it. Raises KeyLineBroken.
    """
    lines: dict[str, Line] = dict.fromkeys(ROLES, ())
    for index, entry in sorted(entries.items()):
        role = entry.data.get("purpose") if entry.action == ACTIVATED else None
        if isinstance(role, str) and role in lines:
            lines[role] += (_open(role, lines[role], origin, index, entry),)
    return lines


def follow(trust: Trust, lines: KeyLines) -> Trust:
    """`trust`, and after the latest key of each role those that succeeded it. Earlier ones that it leaves out stay out:
    whoever handed it over may have known why. Raises KeyLineBroken where it pins another key than a line tells."""
    for role in ROLES:
        require_agreement(role, trust.keys_for(role), lines[role])
    return replace(
        trust,
        manifest_keys=_carried_on(trust.manifest_keys, lines["manifest"]),
        receipt_keys=_carried_on(trust.receipt_keys, lines["receipt"]),
        package_keys=_carried_on(trust.package_keys, lines["package"]),
    )


def require_agreement(role: str, keys: Sequence[EpochKey], line: Line) -> None:
    """No epoch has another key in the line than among `keys`. Raises KeyLineBroken."""
    told = {each.epoch: each for each in line}
    for each in keys:
        activation = told.get(each.epoch)
        if activation is not None and activation.key != each.key:
            raise KeyLineBroken(
                layout.entry_path(activation.index),
                f"{ROLE_WORDS[role]}第 {each.epoch} 期密钥在账本中为 {activation.key.key_id}，"
                f"信任文件夹中为 {each.key.key_id}",
                f"the {role} key of epoch {each.epoch} is {activation.key.key_id} in the ledger, and "
                f"{each.key.key_id} in the trust folder",
            )


def require_in_force(role: str, line: Line, epoch: int, at: datetime, index: int | None, what: str) -> None:
    """What the key of `epoch` signed was entered, or says itself that it was made, `at` a time when that key was in
    force; by the ledger's entry `index`, where there is one. A line of nothing says nothing. Raises KeyLineBroken.
    """
    if not line:
        return
    own, following = activation_of(line, epoch), activation_of(line, epoch + 1)
    if own is None:
        raise KeyLineBroken(
            what,
            f"由{ROLE_WORDS[role]}第 {epoch} 期密钥签名，而账本条目只载至第 {line[-1].epoch} 期",
            f"signed by the {role} key of epoch {epoch}, and the entries tell of none after epoch {line[-1].epoch}",
        )
    if (index is not None and index < own.index) or own.at - at > LATE:
        raise KeyLineBroken(
            what,
            f"签名时{ROLE_WORDS[role]}第 {epoch} 期密钥尚未启用（账本条目 {own.index}）",
            f"signed before the {role} key of epoch {epoch} came into force by ledger entry {own.index}",
        )
    if following is not None and at - following.at > LATE:
        raise KeyLineBroken(
            what,
            f"签名时{ROLE_WORDS[role]}第 {epoch} 期密钥早已由第 {following.epoch} 期接替（账本条目 "
            f"{following.index}）：原私钥已销毁，应另有人持有",
            f"signed long after the {role} key of epoch {epoch} was succeeded by ledger entry {following.index}: it "
            "was destroyed then, so somebody else has a copy of it",
        )


def activation_of(line: Line, epoch: int) -> Activation | None:
    """How the key of `epoch` came into force; None where the line does not tell."""
    return next((each for each in line if each.epoch == epoch), None)


def _carried_on(keys: tuple[EpochKey, ...], line: Line) -> tuple[EpochKey, ...]:
    return (*keys, *(EpochKey(each.epoch, each.key) for each in line if each.epoch > keys[-1].epoch))


def _open(role: str, line: Line, origin: str, index: int, entry: LedgerEntry) -> Activation:
    """The key that `entry` puts after those of `line`."""
    path, epoch = layout.entry_path(index), len(line) + FIRST_EPOCH
    said = entry.data.get("epoch")
    if type(said) is not int or said > epoch:
        raise KeyLineBroken(
            path,
            f"缺少{ROLE_WORDS[role]}第 {epoch} 期密钥的启用条目，此处为第 {said} 期",
            f"the entry of the {role} key of epoch {epoch} is missing before this one, of epoch {said}",
        )
    if said < epoch:
        raise KeyLineBroken(
            path,
            f"{ROLE_WORDS[role]}第 {said} 期密钥有两个启用条目",
            f"this is a second entry of a {role} key of epoch {said}",
        )
    with _telling(path, role, epoch):
        return _read(role, line, origin, index, entry)


def _read(role: str, line: Line, origin: str, index: int, entry: LedgerEntry) -> Activation:
    what, epoch = "its ledger entry", len(line) + FIRST_EPOCH
    fields = Fields(what, entry.data, _LATER if line else _FIRST)
    key = PublicKey(fields.hex("public_key", PUBLIC_KEY_BYTES))
    if entry.subject_id != key.key_id:
        raise EvidenceContradiction(what, "the key in it", key.key_id, entry.subject_id)
    if key in [each.key for each in line]:
        # A key that came again would end the epochs between the two.
        raise MalformedEvidence(what, "the key has had an epoch before")
    if line:
        former = line[-1].key
        if fields.text("former") != former.key_id:
            raise EvidenceContradiction(what, "the entry before it", former.key_id, fields.text("former"))
        said = Succession(origin=origin, purpose=role, epoch=epoch, former=former, following=key)
        words = (decode_base64(fields.text(name), name) for name in ("signed_by_former", "signed_by_this"))
        said.require_signed(*words)
    return Activation(epoch, key, index, entry.occurred_at)


@contextmanager
def _telling(path: str, role: str, epoch: int) -> Iterator[None]:
    try:
        yield
    except EvidenceError as error:
        fault = "所载签名不成立" if isinstance(error, SignatureInvalid) else "内容不符"
        raise KeyLineBroken(
            path,
            f"{ROLE_WORDS[role]}第 {epoch} 期密钥的启用条目{fault}",
            f"the entry of the {role} key of epoch {epoch} does not hold: {error}",
        ) from error
