"""The unit's seal on a document: any PDF reader and openssl say that it holds, and one flipped byte is found."""

from __future__ import annotations

import hashlib
import re
import subprocess
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from sqlalchemy import text

from api.engines.roles import DatabaseAddresses
from casework.documents import gate
from casework.documents.drafts import withdraw_document
from casework.documents.errors import (
    DocumentNotFinal,
    DocumentSealed,
    DocumentWithdrawn,
    SealMissing,
    SealUnusable,
)
from casework.documents.finalising import finalise_document
from casework.documents.pdf_signature import sign_pdf
from casework.documents.sealing import prepare_sealing, record_sealing
from casework.documents.seals import end_seal, find_seal, load_seal, make_seal
from casework.errors import RoleNotAllowed
from casework.stages import enter_stage
from integrity.authority import Authority, create_authority
from integrity.digest import Digest
from integrity.errors import EvidenceError, KeyNotPinned
from integrity.pdf_seal import open_seal, split_signature
from integrity.timestamp import TimestampTrust
from storage.catalog.documents import SealedDocument, UnitSeal
from storage.key_errors import KeyExposed
from storage.seal_keys import SealKeys
from tests.casework.documents.conftest import DECISION, NOTICE, OPERATOR, Office, now
from tests.casework.sample_archive import REVIEW_KEYS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return create_authority(tmp_path_factory.mktemp("tsa") / "tsa")


def seal(
    office: Office, keys: SealKeys, document_id: uuid.UUID, stamp: Any = None, trust: Any = None
) -> SealedDocument:
    prepared = prepare_sealing(office.session, office.officer, document_id, now(), REVIEW_KEYS)
    pdf = sign_pdf(prepared, keys.load(prepared.seal_id), stamp)
    return record_sealing(office.session, office.officer, prepared, pdf, now(), trust, REVIEW_KEYS)


def sealed_notice(office: Office, keys: SealKeys, **more: Any) -> SealedDocument:
    office.seal_with(keys)
    return seal(office, keys, office.finish("correction_notice", NOTICE).document_id, **more)


def pdfsig(pdf: bytes, folder: Path) -> str:
    (folder / "document.pdf").write_bytes(pdf)
    said = subprocess.run(["pdfsig", "-nocert", "document.pdf"], cwd=folder, capture_output=True, text=True)
    return said.stdout + said.stderr


def test_pdfsig_says_that_the_seal_holds_over_the_whole_document(
    office: Office, seal_keys: SealKeys, tmp_path: Path, authority: Authority
) -> None:
    trust = TimestampTrust((authority.root,), (authority.fingerprint,), authority.policy)
    sealed = sealed_notice(office, seal_keys, stamp=authority.answer, trust=trust)
    said = pdfsig(sealed.pdf, tmp_path)
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    assert "江北区城市管理局" in said
    assert sealed.stamped_at is not None
    entry = office.archive.last_entry("document.sealed")
    assert entry.data["pdf_sha256"] == hashlib.sha256(sealed.pdf).hexdigest()
    assert entry.data["seal_id"] == str(sealed.seal_id)


