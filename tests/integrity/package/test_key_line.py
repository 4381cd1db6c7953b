"""From an old trust folder to the keys of later: by the ledger's entries, and by nobody's word."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from integrity.command import FAILS, HOLDS, UNUSABLE, main
from integrity.epoch_keys import EpochKey
from integrity.errors import CheckpointInvalid, DigestMismatch, KeyLineBroken, KeyNotPinned, ProofInvalid
from integrity.keys import SigningKey
from integrity.merkle import leaf_hash
from integrity.package import layout
from integrity.package.documents import parse_proof
from integrity.package.failure import PackageInvalid
from integrity.package.verify import verify_package
from integrity.trust import Trust, load_trust
from tests.integrity.package.changed_keys import (
    SECOND_MANIFEST,
    SECOND_PACKAGE,
    SECOND_SEALING,
    THIRD_PACKAGE,
    ChangedKeys,
    activation,
    at_another_time,
    day,
    made_entry,
    restated,
    sealing,
)

FailureOf = Callable[[Path, Trust | None], PackageInvalid]
THIEF = SigningKey.generate()


@pytest.fixture
def package(later: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(later, tmp_path / "package"))


def broken(failure: PackageInvalid, step: int, path: str, reason: str) -> None:
    assert (failure.step, failure.path) == (step, path), failure
    assert isinstance(failure.__cause__, KeyLineBroken)
    assert reason in failure.reason
    assert "密钥的接替不成立" in failure.reason


# What holds


def test_an_old_trust_folder_leads_to_the_keys_that_signed_since(later: Path, changed: ChangedKeys) -> None:
    verdict = verify_package(later, changed.old_trust)
    used = [(each.role, each.epoch, each.followed_from) for each in verdict.keys]
    assert used == [("package", 3, 1), ("manifest", 1, None), ("manifest", 2, 1)]
    assert [each.key_id for each in verdict.keys] == [
        changed.lines["package"][2].key_id,
        *(key.key_id for key in changed.lines["manifest"]),
    ]
    told = [(each.activation.index, each.activation.at) for each in verdict.keys if each.activation is not None]
    assert told == [(THIRD_PACKAGE, day(4)), (0, day(0)), (SECOND_MANIFEST, day(2))]
    assert verdict.trust == changed.old_trust
    assert verdict.renewed == changed.new_trust


@pytest.mark.parametrize("latest", [{"package": 3}, {"package": 2, "manifest": 2}, {"receipt": 2}])
def test_a_folder_of_any_day_between_holds_too(later: Path, changed: ChangedKeys, latest: dict[str, int]) -> None:
    assert verify_package(later, changed.trust(**latest)).renewed == changed.new_trust


def test_who_has_all_keys_or_none_follows_nothing(later: Path, changed: ChangedKeys) -> None:
    for trust in (changed.new_trust, None):
        verdict = verify_package(later, trust)
        assert all(each.followed_from is None for each in verdict.keys)
        assert all(each.activation is not None for each in verdict.keys)


def test_a_package_of_before_such_entries_holds_with_a_new_folder_and_does_not_say_since_when(
    pristine: Path, archive: Any
) -> None:
    later_keys = (*archive.trust.package_keys, EpochKey(2, SigningKey.generate().public))
    verdict = verify_package(pristine, replace(archive.trust, package_keys=later_keys))
    assert [(each.role, each.epoch, each.activation) for each in verdict.keys] == [
        ("package", 1, None),
        ("manifest", 1, None),
    ]


def test_what_the_keys_signed_just_before_and_after_a_change_holds(package: Path, changed: ChangedKeys) -> None:
    """Who had read a key before it was destroyed finishes; and clocks of two hosts differ."""
    for at, epoch in ((5 - 1 / 48, 2), (5 + 1 / 48, 3)):
        changed.rewrite_log(package, {THIRD_PACKAGE: changed.activation("package", 3, day(at))})
        changed.sign(package, epoch)
        assert verify_package(package, changed.old_trust).keys[0].epoch == epoch
    seal_by_the_first(package, changed, 2 + 1 / 48)
    assert [each.epoch for each in verify_package(package, changed.old_trust).keys] == [3, 1]


def seal_by_the_first(package: Path, changed: ChangedKeys, at: float) -> None:
    """Recording 2, as whoever has a copy of the first manifest key seals it."""
    by = changed.by_first
    (package / "manifest/2.dsse.json").write_bytes(by.envelopes[1])
    (package / "manifest/2.tsr").write_bytes(by.tokens[1])
    changed.rewrite_log(package, {SECOND_SEALING: sealing(2, by, day(at))})
    changed.sign(package)


# Keys of others


FORGED: dict[str, tuple[int, Callable[[ChangedKeys], bytes], str]] = {
    "a key that nobody vouches for": (
        THIRD_PACKAGE,
        lambda c: activation("package", 3, THIEF, c.lines["package"][1], day(4), signed_by=THIEF),
        "does not verify under key",
    ),
    "one that the key before the last vouches for": (
        THIRD_PACKAGE,
        lambda c: activation("package", 3, THIEF, c.lines["package"][0], day(4)),
        "but the entry before it says",
    ),
    "said to be vouched for by the last, signed by the one before": (
        THIRD_PACKAGE,
        lambda c: activation("package", 3, THIEF, c.lines["package"][1], day(4), signed_by=c.lines["package"][0]),
        "does not verify under key",
    ),
    "one that never said that it follows": (
        THIRD_PACKAGE,
        lambda c: c.activation("package", 3, day(4), signed_by_this=word_of(c, "signed_by_former")),
        "does not verify under key",
    ),
    "what manifests' keys said": (
        THIRD_PACKAGE,
        lambda c: activation("manifest", 3, THIEF, c.lines["package"][1], day(4), purpose="package"),
        "does not verify under key",
    ),
    "what was said of another epoch": (
        SECOND_PACKAGE,
        lambda c: restated(activation("package", 3, c.lines["package"][1], c.lines["package"][0], day(2)), epoch=2),
        "does not verify under key",
    ),
    "what was said in another archive": (
        THIRD_PACKAGE,
        lambda c: c.activation("package", 3, day(4), origin="other.test/ledger"),
        "does not verify under key",
    ),
    "another key in it than in its name": (
        THIRD_PACKAGE,
        lambda c: c.activation("package", 3, day(4), public_key=THIEF.public.raw.hex()),
        "but the key in it says",
    ),
    "the first key again": (
        THIRD_PACKAGE,
        lambda c: activation("package", 3, c.lines["package"][0], c.lines["package"][1], day(4)),
        "has had an epoch before",
    ),
    "without a word": (
        THIRD_PACKAGE,
        lambda c: made_entry(
            "key.activated",
            THIEF.key_id,
            {"purpose": "package", "epoch": 3, "public_key": THIEF.public.raw.hex()},
            day(4),
        ),
        "member 'former' is missing",
    ),
}


def word_of(changed: ChangedKeys, name: str) -> str:
    data = json.loads(changed.archive.entries[THIRD_PACKAGE])["data"]
    return str(data[name])


@pytest.mark.parametrize("what", FORGED)
def test_an_operator_puts_no_key_into_the_line_without_the_former_one(
    package: Path, changed: ChangedKeys, what: str, failure_of: FailureOf
) -> None:
    """He has the ledger's key, so every entry has its proof."""
    index, forge, reason = FORGED[what]
    changed.rewrite_log(package, {index: forge(changed)})
    changed.sign(package)
    broken(failure_of(package, changed.old_trust), 2, f"log/entries/{index}.json", reason)


