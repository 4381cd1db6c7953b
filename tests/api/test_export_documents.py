"""A case's documents leave with it, and are checked offline: digests, entries, seals, and which of them still stand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.documents import seal_document
from api.export import export_case
from api.review_keys import review_keys
from api.trust_folder import build_trust
from casework.documents.drafts import begin_document, withdraw_document
from casework.documents.finalising import finalise_document
from casework.documents.issuers import name_issuer
from casework.documents.seals import make_seal
from casework.documents.templates import load_shipped_templates
from casework.handling import name_officer
from casework.register.certificates import add_certificate
from integrity.package.failure import PackageInvalid
from integrity.package.report import describe_verdict, verdict_form
from integrity.package.verify import verify_package
from integrity.trust import load_trust, write_trust
from storage.ledger.append import Actor
from tests.casework.documents.conftest import NOTICE

OPERATOR = Actor.system("admin")


@pytest.fixture
def package(sealing: Any, tmp_path: Path) -> Path:
    """A recording; a sealed notice, one that was sealed and withdrawn, and a draft, which does not leave."""
    now = datetime.now(UTC)
    officer, supervisor = sealing.people["officer"], sealing.people["supervisor"]
    sealing.link(sealing.seal(b"no video at all, but evidence"))
    with sealing.archive.database.transaction() as session:
        load_shipped_templates(session, now)
        name_issuer(session, OPERATOR, sealing.unit.id, name="江北区城市管理局", word="江综执")
        make_seal(session, OPERATOR, sealing.archive.seal_keys, sealing.unit.id, "江北区城市管理局", now)
        add_certificate(session, OPERATOR, officer.id, number="Z1", valid_from=now.date(), last_day=None)
        name_officer(session, supervisor, sealing.case.id, officer.id)
        ids = [
            begin_document(session, officer, sealing.case.id, "correction_notice", NOTICE, now).document.id
            for _ in range(3)
        ]
        for each in ids[:2]:
            finalise_document(session, officer, each, now, review_keys(sealing.archive.keyring))
    for each in ids[:2]:
        seal_document(sealing.archive, officer, each)
    with sealing.archive.database.transaction() as session:
        withdraw_document(session, supervisor, ids[1], "送达前发现错误")
    sealing.settle()
    folder = tmp_path / "package"
    export_case(sealing.archive, supervisor, sealing.case.id, sealing.grant().id, folder)
    return folder


def test_documents_leave_with_the_case_and_hold_offline(sealing: Any, package: Path, tmp_path: Path) -> None:
    write_trust(tmp_path / "trust", build_trust(sealing.archive))
    trust = load_trust(tmp_path / "trust")
    assert len(trust.seals) == 1
    verdict = verify_package(package, trust)
    assert [(each.path, each.note.state) for each in verdict.documents] == [
        ("data/documents/1.pdf", "sealed"),
        ("data/documents/2.pdf", "withdrawn"),
    ]
    assert verdict.documents[0].note.number == f"江综执责改字〔{datetime.now(UTC).year}〕第1号"
    said = "\n".join(describe_verdict(verdict))
    assert "电子签章有效 / the seal holds: 江北区城市管理局" in said
    assert "已作废 / WITHDRAWN" in said
    assert json.dumps(verdict_form(verdict))


def test_the_lines_of_its_guide_say_so_with_openssl_alone(package: Path) -> None:
    guide = (package / "VERIFY.md").read_text()
    block = re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)[-1]
    assert "check_seal data/documents/2.pdf" in block
    run = lambda: subprocess.run(  # noqa: E731
        ["bash", "-euo", "pipefail", "-c", f"TRUST=trust\n{block}"], cwd=package, capture_output=True, text=True
    )
    assert run().returncode == 0, run().stderr
    path = package / "data" / "documents" / "1.pdf"
    content = bytearray(path.read_bytes())
    content[900] ^= 1
    path.write_bytes(content)
    assert run().returncode != 0


@pytest.mark.parametrize("place", [900, -9])
def test_a_flipped_byte_of_a_document_is_found_at_once(package: Path, place: int) -> None:
    path = package / "data" / "documents" / "1.pdf"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(PackageInvalid) as refused:
        verify_package(package, None)
    assert (refused.value.step, refused.value.path) == (4, "data/documents/1.pdf")


def test_a_document_that_is_put_in_or_taken_out_is_found(package: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    shutil.copytree(package, more)
    shutil.copy(more / "data/documents/1.pdf", more / "data/documents/3.pdf")
    with pytest.raises(PackageInvalid):
        verify_package(more, None)
    (package / "data/documents/2.pdf").unlink()
    with pytest.raises(PackageInvalid):
        verify_package(package, None)
