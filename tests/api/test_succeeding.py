"""A signing key gives way to another: what was signed holds, what is signed next holds too, and no line loses a key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import api.keyring
import api.succeeding
import api.verification.audit
import integrity.package.key_line
from api.engines.preparing import announce_public_keys
from api.errors import KeysUnusable
from api.export import export_case
from api.handover_errors import TrustContradiction
from api.keyring import Keyring, announce_keys, announcement
from api.review_keys import review_keys, review_signer
from api.succeeding import SUCCEEDED, Succeeded, bring_to_end, is_broken_off, signer_in_force, succeed_key
from api.trust_folder import announced_keys, build_trust
from api.verification import verify_archive
from api.wal.keys_mirror import KeysMirror
from integrity.dsse import Envelope, decode_base64
from integrity.epoch_keys import EpochKey, public_keys
from integrity.errors import EvidenceContradiction, EvidenceError, KeyFileUnreadable
from integrity.keys import SigningKey
from integrity.ledger_entry import parse_entry
from integrity.manifest import open_manifest
from integrity.package.verify import verify_package
from integrity.receipt import open_receipt
from integrity.succession import Succession, open_line, sign_succession
from integrity.trust import load_trust, write_trust
from storage.catalog.ledger import LedgerEntryRow, SigningKeyEpoch
from storage.catalog.recordings import Receipt, Recording
from storage.database import Database
from storage.ledger.append import Actor, Change, record_change
from storage.roots.given_secret import GivenSecret
from tests.sampling import stride
from tests.storage.killing import run_killed_at

OF_SUCCEEDING = ("/api/succeeding.py", "/storage/key_files.py")
"""What it reads of the folder grows with every key there has been; it changes nothing."""

NO_SECRET = GivenSecret("LIUHEN_BACKUP_PASSPHRASE")


def succeed(sealing: Any, purpose: str = "manifest") -> Succeeded:
    return succeed_key(sealing.archive.database, sealing.archive.keyring, purpose)


def files_of(keyring: Keyring) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(keyring.signing_folder.iterdir())}


def require_whole(sealing: Any, *purposes: str) -> None:
    """Someone may have stopped at any moment: what signs now is announced, for whoever begins just then too."""
    for purpose in purposes or SUCCEEDED:
        keys, signer = announced_keys(sealing.archive, purpose), sealing.archive.keyring.signer(purpose)
        assert (signer.epoch, signer.key.public) in [(each.epoch, each.key) for each in keys]


def receipts(sealing: Any) -> Iterator[bytes]:
    with sealing.archive.database.reading() as session:
        yield from session.scalars(select(Receipt.envelope).order_by(Receipt.issued_at))


def receipt_of(sealing: Any, recording: Any) -> str:
    with sealing.archive.database.reading() as session:
        of_recording = select(Receipt.upload_id).where(Receipt.recording_id == recording.id)
        return str(session.scalars(of_recording).one())


def copy_out(sealing: Any, target: Path) -> Any:
    grant = sealing.grant()
    export_case(sealing.archive, sealing.people["supervisor"], sealing.case.id, grant.id, target)
    return target


def test_what_was_signed_before_and_after_holds(sealing: Any, tmp_path: Path) -> None:
    former = {purpose: sealing.archive.keyring.signing_key(purpose) for purpose in SUCCEEDED}
    sealing.link(sealing.seal(b"sealed before"))
    earlier, pinned = copy_out(sealing, tmp_path / "earlier"), tmp_path / "pinned"
    write_trust(pinned, build_trust(sealing.archive))
    for purpose in SUCCEEDED:
        done = succeed(sealing, purpose)
        assert (done.begun, done.epoch, done.former_id) == (True, 2, former[purpose].key_id)
    sealing.link(sealing.seal(b"sealed after"))
    later = copy_out(sealing, tmp_path / "later")
    require_whole(sealing)

    trust = build_trust(sealing.archive)
    with sealing.archive.database.reading() as session:
        manifests = [each.manifest for each in session.scalars(select(Recording).order_by(Recording.sealed_at))]
    assert [open_manifest(each, public_keys(trust.manifest_keys)).key_epoch for each in manifests] == [1, 2]
    signed_by = [Envelope.parse(each).signatures[0].key_id for each in receipts(sealing)]
    assert signed_by == [each.key.key_id for each in trust.receipt_keys]
    for each in receipts(sealing):
        open_receipt(each, public_keys(trust.receipt_keys), trust.ledger_vkey)
    sealing.settle()
    assert verify_archive(sealing.archive).holds

    # The trust folder of that day goes with the packages of that day, and by the ledger with those of later.
    assert all(each.followed_from is None for each in verify_package(earlier, load_trust(pinned)).keys)
    verdict = verify_package(later, load_trust(pinned))
    assert verdict.renewed == trust
    used = [(each.role, each.epoch, each.followed_from, each.activation.at) for each in verdict.keys if each.activation]
    assert used == [
        (role, epoch, 1 if epoch == 2 else None, activated_at(sealing, role, epoch))
        for role, epoch in (("package", 2), ("manifest", 1), ("manifest", 2))
    ]
    for package in (earlier, later):
        verify_package(package, trust)
        verify_package(package, None)


def activated_at(sealing: Any, purpose: str, epoch: int) -> datetime:
    with sealing.archive.database.reading() as session:
        row = session.get_one(SigningKeyEpoch, (purpose, epoch))
        return parse_entry(session.get_one(LedgerEntryRow, row.entry_id).entry).occurred_at


def test_an_export_brings_a_change_to_its_end_before_it_signs(
    sealing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the former key would sign packages that say themselves that it was succeeded before."""
    sealing.link(sealing.seal(b"sealed before"))
    old = build_trust(sealing.archive)
    broken_off(sealing, monkeypatch, "key_files.supersede_private", "package")
    monkeypatch.setattr(integrity.package.key_line, "LATE", timedelta(0))
    package = copy_out(sealing, tmp_path / "package")
    assert (verify_package(package, old).keys[0].epoch, sealing.archive.keyring.signer("package").epoch) == (2, 2)