def test_a_stolen_former_key_alone_puts_nothing_into_the_ledger(
    package: Path, changed: ChangedKeys, failure_of: FailureOf
) -> None:
    """The succession is signed as it has to be, and its proof is of another entry, or of another ledger."""
    forged = activation("package", 3, THIEF, changed.lines["package"][1], day(4))
    path = package / layout.proof_path(THIRD_PACKAGE)
    (package / layout.entry_path(THIRD_PACKAGE)).write_bytes(forged)
    changed.sign(package, key=THIEF)
    failure = failure_of(package, changed.old_trust)
    assert (failure.step, failure.path) == (2, layout.entry_path(THIRD_PACKAGE))
    assert isinstance(failure.__cause__, DigestMismatch)

    path.write_bytes(replace(parse_proof(path.read_bytes(), "proof"), leaf_hash=leaf_hash(forged)).to_bytes())
    changed.sign(package, key=THIEF)
    failure = failure_of(package, changed.old_trust)
    assert (failure.step, failure.path) == (2, layout.proof_path(THIRD_PACKAGE))
    assert isinstance(failure.__cause__, ProofInvalid)

    changed.rewrite_log(package, {THIRD_PACKAGE: forged}, ledger=THIEF)
    changed.sign(package, key=THIEF)
    failure = failure_of(package, changed.old_trust)
    assert (failure.step, failure.path) == (2, layout.CHECKPOINT)
    assert isinstance(failure.__cause__, CheckpointInvalid)


