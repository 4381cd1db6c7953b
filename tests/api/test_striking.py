"""A row that somebody put among the announced keys stops who signs, and is struck out; a true one never is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select, text

from api.engines.roles import DatabaseAddresses
from api.errors import KeysUnusable
from api.handover_errors import TrustContradiction
from api.keyring import announcement
from api.striking import strike_epochs
from api.succeeding import signer_in_force, succeed_key
from api.trust_folder import announced_keys
from api.verification import verify_archive
from integrity.epoch_keys import EpochKey
from integrity.keys import SigningKey
from integrity.ledger_entry import parse_entry
from integrity.succession import sign_succession
from storage.catalog.ledger import LedgerEntryRow, SigningKeyEpoch
from storage.database import Database
from storage.ledger.append import Actor, Change, record_change

THIEF = SigningKey.generate()


@pytest.fixture
def owner(addresses: DatabaseAddresses) -> Iterator[Database]:
    database = Database(addresses.owner, pool_size=1)
    yield database
    database.close()


def forge(sealing: Any, purpose: str = "manifest", epoch: int = 2, by: SigningKey | None = None) -> None:
    """As whoever has the application's password, and an entry to it; `by`: who vouches for the thief's key."""
    keyring = sealing.archive.keyring
    succession = sign_succession(keyring.origin, purpose, epoch, by or SigningKey.generate(), THIEF)
    data = announcement(purpose, EpochKey(epoch, THIEF.public), succession.to_bytes())
    with sealing.archive.database.transaction() as session:
        change = Change("key.activated", "key", THIEF.key_id, None, data)
        entry = record_change(session, Actor.system("keys"), change)
        session.flush()
        session.add(
            SigningKeyEpoch(
                purpose=purpose, epoch=epoch, key_id=THIEF.key_id, public_key=THIEF.public.raw, entry_id=entry.id
            )
        )


def rows(sealing: Any, purpose: str = "manifest") -> list[tuple[int, str]]:
    with sealing.archive.database.reading() as session:
        statement = select(SigningKeyEpoch.epoch, SigningKeyEpoch.key_id).where(SigningKeyEpoch.purpose == purpose)
        return [(row.epoch, row.key_id) for row in session.execute(statement.order_by(SigningKeyEpoch.epoch))]


def codes(sealing: Any) -> list[str]:
    sealing.settle()
    return [each.code for each in verify_archive(sealing.archive, 0).findings]


def test_a_forged_epoch_stops_who_signs_until_it_is_struck_out(sealing: Any, owner: Database) -> None:
    database, keyring = sealing.archive.database, sealing.archive.keyring
    genuine = rows(sealing)
    forge(sealing)
    attempts: tuple[tuple[type[Exception], Callable[[], object]], ...] = (
        (KeysUnusable, lambda: signer_in_force(database, keyring, "manifest")),
        (KeysUnusable, lambda: succeed_key(database, keyring, "manifest")),
        (TrustContradiction, lambda: announced_keys(sealing.archive, "manifest")),
    )
    for kind, attempt in attempts:
        with pytest.raises(kind, match="liuhen keys strike manifest"):
            attempt()
    assert codes(sealing) == ["key_differs"] * 2

    (struck,) = strike_epochs(owner, keyring, "manifest")
    assert (struck.epoch, struck.key_id, struck.signed) == (2, THIEF.key_id, False)
    assert rows(sealing) == genuine
    assert signer_in_force(database, keyring, "manifest").epoch == 1
    assert codes(sealing) == []
    # The place is free for the key that is to have it.
    assert succeed_key(database, keyring, "manifest").epoch == 2
    assert strike_epochs(owner, keyring, "manifest") == ()


def test_it_is_struck_out_under_an_entry_and_nobody_else_may_remove_a_row(sealing: Any, owner: Database) -> None:
    forge(sealing, epoch=7)
    (struck,) = strike_epochs(owner, sealing.archive.keyring, "manifest")
    with sealing.archive.database.reading() as session:
        entries = select(LedgerEntryRow.entry).where(LedgerEntryRow.action == "key.struck")
        (said,) = map(parse_entry, session.scalars(entries))
    assert (said.subject_id, said.data["purpose"], said.data["epoch"]) == (str(struck.entry_id), "manifest", 7)
    for database in (owner, sealing.archive.database):
        with pytest.raises(Exception, match=r"refused|permission denied"), database.transaction() as session:
            session.execute(text("DELETE FROM signing_key_epoch"))


def test_what_a_former_key_signed_stays_unless_somebody_answers_for_the_key_folder(
    sealing: Any, owner: Database
) -> None:
    keyring = sealing.archive.keyring
    forge(sealing, by=keyring.signing_key("manifest"))
    before = rows(sealing)
    with pytest.raises(KeysUnusable, match="--stolen"):
        strike_epochs(owner, keyring, "manifest")
    assert rows(sealing) == before
    (struck,) = strike_epochs(owner, keyring, "manifest", stolen=True)
    assert struck.signed
    assert succeed_key(sealing.archive.database, keyring, "manifest").epoch == 2
    assert codes(sealing) == []


def test_with_a_key_folder_older_than_the_ledger_no_true_epoch_is_struck_out(sealing: Any, owner: Database) -> None:
    """Two changes ago; and something forged beside them changes nothing of that."""
    keyring = sealing.archive.keyring
    older = {path.name: path.read_bytes() for path in keyring.signing_folder.iterdir()}
    for _ in range(2):
        succeed_key(sealing.archive.database, keyring, "manifest")
    newer = {path.name: path.read_bytes() for path in keyring.signing_folder.iterdir()}
    forge(sealing, epoch=4)
    before = rows(sealing)
    for path in keyring.signing_folder.iterdir():
        path.unlink()
    for name, content in older.items():
        put(keyring.signing_folder / name, content)
    with pytest.raises(KeysUnusable, match="epoch 2, 3 of manifest"):
        strike_epochs(owner, keyring, "manifest")
    assert rows(sealing) == before
    for name, content in newer.items():
        put(keyring.signing_folder / name, content)
    assert [each.epoch for each in strike_epochs(owner, keyring, "manifest")] == [4]
    assert codes(sealing) == []


def put(path: Any, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def test_the_first_key_of_another_archive_is_not_a_forged_one(sealing: Any, owner: Database) -> None:
    keyring = sealing.archive.keyring
    put(keyring.key_path("manifest"), THIEF.private_pem())
    with pytest.raises(KeysUnusable, match="not of one archive"):
        strike_epochs(owner, keyring, "manifest")
    assert len(rows(sealing)) == 1


def test_an_entry_that_says_so_hides_no_true_key_that_is_gone(sealing: Any, owner: Database) -> None:
    """The application writes entries too; and the database's owner removes what he likes."""
    keyring = sealing.archive.keyring
    succeed_key(sealing.archive.database, keyring, "manifest")
    with owner.transaction() as session:
        row = session.get_one(SigningKeyEpoch, ("manifest", 2))
        data = {"purpose": "manifest", "epoch": 2, "key_sha256": "0" * 64}
        record_change(session, Actor.system("keys"), Change("key.struck", "key", str(row.entry_id), None, data))
        for statement in (
            "ALTER TABLE signing_key_epoch DISABLE TRIGGER append_only",
            "DELETE FROM signing_key_epoch WHERE purpose = 'manifest' AND epoch = 2",
            "ALTER TABLE signing_key_epoch ENABLE TRIGGER append_only",
        ):
            session.execute(text(statement))
    assert codes(sealing) == ["key_differs", "logged_row_missing"]


def test_the_command_says_what_was_forged_and_what_to_do(
    sealing: Any, commands: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands("keys", "strike", "manifest") == 0
    assert "未作任何更改" in capsys.readouterr().out
    forge(sealing, "ledger", by=sealing.archive.keyring.signing_key("ledger"))
    assert commands("keys", "strike", "ledger") == 2
    assert "--stolen" in capsys.readouterr().err
    assert commands("keys", "strike", "ledger", "--stolen", "--json") == 0
    (struck,) = json.loads(capsys.readouterr().out)["struck"]
    assert (struck["epoch"], struck["key_id"], struck["signed"]) == (2, THIEF.key_id, True)
    forge(sealing, "receipt")
    assert commands("keys", "strike", "receipt") == 0
    said = capsys.readouterr().out
    assert "已作废第 2 期 / epoch 2 is struck out: 回执 / receipts" in said
    assert "更换口令" in said
    assert commands("keys", "strike", "tax") == 2
    assert codes(sealing) == []