def test_a_second_key_of_an_epoch_that_a_thief_enters_is_found_and_no_export_brings_it(
    sealing: Any, tmp_path: Path
) -> None:
    """He has a copy of the key of before, and writes entries as the application does."""
    keyring, thief = sealing.archive.keyring, SigningKey.generate()
    stolen = keyring.signing_key("package")
    sealing.link(sealing.seal(b"sealed before"))
    old = build_trust(sealing.archive)
    succeed(sealing, "package")
    forged = sign_succession(keyring.origin, "package", 2, stolen, thief).to_bytes()
    data = announcement("package", EpochKey(2, thief.public), forged)
    with sealing.archive.database.transaction() as session:
        record_change(session, Actor.system("keys"), Change("key.activated", "key", thief.key_id, None, data))
    sealing.settle()
    found = [(each.code, each.subject) for each in verify_archive(sealing.archive).findings]
    assert found == [("logged_row_missing", f"signing_key_epoch {thief.key_id}")]
    signed_by, *_ = verify_package(copy_out(sealing, tmp_path / "package"), old).keys
    assert signed_by.key_id == keyring.public_key("package").key_id


def test_the_entry_can_be_checked_by_whoever_has_the_one_before_it(sealing: Any) -> None:
    succeed(sealing, "receipt")
    with sealing.archive.database.reading() as session:
        rows = select(SigningKeyEpoch.epoch, LedgerEntryRow.entry).join_from(SigningKeyEpoch, LedgerEntryRow)
        chosen = rows.where(SigningKeyEpoch.purpose == "receipt").order_by(SigningKeyEpoch.epoch)
        first, second = (parse_entry(row.entry).data for row in session.execute(chosen))
    (kept,) = sealing.archive.keyring.successions("receipt")
    envelope = Envelope.parse(kept)
    keys = open_line([kept], None, "receipt")
    said = Succession(
        origin=sealing.archive.keyring.origin,
        purpose="receipt",
        epoch=second["epoch"],
        former=keys[0].key,
        following=keys[1].key,
    )
    assert (first["public_key"], second["public_key"]) == tuple(each.key.raw.hex() for each in keys)
    assert second["former"] == keys[0].key.key_id
    assert said.to_bytes() == envelope.payload
    for key, name in zip(public_keys(keys), ("signed_by_former", "signed_by_this"), strict=True):
        key.verify(decode_base64(second[name], name), envelope.pae(), name)