def test_the_ledgers_own_key_has_no_successor(package: Path, changed: ChangedKeys, failure_of: FailureOf) -> None:
    """Whoever splits the ledger under a key of his own may enter it as he likes: the pinned one says what is in it."""
    ledger = changed.archive.keys["ledger"]
    entries = {9: activation("ledger", 1, ledger, None, day(0)), 10: activation("ledger", 2, THIEF, ledger, day(4))}
    changed.rewrite_log(package, entries, ledger=THIEF)
    changed.sign(package)
    for trust in (changed.old_trust, changed.new_trust):
        failure = failure_of(package, trust)
        assert failure.path == layout.CHECKPOINT
        assert isinstance(failure.__cause__, CheckpointInvalid)


# Lines that are none


@pytest.mark.parametrize(("gone", "path"), [(SECOND_PACKAGE, THIRD_PACKAGE), (2, SECOND_PACKAGE), (0, SECOND_MANIFEST)])
def test_a_line_that_is_broken_in_the_middle_leads_nowhere(
    package: Path, changed: ChangedKeys, gone: int, path: int, failure_of: FailureOf
) -> None:
    changed.rewrite_log(package, without=(gone,))
    changed.sign(package)
    broken(failure_of(package, changed.old_trust), 2, f"log/entries/{path}.json", "is missing before this one")
    # With all keys in hand none has to be followed, and the package contradicts itself all the same.
    broken(failure_of(package, changed.new_trust), 16, f"log/entries/{path}.json", "is missing before this one")


def test_a_line_that_ends_before_the_key_that_signed_does_not_lead_to_it(
    package: Path, changed: ChangedKeys, failure_of: FailureOf
) -> None:
    changed.rewrite_log(package, without=(THIRD_PACKAGE,))
    changed.sign(package)
    failure = failure_of(package, changed.old_trust)
    assert (failure.step, failure.path) == (3, layout.STATEMENT)
    assert isinstance(failure.__cause__, KeyNotPinned)
    broken(failure_of(package, changed.new_trust), 16, layout.STATEMENT, "tell of none after epoch 2")


def test_where_two_keys_have_an_epoch_neither_has_it(
    package: Path, changed: ChangedKeys, failure_of: FailureOf
) -> None:
    """As a thief of the former key enters it who may write entries: the true one is there, before or after."""
    forged, true = activation("package", 3, THIEF, changed.lines["package"][1], day(4)), changed.archive.entries[-1]
    for entries in ({9: forged}, {THIRD_PACKAGE: forged, 9: true}):
        changed.rewrite_log(package, entries)
        changed.sign(package)
        broken(failure_of(package, changed.old_trust), 2, "log/entries/9.json", "a second entry of a package key")


def test_a_line_that_begins_with_another_key_than_the_pinned_one_is_another_archives(
    package: Path, changed: ChangedKeys, failure_of: FailureOf
) -> None:
    other = replace(changed.old_trust, receipt_keys=(EpochKey(1, THIEF.public),))
    broken(failure_of(package, other), 2, "log/entries/1.json", "in the trust folder")


def test_keys_before_the_pinned_ones_count_for_nothing(
    package: Path, changed: ChangedKeys, failure_of: FailureOf
) -> None:
    """Whoever hands over the second key alone may do so because the first was stolen."""
    second = replace(changed.new_trust, manifest_keys=changed.new_trust.manifest_keys[1:])
    failure = failure_of(package, second)
    assert (failure.step, failure.path) == (6, "manifest/1.dsse.json")
    assert isinstance(failure.__cause__, KeyNotPinned)


# Keys that sign before or after their time


def test_a_recording_sealed_before_its_key_came_into_force_is_refused(
    package: Path, changed: ChangedKeys, failure_of: FailureOf
) -> None:
    entries = changed.archive.entries
    early = at_another_time(entries[SECOND_SEALING], day(1.5))
    changed.rewrite_log(package, {SECOND_MANIFEST: early, SECOND_SEALING: entries[SECOND_MANIFEST]})
    changed.sign(package)
    for trust in (changed.old_trust, changed.new_trust):
        broken(failure_of(package, trust), 16, "manifest/2.dsse.json", "came into force by ledger entry 7")


