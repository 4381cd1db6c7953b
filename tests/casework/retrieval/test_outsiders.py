"""Outsiders come with letter and identity: sealed once, told to nobody by the ledger, asked for before a yes."""

from __future__ import annotations

import hashlib
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from casework.errors import RoleNotAllowed, TextUnusable, WordUnknown
from casework.papers import MOST_PAPER_BYTES
from casework.requests import approve, ask, refuse
from casework.retrieval.attachments import Vault, attachments_of, file_attachment, open_attachment
from casework.retrieval.errors import AlreadyDecided, NotTheAsker, PapersMissing, PapersUnusable, VisitorUnusable
from casework.retrieval.visitors import Visitor
from retention.errors import OutsideUnit, UnknownSubject
from storage.catalog.access import AccessRequest, RequestAttachment
from storage.database import Database
from storage.keystore import create_key_store
from storage.objects.folder import FolderStore
from storage.sealed_object import AtRest, open_sealed

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LAWYER = Visitor("lawyer", "刘洋", "律师执业证 15001201910000001", "重庆某某律师事务所")
PDF = b"%PDF-1.7\n" + os.urandom(3000)
PHOTO = b"\xff\xd8\xff\xe0" + os.urandom(2000)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(FolderStore(tmp_path / "objects"), create_key_store(tmp_path / "keys"), tmp_path / "work")


@pytest.fixture
def scene(archive: Any) -> dict[str, Any]:
    return scene_in(archive)


def scene_in(archive: Any) -> dict[str, Any]:
    unit = archive.unit()
    roles = {"officer": "officer", "chief": "supervisor", "legal": "legal_reviewer", "auditor": "auditor"}
    people = {name: archive.person(unit, role) for name, role in roles.items()}
    return {"unit": unit, **people, "case": archive.case(people["officer"])}


def for_lawyer(session: Session, scene: dict[str, Any], kind: str = "view") -> AccessRequest:
    return ask(
        session, scene["officer"], case_id=scene["case"].id, kind=kind, purpose="代理行政诉讼", visitor=LAWYER, now=NOW
    )


def hand_in(session: Session, scene: dict[str, Any], vault: Vault, request: Any, kind: str, content: bytes) -> Any:
    by = scene["officer"]
    return file_attachment(session, by, vault, request.id, kind=kind, name=f"{kind}.pdf", content=content)