def test_what_a_former_key_signs_long_after_is_found(sealing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thief who had copied it before, and writes rows and entries besides."""
    keyring = sealing.archive.keyring
    stolen = {purpose: keyring.signer(purpose) for purpose in ("manifest", "receipt")}
    sealing.seal(b"sealed before")
    for purpose in stolen:
        succeed(sealing, purpose)
    forging = replace(
        sealing.custody,
        manifest_signer=lambda: stolen["manifest"],
        receipt_key=lambda: stolen["receipt"].key,
    )
    monkeypatch.setattr(sealing, "custody", forging)
    forged = sealing.seal(b"sealed by a key that is gone")
    sealing.settle()
    assert verify_archive(sealing.archive).holds, "within moments, whoever had read it before may have signed it"
    monkeypatch.setattr(api.verification.audit, "LATE", timedelta(0))
    found = [(each.code, each.subject) for each in verify_archive(sealing.archive).findings]
    upload_id = receipt_of(sealing, forged)
    assert found == [("manifest_invalid", f"recording {forged.id}"), ("receipt_invalid", f"receipt {upload_id}")]


def test_opinions_signed_by_a_former_key_are_believed_and_by_no_other(sealing: Any) -> None:
    keyring = sealing.archive.keyring
    before = review_signer(keyring)
    succeed(sealing, "review")
    after = review_signer(keyring)
    assert [(each.epoch, each.key) for each in review_keys(keyring)] == [
        (before.epoch, before.key.public),
        (after.epoch, after.key.public),
    ]
    # Rows are the application's to write: they put no key before the one of the folder, nor after it.
    forged = SigningKey.generate()
    with sealing.archive.database.transaction() as session:
        row = session.get_one(SigningKeyEpoch, ("review", 2))
        session.add(
            SigningKeyEpoch(
                purpose="review", epoch=3, key_id=forged.key_id, public_key=forged.public.raw, entry_id=row.entry_id
            )
        )
    assert len(review_keys(keyring)) == 2
    with pytest.raises(TrustContradiction):
        announced_keys(sealing.archive, "review")
    assert [each.subject for each in verify_archive(sealing.archive, 0).findings] == ["review key of epoch 3"] * 2


def test_nothing_of_the_former_private_key_stays(sealing: Any) -> None:
    keyring = sealing.archive.keyring
    former = keyring.signing_key("package").private_pem()
    succeed(sealing, "package")
    assert sorted(files_of(keyring)) == sorted([*(f"{each}.key" for each in (*SUCCEEDED, "ledger")), "package-2.json"])
    assert former not in files_of(keyring).values()
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in keyring.signing_folder.iterdir())


def test_a_kill_at_any_line_loses_no_key(sealing: Any, addresses: Any) -> None:
    """Each time the archive goes on as it is, and the change that broke off is brought to its end: by a repeat, by the
    next start or by whoever signs. Purposes take turns: of each there are few keys, and a change is as long as ever."""
    keyring, line, ended = sealing.archive.keyring, 0, False
    turns = cycle(SUCCEEDED)
    endings = cycle(
        (
            lambda purpose: succeed(sealing, purpose),
            lambda purpose: bring_to_end(sealing.archive.database, keyring, purpose),
            lambda purpose: signer_in_force(sealing.archive.database, keyring, purpose),
        )
    )
    while not ended:
        purpose, line = next(turns), line + stride(7)
        epoch = keyring.signer(purpose).epoch

        def change(purpose: str = purpose) -> None:
            # A connection is no good to two processes.
            database = Database(addresses.worker, pool_size=1)
            succeed_key(database, keyring, purpose)

        ended = run_killed_at(line, change, *OF_SUCCEEDING)
        require_whole(sealing, purpose)
        begun = is_broken_off(keyring, purpose)
        next(endings)(purpose)
        assert not is_broken_off(keyring, purpose)
        if begun:
            assert keyring.signer(purpose).epoch == epoch + 1
        require_whole(sealing, purpose)
        # What a kill left of a private half goes with the next change, or the next start.
        assert len([name for name in files_of(keyring) if name.startswith(".")]) <= 1
    bring_to_end(sealing.archive.database, keyring, *SUCCEEDED)
    assert [name for name in files_of(keyring) if name.startswith(".")] == []
    sealing.settle()
    assert verify_archive(sealing.archive, 0).holds
    assert line > 60


def test_rows_of_before_a_change_are_brought_up_to_the_key_folder(
    sealing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a database is brought back to an instant before it."""
    with monkeypatch.context() as earlier:
        earlier.setattr(api.succeeding, "announce_up_to", lambda *_: None)
        succeed(sealing)
        succeed(sealing)
    with pytest.raises(TrustContradiction):
        announced_keys(sealing.archive, "manifest")
    # As a restore looks at it, before the first start: the keys of later are no contradiction there, and one is here.
    assert verify_archive(sealing.archive, 0, stands=True).holds
    assert [each.code for each in verify_archive(sealing.archive, 0).findings] == ["key_differs"]
    announce_keys(sealing.archive.database, sealing.archive.keyring)
    assert [each.epoch for each in announced_keys(sealing.archive, "manifest")] == [1, 2, 3]
    sealing.settle()
    assert verify_archive(sealing.archive, 0).holds


def test_a_key_folder_older_than_the_ledger_signs_nothing_and_loses_nothing(sealing: Any) -> None:
    """Brought back from an older backup, or a copy on another host: the key that is missing is somewhere."""
    keyring = sealing.archive.keyring
    older = files_of(keyring)
    succeed(sealing)
    newer = files_of(keyring)
    keyring.succession_path("manifest", 2).unlink()
    keyring.key_path("manifest").write_bytes(older["manifest.key"])
    for attempt in (succeed, lambda each: signer_in_force(each.archive.database, keyring, "manifest")):
        with pytest.raises(KeysUnusable, match="announced"):
            attempt(sealing)
        assert files_of(keyring) == older
    for name, content in newer.items():
        (keyring.signing_folder / name).write_bytes(content)
    assert signer_in_force(sealing.archive.database, keyring, "manifest").epoch == 2


def test_custody_brings_to_its_end_what_broke_off_before_it_signs(
    sealing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the former key would go on signing, beyond the hour that it has after the entry."""
    for purpose in ("manifest", "receipt"):
        broken_off(sealing, monkeypatch, "key_files.supersede_private", purpose)
        assert sealing.archive.keyring.signer(purpose).epoch == 1
    monkeypatch.setattr(api.verification.audit, "LATE", timedelta(0))
    sealing.seal(b"sealed after a command was killed")
    assert [sealing.archive.keyring.signer(each).epoch for each in ("manifest", "receipt")] == [2, 2]
    sealing.settle()
    assert verify_archive(sealing.archive).holds


def test_a_start_brings_to_its_end_what_broke_off(
    sealing: Any, addresses: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = sealing.archive.keyring
    broken_off(sealing, monkeypatch, "announce_up_to", "package")
    broken_off(sealing, monkeypatch, "key_files.supersede_private", "review")
    left = keyring.signing_folder / ".destroyed-receipt.key"
    left.write_bytes(keyring.key_path("receipt").read_bytes())
    announce_public_keys(sealing.settings, addresses)
    assert [keyring.signer(each).epoch for each in ("package", "review", "receipt")] == [2, 2, 1]
    assert not left.exists()
    require_whole(sealing)


def test_who_reads_a_key_while_another_takes_its_place_gets_one_of_both(
    sealing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was opened may be overwritten by the time it is read."""
    keyring, load = sealing.archive.keyring, api.keyring.load_signing_key

    def overtaken(path: Path) -> SigningKey:
        monkeypatch.setattr(api.keyring, "load_signing_key", load)
        succeed(sealing)
        raise KeyFileUnreadable(str(path), "random bytes")

    monkeypatch.setattr(api.keyring, "load_signing_key", overtaken)
    assert keyring.signer("manifest").epoch == 2
    keyring.key_path("manifest").write_bytes(b"nonsense")
    with pytest.raises(KeyFileUnreadable):
        keyring.signing_key("manifest")


def test_beside_the_shipped_log_no_key_waits_to_follow_that_has_its_place(
    sealing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There it would be a former private half after the next change. While one broke off it stays, whatever is here."""
    keyring = sealing.archive.keyring
    mirror = KeysMirror(tmp_path / "keys", sealing.settings, NO_SECRET, lambda _: set(), lambda _: None)
    beside = tmp_path / "keys" / "keys" / "signing"
    broken_off(sealing, monkeypatch, "key_files.supersede_private", "receipt")
    mirror.bring_up()
    following = keyring.next_path("receipt").read_bytes()
    keyring.next_path("receipt").unlink()
    mirror.bring_up()
    assert (beside / "receipt.next").read_bytes() == following
    keyring.next_path("receipt").write_bytes(following)
    keyring.next_path("receipt").chmod(0o600)
    succeed(sealing, "receipt")
    mirror.bring_up()
    assert {path.name: path.read_bytes() for path in beside.iterdir()} == files_of(keyring)


def broken_off(sealing: Any, monkeypatch: pytest.MonkeyPatch, name: str, purpose: str = "manifest") -> None:
    """A change that came as far as to `name`, of what succeeding is made of."""

    def refuse(*_: object) -> None:
        raise RuntimeError(name)

    with monkeypatch.context() as broken:
        where, _, attribute = name.rpartition(".")
        broken.setattr(getattr(api.succeeding, where) if where else api.succeeding, attribute, refuse)
        with pytest.raises(RuntimeError, match=name):
            succeed(sealing, purpose)


def test_a_succession_whose_key_is_lost_is_forgotten_unless_it_was_announced(
    sealing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = sealing.archive.keyring
    broken_off(sealing, monkeypatch, "announce_up_to")
    lost = keyring.next_path("manifest").read_bytes()
    keyring.next_path("manifest").unlink()
    done = succeed(sealing)
    assert (done.begun, done.epoch) == (True, 2)
    assert lost not in files_of(keyring).values()

    broken_off(sealing, monkeypatch, "key_files.supersede_private")
    announced = keyring.next_path("manifest").read_bytes()
    keyring.next_path("manifest").unlink()
    with pytest.raises(KeysUnusable, match="from a newer backup"):
        succeed(sealing)
    require_whole(sealing)
    keyring.next_path("manifest").write_bytes(announced)
    keyring.next_path("manifest").chmod(0o600)
    done = succeed(sealing)
    assert (done.begun, done.epoch) == (False, 3)
    assert keyring.signing_key("manifest").private_pem() == announced


def test_a_key_to_come_that_is_in_its_place_already_is_no_key_to_come(sealing: Any) -> None:
    """A copy of the folder that forgets nothing has both."""
    keyring = sealing.archive.keyring
    earlier = keyring.key_path("manifest").read_bytes()
    succeed(sealing)
    present = keyring.key_path("manifest").read_bytes()
    for epoch, stale in ((3, present), (4, earlier)):
        keyring.next_path("manifest").write_bytes(stale)
        keyring.next_path("manifest").chmod(0o600)
        require_whole(sealing)
        done = succeed(sealing)
        assert (done.begun, done.epoch) == (True, epoch)
        assert stale not in files_of(keyring).values()
        require_whole(sealing)


def test_a_succession_that_does_not_lead_to_the_key_is_refused_and_found(sealing: Any) -> None:
    keyring = sealing.archive.keyring
    thief = [SigningKey.generate(), SigningKey.generate()]
    keyring.succession_path("review", 2).write_bytes(sign_succession(keyring.origin, "review", 2, *thief).to_bytes())
    with pytest.raises(EvidenceContradiction):
        review_keys(keyring)
    assert "review key" in [each.subject for each in verify_archive(sealing.archive, 0).findings]
    keyring.succession_path("review", 2).write_bytes(b"nonsense")
    with pytest.raises(EvidenceError):
        keyring.signer("review")