def test_one_flipped_byte_is_found_wherever_it_is(office: Office, seal_keys: SealKeys, tmp_path: Path) -> None:
    pdf = sealed_notice(office, seal_keys).pdf
    covered, _ = split_signature(pdf, "x")
    found = re.search(rb"/ByteRange *\[0 (\d+)", pdf)
    assert found is not None
    gap = int(found[1])
    places = [*range(20, len(pdf), len(pdf) // 40), gap + 200, len(pdf) - 9]
    for place in places:
        changed = bytearray(pdf)
        changed[place] ^= 1
        with pytest.raises(EvidenceError):
            open_seal(bytes(changed), None, "document")
    for place in (200, len(pdf) // 3):
        changed = bytearray(pdf)
        changed[place] ^= 1
        assert "Signature is Valid" not in pdfsig(bytes(changed), tmp_path)
    for longer in (pdf + b"\n% something behind it\n", b"%" + pdf):
        with pytest.raises(EvidenceError):
            open_seal(longer, None, "document")
    assert len(covered) < len(pdf)


def test_openssl_says_the_same(office: Office, seal_keys: SealKeys, tmp_path: Path) -> None:
    pdf = sealed_notice(office, seal_keys).pdf
    covered, signature = split_signature(pdf, "x")
    (tmp_path / "covered").write_bytes(covered)
    (tmp_path / "signature").write_bytes(signature)
    root = seal_keys.folder / "root.pem"
    line = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", "covered"]
    more = ["-CAfile", str(root), "-purpose", "any", "-out", "/dev/null"]
    assert subprocess.run([*line, *more], cwd=tmp_path, capture_output=True).returncode == 0
    (tmp_path / "covered").write_bytes(covered[:-1] + b"x")
    assert subprocess.run([*line, *more], cwd=tmp_path, capture_output=True).returncode != 0


def test_only_a_pinned_seal_counts(office: Office, seal_keys: SealKeys) -> None:
    sealed = sealed_notice(office, seal_keys)
    row = office.session.get_one(UnitSeal, sealed.seal_id)
    own = Digest("sha256", row.certificate_sha256)
    assert open_seal(sealed.pdf, frozenset({own}), "x").fingerprint == own
    with pytest.raises(KeyNotPinned):
        open_seal(sealed.pdf, frozenset({Digest("sha256", bytes(32))}), "x")


def test_what_is_sealed_is_final_stands_and_is_sealed_once(office: Office, seal_keys: SealKeys) -> None:
    draft = office.begin("correction_notice", NOTICE)
    with pytest.raises(DocumentNotFinal):
        seal(office, seal_keys, draft.document.id)
    final = finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS)
    with pytest.raises(SealMissing):
        seal(office, seal_keys, final.document_id)
    office.seal_with(seal_keys)
    with pytest.raises(RoleNotAllowed):
        prepare_sealing(office.session, office.reviewer, final.document_id, now(), REVIEW_KEYS)
    seal(office, seal_keys, final.document_id)
    with pytest.raises(DocumentSealed):
        seal(office, seal_keys, final.document_id)
    other = office.finish("correction_notice", NOTICE)
    withdraw_document(office.session, office.supervisor, other.document_id, "有误")
    with pytest.raises(DocumentWithdrawn):
        seal(office, seal_keys, other.document_id)


def test_a_brigade_seals_with_its_bureaus_seal_until_it_is_ended_or_has_run_out(
    office: Office, seal_keys: SealKeys
) -> None:
    made = office.seal_with(seal_keys)
    assert find_seal(office.session, office.unit.id) == made
    final = office.finish("correction_notice", NOTICE)
    with pytest.raises(SealMissing):
        prepare_sealing(office.session, office.officer, final.document_id, now() + timedelta(days=6 * 365), REVIEW_KEYS)
    own = make_seal(office.session, OPERATOR, seal_keys, office.unit.id, "观音桥大队", now())
    assert find_seal(office.session, office.unit.id) == own
    end_seal(office.session, OPERATOR, own.id, "改用局章")
    assert find_seal(office.session, office.unit.id) == made
    replaced = office.seal_with(seal_keys)
    assert (made.ended_at is not None, replaced.ended_at) == (True, None)
    with pytest.raises(RoleNotAllowed):
        make_seal(
            office.session, office.archive.person(office.unit, "administrator"), seal_keys, office.unit.id, "章", now()
        )


def test_the_key_is_its_owners_alone_and_never_in_the_database(office: Office, seal_keys: SealKeys) -> None:
    made = office.seal_with(seal_keys)
    path = seal_keys.folder / f"{made.id}.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert seal_keys.folder.stat().st_mode & 0o777 == 0o700
    columns = office.session.execute(
        text("SELECT column_name FROM information_schema.columns WHERE table_name = 'unit_seal'")
    ).scalars()
    assert not {name for name in columns if "key" in name}
    path.chmod(0o644)
    with pytest.raises(KeyExposed):
        seal_keys.load(made.id)


def test_a_licensed_seal_comes_from_its_file(office: Office, seal_keys: SealKeys, tmp_path: Path) -> None:
    other = SealKeys(tmp_path / "elsewhere" / "seals")
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    root, root_key = other.root(now())
    from integrity.seal_certificates import make_seal_certificate, new_seal_key

    key = new_seal_key()
    certificate = make_seal_certificate(key.public_key(), "江北区城市管理局（认证）", root, root_key, now())
    file = serialize_key_and_certificates(b"seal", key, certificate, [root], BestAvailableEncryption(b"secret"))
    with pytest.raises(SealUnusable, match="password"):
        load_seal(office.session, OPERATOR, seal_keys, office.bureau.id, file, "wrong", now())
    with pytest.raises(SealUnusable, match="not today"):
        load_seal(office.session, OPERATOR, seal_keys, office.bureau.id, file, "secret", now() + timedelta(days=3650))
    loaded = load_seal(office.session, OPERATOR, seal_keys, office.bureau.id, file, "secret", now())
    assert loaded.name == "江北区城市管理局（认证）"
    assert x509.load_pem_x509_certificates(loaded.chain.encode()) == [root]
    sealed = seal(office, seal_keys, office.finish("correction_notice", NOTICE).document_id)
    assert "江北区城市管理局（认证）" in pdfsig(sealed.pdf, tmp_path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is asked of the gate, in order."""
    seen: list[tuple[str, str]] = []

    def ask(_: Any, document: Any, step: str, __: Any) -> None:
        if document.issues_decision:
            seen.append((document.kind, step))

    for module in ("finalising", "sealing"):
        monkeypatch.setattr(f"casework.documents.{module}.ask_gate", ask)
    return seen


def test_what_issues_a_decision_asks_the_gate_at_every_step(
    office: Office, seal_keys: SealKeys, asked: list[tuple[str, str]]
) -> None:
    office.seal_with(seal_keys)
    seal(office, seal_keys, office.finish("correction_notice", NOTICE).document_id)
    assert asked == []
    enter_stage(office.session, office.officer, office.case.id, "decision")
    office.archive.decide(office.case, office.supervisor)
    decision = office.finish("penalty_decision", DECISION)
    seal(office, seal_keys, decision.document_id)
    assert list(dict.fromkeys(step for _, step in asked)) == ["final", "number", "seal"]
    assert {kind for kind, _ in asked} == {"penalty_decision"}
    assert gate.ask_gate.__doc__


def test_the_databases_own_gate_stands_in_the_way_of_every_row(office: Office) -> None:
    names = {
        (row.relname, row.step)
        for row in office.session.execute(
            text(
                "SELECT c.relname, encode(t.tgargs, 'escape') AS step FROM pg_trigger t"
                " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
                " WHERE p.proname = 'require_document_gate' AND t.tgenabled = 'O'"
            )
        )
    }
    assert {(table, step.removesuffix("\\000")) for table, step in names} == {
        ("document_number", "number"),
        ("final_document", "final"),
        ("sealed_document", "seal"),
    }


def test_the_database_keeps_what_was_sealed(
    database: Any, office_in: Any, archive_in: Any, addresses: DatabaseAddresses, seal_keys: SealKeys
) -> None:
    with database.transaction() as session:
        office = office_in(session, archive_in(session))
        sealed_notice(office, seal_keys)
        other = office.finish("correction_notice", NOTICE)
        other_id, other_document = other.id, other.document_id
    insert = (
        "INSERT INTO sealed_document SELECT gen_random_uuid(), s.unit_id, s.case_id, %(document)s, %(final)s,"
        " s.seal_id, {0}, sha256({0}), octet_length({0}), NULL, s.sealed_by, now() FROM sealed_document s"
    )
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for statement in ("UPDATE sealed_document SET pdf = 'x'", "DELETE FROM sealed_document"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        ids = {"document": other_document, "final": other_id}
        for pdf in ("s.pdf", "s.pdf || 'x'", "'%%PDF'::bytea"):
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(insert.format(pdf), ids)
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(
                "INSERT INTO document SELECT gen_random_uuid(), unit_id, case_id, stage, 'penalty_decision', FALSE,"
                " template_id, NULL, begun_by, begun_at, NULL, NULL, NULL FROM document LIMIT 1"
            )