def test_who_comes_is_kept_and_the_ledger_only_commits_to_him(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    request = for_lawyer(session, scene)
    assert (request.who, request.approval, request.needs) == ("lawyer", "chief", ["letter", "identity"])
    assert (request.visitor_name, request.body_name) == ("刘洋", "重庆某某律师事务所")
    entry = archive.last_entry("access.requested")
    assert set(entry.data["commitments"]) == {"purpose", "visitor_name", "visitor_document", "body_name"}
    told = archive.ledger_text()
    assert not any(word in told for word in ("刘洋", "15001201910000001", "某某律师事务所"))


@pytest.mark.parametrize(
    ("visitor", "error"),
    [
        (Visitor("lawyer", "刘洋", "证"), VisitorUnusable),
        (Visitor("organ", "刘洋", "证", " "), VisitorUnusable),
        (Visitor("party", "", "证"), TextUnusable),
        (Visitor("party", "刘洋", "  "), TextUnusable),
        (Visitor("staff", "刘洋", "证"), WordUnknown),
    ],
)
def test_nobody_comes_without_name_paper_and_body(
    session: Session, archive: Any, scene: dict[str, Any], visitor: Visitor, error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(session, scene["officer"], case_id=scene["case"].id, kind="view", purpose="p", visitor=visitor, now=NOW)
    assert archive.entries("access.requested") == []


def test_a_party_has_no_body_and_still_shows_papers(session: Session, scene: dict[str, Any]) -> None:
    party = Visitor("party", "李雷", "居民身份证 500000199001010000")
    asked = {"case_id": scene["case"].id, "kind": "view", "purpose": "陈述申辩", "visitor": party, "now": NOW}
    request = ask(session, scene["officer"], **asked)
    assert (request.body_name, request.needs) == (None, ["letter", "identity"])


def test_nobody_says_yes_before_letter_and_identity_are_there(
    session: Session, archive: Any, scene: dict[str, Any], vault: Vault
) -> None:
    request = for_lawyer(session, scene)
    for kind, content, missing in (("", b"", "letter, identity"), ("letter", PDF, "identity")):
        if kind:
            hand_in(session, scene, vault, request, kind, content)
        with pytest.raises(PapersMissing, match=missing):
            approve(session, scene["chief"], request.id, expires_at=NOW + DAY, now=NOW)
        assert (request.state, archive.entries("access.granted")) == ("pending", [])
    hand_in(session, scene, vault, request, "identity", PHOTO)
    assert approve(session, scene["chief"], request.id, expires_at=NOW + DAY, now=NOW).person_id == request.person_id


def test_a_paper_is_sealed_once_and_its_digest_stands_in_the_entry(
    session: Session, archive: Any, scene: dict[str, Any], vault: Vault
) -> None:
    row = hand_in(session, scene, vault, for_lawyer(session, scene), "letter", PDF)
    entry = archive.last_entry("access.attachment_filed")
    assert entry.data["sha256"] == hashlib.sha256(PDF).hexdigest() == row.sha256.hex()
    assert "letter.pdf" not in archive.ledger_text()
    assert PDF not in (
        b"".join(path.read_bytes() for path in Path(vault.work_folder.parent).rglob("*") if path.is_file())
    )
    with open_sealed(vault.store, vault.key_store, AtRest.of(row)) as opened:
        assert b"".join(opened.pieces(0, row.size_bytes, 1 << 20)) == PDF


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 a word processor's file", "type"),
        (b"<html><script>alert(1)</script>", "type"),
        (b"MZ" + bytes(100), "type"),
        (b"%PDF-" + bytes(MOST_PAPER_BYTES), "too_large"),
    ],
)
def test_other_files_are_refused_and_nothing_is_stored(
    session: Session, archive: Any, scene: dict[str, Any], vault: Vault, content: bytes, problem: str
) -> None:
    request = for_lawyer(session, scene)
    with pytest.raises(PapersUnusable) as refused:
        hand_in(session, scene, vault, request, "letter", content)
    assert refused.value.problem == problem
    assert list(vault.store.list()) == []
    assert archive.entries("access.attachment_filed") == []


def test_ten_papers_fit_and_an_eleventh_does_not(session: Session, scene: dict[str, Any], vault: Vault) -> None:
    request = for_lawyer(session, scene)
    for number in range(10):
        hand_in(session, scene, vault, request, "letter", PDF + bytes([number]))
    with pytest.raises(PapersUnusable, match="eleventh"):
        hand_in(session, scene, vault, request, "letter", PDF)


def test_only_whoever_asked_hands_in_and_only_before_the_decision(
    session: Session, archive: Any, scene: dict[str, Any], vault: Vault
) -> None:
    request = for_lawyer(session, scene)
    with pytest.raises(NotTheAsker):
        file_attachment(session, scene["chief"], vault, request.id, kind="letter", name="x.pdf", content=PDF)
    stranger = archive.person(archive.unit(), "officer")
    with pytest.raises(OutsideUnit):
        file_attachment(session, stranger, vault, request.id, kind="letter", name="x.pdf", content=PDF)
    with pytest.raises(WordUnknown):
        hand_in(session, scene, vault, request, "passport", PDF)
    refuse(session, scene["chief"], request.id, "与本案无关")
    with pytest.raises(AlreadyDecided):
        hand_in(session, scene, vault, request, "letter", PDF)
    assert list(vault.store.list()) == []


