"""What everything else is checked with: the announced keys, and the database's own guard over the ledger."""

from __future__ import annotations

from sqlalchemy import select, text

from api.archive import Archive
from api.trust_folder import build_timestamp_trust
from api.verification.audit import Audit
from api.verification.findings import Findings
from integrity.errors import EvidenceError
from integrity.keys import PublicKey
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.trust import EpochKey, Trust
from storage.catalog.ledger import KEY_PURPOSES, LedgerEntryRow, SigningKeyEpoch

ACTIVATED = "key.activated"
GUARDED = ("ledger_entry", "ledger_sequence", "ledger_checkpoint", "signing_key_epoch")
_TRIGGERS = text("""
    SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE t.tgname = 'append_only' AND t.tgenabled IN ('O', 'A') AND c.relnamespace = 'public'::regnamespace
""")
_PRIVILEGES = text("SELECT has_table_privilege(current_user, CAST(:name AS text), 'UPDATE, DELETE, TRUNCATE')")


def announced_trust(archive: Archive, findings: Findings) -> Trust:
    """The trust of this archive, as far as key folder, rows and ledger agree; where they do not, the finding says so.

    Raises AuthorityUnpinned: without an authority no time stamp can be judged.
    """
    keys = {purpose: _announced(archive, findings, purpose) for purpose in KEY_PURPOSES}
    return Trust(
        manifest_keys=keys["manifest"],
        receipt_keys=keys["receipt"],
        package_keys=keys["package"],
        ledger_vkey=archive.keyring.ledger_vkey,
        timestamp_trust=build_timestamp_trust(archive),
    )


def _announced(archive: Archive, findings: Findings, purpose: str) -> tuple[EpochKey, ...]:
    statement = (
        select(SigningKeyEpoch, LedgerEntryRow.entry)
        .outerjoin(LedgerEntryRow, LedgerEntryRow.id == SigningKeyEpoch.entry_id)
        .where(SigningKeyEpoch.purpose == purpose)
        .order_by(SigningKeyEpoch.epoch)
    )
    with archive.database.reading() as session:
        rows = [(row, content) for row, content in session.execute(statement)]
        session.expunge_all()
    keys: list[EpochKey] = []
    for row, content in rows:
        key = PublicKey(row.public_key)
        said = (purpose, row.epoch, row.public_key.hex(), row.key_id)
        logged = _logged(content)
        if logged != said or key.key_id != row.key_id:
            findings.add("key_differs", f"{purpose} key of epoch {row.epoch}", logged, said)
        keys.append(EpochKey(row.epoch, key))
    present = archive.keyring.public_key(purpose)
    if not keys or keys[-1].key != present:
        findings.add("key_differs", f"{purpose} key", present.key_id, keys[-1].key.key_id if keys else "none announced")
    if present not in [each.key for each in keys]:
        keys.append(EpochKey(keys[-1].epoch + 1 if keys else 1, present))
    return tuple(keys)


def _logged(content: bytes | None) -> tuple[object, ...] | None:
    try:
        entry = None if content is None else parse_entry(content)
    except EvidenceError:
        entry = None
    return None if entry is None or entry.action != ACTIVATED else _key_of(entry)


def _key_of(entry: LedgerEntry) -> tuple[object, ...]:
    data = entry.data
    return data.get("purpose"), data.get("epoch"), data.get("public_key"), entry.subject_id


def check_guards(audit: Audit) -> None:
    """The ledger's tables refuse change from everybody, and the application's role has no leave to ask for any."""
    with audit.archive.database.reading() as session:
        guarded = set(session.scalars(_TRIGGERS))
        for table in GUARDED:
            if table not in guarded:
                audit.findings.add("guard_missing", f"table {table}", "a trigger that refuses change", "none at work")
            if session.scalar(_PRIVILEGES, {"name": table}):
                audit.findings.add("guard_missing", f"table {table}", "insert and select only", "more")
