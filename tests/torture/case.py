"""A case with a unit's recordings in it, and a grant to copy them: the way a court gets the bytes."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from api.archive import Archive
from api.trust_folder import build_trust
from casework.cases import open_case
from casework.linking.by_hand import link_by_hand
from casework.linking.looks import looks_together
from casework.organisation import create_person
from casework.requests import approve, ask
from integrity.trust import write_trust
from storage.catalog.organisation import Unit
from storage.catalog.recordings import Recording
from storage.ledger.append import Actor
from tests.torture.system import Engines

MOST = 250
"""Recordings in a package: every one is decrypted by itself anyway, and a package is written twice to be verified."""
OPERATOR = Actor.system("admin")


def export_unit(archive: Archive, engines: Engines, code: str) -> tuple[Path, set[str]]:
    """The package, verified by the offline verifier, and the digests of what must be in it. Raises SystemExit."""
    with archive.database.transaction() as session:
        unit = session.scalars(select(Unit).where(Unit.code == code)).one()
        officer, asker, approver = (
            create_person(session, OPERATOR, unit_id=unit.id, name=name, sign_in_name=f"{name}-{code}", role=role)
            for name, role in (("officer", "officer"), ("asker", "supervisor"), ("approver", "legal_reviewer"))
        )
        case = open_case(
            session,
            officer,
            number=f"江城罚〔2026〕{code}号",
            title="占道经营",
            kind="penalty",
            procedure="ordinary_penalty",
        )
        chosen = session.scalars(
            select(Recording).where(Recording.unit_id == unit.id).order_by(Recording.sha256).limit(MOST)
        ).all()
        expected = {row.sha256.hex() for row in chosen}
        with looks_together(session):
            for row in chosen:
                link_by_hand(
                    session, officer, recording_id=row.id, case_id=case.id, stage="investigation", reason="同一现场"
                )
        why = "法院要求提交原件"
        request = ask(session, asker, case_id=case.id, kind="copy", purpose="移送法院", unredacted_reason=why)
        now = datetime.now(UTC)
        until = now + timedelta(hours=24)
        grant = approve(session, approver, request.id, expires_at=until, now=now, consent_reason=why)
        case_id, grant_id = str(case.id), str(grant.id)
    package, trust = engines.folder / f"package-{code}", engines.folder / f"trust-{code}"
    engines.run("export", case_id, "--grant", grant_id, "--out", str(package))
    write_trust(trust, build_trust(archive))
    argv = [sys.executable, "-m", "integrity", "verify", str(package), "--trust", str(trust)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=engines.environment)
    if done.returncode:
        raise SystemExit(f"the package of {code} does not verify: {done.stdout[-2000:]}{done.stderr[-500:]}")
    return package, expected