def test_reading_a_paper_is_an_entry_and_not_everybody_may(
    session: Session, archive: Any, scene: dict[str, Any], vault: Vault
) -> None:
    row = hand_in(session, scene, vault, for_lawyer(session, scene), "letter", PDF)
    for name in ("officer", "chief", "legal", "auditor"):
        assert open_attachment(session, scene[name], row.id).id == row.id
        assert archive.last_entry("access.attachment_read").actor_id == str(scene[name].id)
    elsewhere = archive.unit()
    with pytest.raises(RoleNotAllowed):
        open_attachment(session, archive.person(scene["unit"], "officer"), row.id)
    for role in ("supervisor", "auditor"):
        with pytest.raises(OutsideUnit):
            open_attachment(session, archive.person(elsewhere, role), row.id)
    with pytest.raises(UnknownSubject):
        open_attachment(session, scene["chief"], row.request_id)


def test_what_a_crash_left_of_a_paper_goes_with_the_next(session: Session, scene: dict[str, Any], vault: Vault) -> None:
    request = for_lawyer(session, scene)
    kept = hand_in(session, scene, vault, request, "letter", PDF)
    with vault.store.create(f"attachments/{request.id}/left-behind", 3) as writer:
        writer.write(b"abc")
        writer.commit()
    second = hand_in(session, scene, vault, request, "identity", PHOTO)
    assert set(vault.store.list()) == {kept.object_name, second.object_name}


def test_a_paper_that_is_not_recorded_is_not_stored(
    session: Session, scene: dict[str, Any], vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = for_lawyer(session, scene)

    def fail(*_: Any) -> None:
        raise OSError("the ledger does not answer")

    monkeypatch.setattr("casework.retrieval.attachments.record_change", fail)
    with pytest.raises(OSError, match="ledger"):
        hand_in(session, scene, vault, request, "letter", PDF)
    assert list(vault.store.list()) == []
    assert list(vault.work_folder.iterdir()) == []


def test_two_papers_at_once_are_both_kept(database: Database, archive_in: Any, vault: Vault) -> None:
    with database.transaction() as session:
        scene = scene_in(archive_in(session))
        request = for_lawyer(session, scene)
    start, failures = threading.Barrier(4), []

    def file(number: int) -> None:
        try:
            start.wait()
            with database.transaction() as own:
                hand_in(own, scene, vault, request, "letter", PDF + bytes([number]))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=file, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.reading() as session:
        known = {row.object_name for row in attachments_of(session, request.id)}
    assert len(known) == 4
    assert set(vault.store.list()) == known


def test_raw_sql_grants_nothing_without_papers_and_adds_none_afterwards(
    database: Database, archive_in: Any, vault: Vault
) -> None:
    with database.transaction() as session:
        scene = scene_in(archive_in(session))
        request = for_lawyer(session, scene)
        hand_in(session, scene, vault, request, "letter", PDF)
    forge = text(
        "WITH decided AS (UPDATE access_request SET state = 'approved', decided_by = :by RETURNING *)"
        " INSERT INTO access_grant"
        " (id, unit_id, request_id, case_id, person_id, kind, approved_by, granted_at, expires_at)"
        " SELECT gen_random_uuid(), unit_id, id, case_id, person_id, kind, decided_by, now(),"
        " now() + interval '1 day' FROM decided"
    )
    with pytest.raises(DBAPIError, match="papers are missing"), database.transaction() as session:
        session.execute(forge, {"by": scene["chief"].id})
    with database.transaction() as session:
        refuse(session, scene["chief"], request.id, "附件不全")
    with pytest.raises(DBAPIError, match="takes no more papers"), database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO request_attachment SELECT gen_random_uuid(), unit_id, request_id, 'identity', name,"
                " media_type, size_bytes, sha256, 'attachments/other', ciphertext_size_bytes, ciphertext_sha256,"
                " kek_id, wrapped_data_key, filed_by, filed_at FROM request_attachment"
            )
        )
    for forbidden in ("UPDATE request_attachment SET name = 'x'", "DELETE FROM request_attachment"):
        with pytest.raises(DBAPIError), database.transaction() as session:
            session.execute(text(forbidden))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RequestAttachment)) == 1