def test_a_recording_sealed_by_a_former_key_long_after_is_refused(
    package: Path, changed: ChangedKeys, failure_of: FailureOf
) -> None:
    """Pinned as it is: the folder is of before the change, and the ledger says that the key was destroyed."""
    seal_by_the_first(package, changed, 3)
    for trust in (changed.old_trust, changed.new_trust):
        broken(failure_of(package, trust), 16, "manifest/2.dsse.json", "somebody else has a copy of it")


@pytest.mark.parametrize(("epoch", "at", "reason"), [(2, 4.0, "has a copy of it"), (3, 6.0, "before the package key")])
def test_a_package_says_itself_that_it_was_made_out_of_its_keys_time(
    package: Path, changed: ChangedKeys, epoch: int, at: float, reason: str, failure_of: FailureOf
) -> None:
    changed.rewrite_log(package, {THIRD_PACKAGE: changed.activation("package", 3, day(at))})
    changed.sign(package, epoch)
    for trust in (changed.old_trust, changed.new_trust):
        broken(failure_of(package, trust), 16, layout.STATEMENT, reason)


# Damage


def test_flipped_bytes_of_what_the_line_rests_on_are_named_with_both_digests(
    package: Path, changed: ChangedKeys, failure_of: FailureOf
) -> None:
    names = [f"log/{kind}/{index}.json" for kind in ("entries", "proofs") for index in (0, 4, 6, 8)]
    for path in (*names, "log/checkpoint"):
        content = (package / path).read_bytes()
        for position in (0, 12, len(content) // 2, len(content) - 1):
            (package / path).write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
            failure = failure_of(package, changed.old_trust)
            flipped = hashlib.sha256((package / path).read_bytes()).hexdigest()
            intact = hashlib.sha256(content).hexdigest()
            assert (failure.path, failure.expected, failure.found) == (path, intact, flipped), position
        (package / path).write_bytes(content)
    verify_package(package, changed.old_trust)


# What a person is told


def test_it_is_told_which_key_signed_since_when_and_by_which_entry(
    later: Path, changed: ChangedKeys, old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(later), "--trust", str(old)]) == HOLDS
    said = capsys.readouterr().out
    third = changed.lines["package"][2].key_id
    assert f"证据包由第 3 期密钥签名 / package key, epoch 3: {third}" in said
    assert "账本条目 / ledger entry 8\n  不在信任文件夹中：依账本自其中第 1 期密钥起" in said
    assert said.count("not in the trust folder") == 2
    assert "those that succeeded them by the ledger" in said.splitlines()[-1]
    assert main(["verify", str(later), "--trust", str(old), "--json"]) == HOLDS
    first, *_ = json.loads(capsys.readouterr().out)["keys"]
    assert first == {
        "role": "package",
        "epoch": 3,
        "key_id": third,
        "followed_from": 1,
        "active_since": "2026-01-05T01:30:00.000000Z",
        "ledger_index": 8,
    }


def test_a_key_that_nothing_leads_to_is_told_so(
    package: Path, changed: ChangedKeys, old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed.rewrite_log(package, without=range(4, 9))
    changed.sign(package)
    assert main(["verify", str(package), "--trust", str(old)]) == FAILS
    said = capsys.readouterr().out
    assert "包内也没有账本条目说明它由其中哪一把接替而来" in said
    assert changed.lines["package"][2].key_id in said


def test_the_folder_is_brought_up_to_date_once_the_package_holds(
    later: Path, package: Path, changed: ChangedKeys, old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new"
    assert main(["verify", str(later), "--renew", str(new)]) == UNUSABLE
    (package / "data/1/proxy.mp4").write_bytes(b"changed")
    assert main(["verify", str(package), "--trust", str(old), "--renew", str(new)]) == FAILS
    assert not new.exists()
    assert main(["verify", str(later), "--trust", str(old), "--renew", str(new), "--json"]) == HOLDS
    assert load_trust(new) == changed.new_trust
    assert main(["verify", str(later), "--trust", str(old), "--renew", str(new)]) == UNUSABLE
    assert "already there" in capsys.readouterr().err
    assert all(each.followed_from is None for each in verify_package(later, load_trust(new)).keys)


def test_the_same_line_of_another_purpose_is_nobodys_business(
    package: Path, changed: ChangedKeys, forge: SimpleNamespace
) -> None:
    """Keys of review opinions have entries too, and no trust folder has them."""
    changed.rewrite_log(package, {9: activation("review", 7, THIEF, None, day(4))})
    changed.sign(package)
    assert layout.entry_path(9) in forge.files_of(package)
    verify_package(package, changed.old_trust)
