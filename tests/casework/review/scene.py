"""What attempts on the gate stand on: a bench that is committed, and raw SQL as the application's role."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from psycopg.types.range import Range

from api.engines.roles import DatabaseAddresses
from casework.stages import enter_stage
from integrity.fields import format_instant
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from storage.catalog.organisation import Person
from storage.catalog.review import QUESTIONS, DecisionSubmission
from storage.database import Database

Row = TypeVar("Row")
COUNTED = (
    "case_act",
    "case_act_statement",
    "case_event",
    "case_service",
    "case_stage",
    "case_term",
    "committee_attendance",
    "committee_session",
    "crime_transfer",
    "decision",
    "decision_disagreement",
    "decision_issue",
    "decision_review",
    "decision_submission",
    "decision_version",
    "document",
    "document_number",
    "document_signature",
    "document_text",
    "final_document",
    "ledger_entry",
    "notice_rule",
    "party_notice",
    "party_reply",
    "publication",
    "publication_posting",
    "publication_push",
    "publication_step",
    "publication_version",
    "reply_answer",
    "review_scope_rule",
    "sealed_document",
)


class Scene:
    """Each `do` is a transaction of casework that is committed; `insert` and `run` are the application's role's SQL."""

    def __init__(self, database: Database, addresses: DatabaseAddresses, bench_in: Any, archive_in: Any) -> None:
        self.database, self.addresses, self._archive_in = database, addresses, archive_in
        with database.transaction() as session:
            self.bench = bench_in(session, archive_in(session))

    def do(self, deed: Callable[[Any], Row]) -> Row:
        with self.database.transaction() as session:
            return deed(dataclasses.replace(self.bench, session=session, archive=self._archive_in(session)))

    def run(self, statement: str, values: Mapping[str, Any] | None = None, role: str = "worker") -> Any:
        with psycopg.connect(getattr(self.addresses, role)) as connection:
            found = connection.execute(statement.encode(), values)
            return found.fetchall() if found.description else []

    def insert(self, table: str, values: Mapping[str, Any]) -> uuid.UUID:
        with psycopg.connect(self.addresses.worker) as connection:
            return insert_into(connection, table, values)

    @property
    def state(self) -> object:
        """Everything that an attempt could leave behind."""
        counts = " UNION ALL ".join(f"SELECT '{table}', count(*)::text FROM {table}" for table in COUNTED)
        return sorted(self.run(f'{counts} UNION ALL SELECT id::text, stage FROM "case"'))

    def go_through(self) -> None:
        """A decision that needs a review gets one, in another case, is issued and executed."""

        def decided(bench: Any) -> str:
            version = bench.draft(case=bench.another_case())
            bench.tell(version)
            bench.review(version, by=bench.archive.reviewer(bench.unit))
            bench.issue(version)
            enter_stage(bench.session, bench.supervisor, version.case_id, "execution")
            return str(bench.session.get_one(Case, version.case_id).stage)

        assert self.do(decided) == "execution"

    # Rows as somebody writes them who knows the tables: sound but for what is said otherwise.

    def issue_row(self, version: DecisionVersion, **other: Any) -> dict[str, Any]:
        facts = _of(version) | {"version_id": version.id, "review_id": None, "issued_by": self.bench.supervisor.id}
        return {**facts, "issued_at": datetime.now(UTC), "issued_on": date(2018, 1, 1), "scope": Jsonb([]), **other}

    def version_row(self, version: DecisionVersion, **other: Any) -> dict[str, Any]:
        names = ("kind", "level", "field", "amount_fen", "party", "party_kind", "affected", "content")
        said = {name: getattr(version, name) for name in names}
        lists = {name: Jsonb(getattr(version, name)) for name in ("measures", "facts")}
        by = {"stated_by": self.bench.officer.id, "stated_at": datetime.now(UTC), "scope": Jsonb([])}
        return {**_of(version), **said, **lists, "ordinal": version.ordinal + 1, "reason": "x", **by, **other}

    def submission_row(self, version: DecisionVersion, **other: Any) -> dict[str, Any]:
        attests = dict.fromkeys(("attests_truth", "attests_accuracy", "attests_completeness"), True)
        by = {"submitted_by": self.bench.officer.id, "submitted_at": datetime.now(UTC)}
        return {**_of(version), "version_id": version.id, **attests, **by, **other}

    def review_row(self, submission: DecisionSubmission, **other: Any) -> dict[str, Any]:
        of = {"version_id": submission.version_id, "submission_id": submission.id, "ordinal": 1}
        answers = {each: {"answer": "yes", "references": ["version:1"]} for each in QUESTIONS}
        answers["crime"]["answer"] = "no"
        by = {"reviewer_id": self.bench.reviewer.id, "reviewed_at": datetime.now(UTC), "envelope": b"forged"}
        said = {"opinion": "agreed", "answers": Jsonb(answers), "statement": "x"}
        return {**_of(submission), **of, **said, **by, **other}

    def stage_row(self, case: Case, to: str = "execution", **other: Any) -> dict[str, Any]:
        ((ordinal,),) = self.run("SELECT max(ordinal) FROM case_stage WHERE case_id = %(id)s", {"id": case.id})
        of = {"unit_id": case.unit_id, "case_id": case.id, "ordinal": ordinal + 1, "from_stage": "decision"}
        by = {"entered_by": self.bench.supervisor.id, "entered_at": datetime.now(UTC)}
        return {**of, "stage": to, **by, **other}

    def execute_case(self, case: Case) -> None:
        """By raw SQL: the stage, and the case's own row."""
        with psycopg.connect(self.addresses.worker) as connection:
            insert_into(connection, "case_stage", self.stage_row(case))
            connection.execute("UPDATE \"case\" SET stage = 'execution' WHERE id = %s", (case.id,))

    def event_row(self, case: Case, day: date, **other: Any) -> dict[str, Any]:
        by = {"entered_by": self.bench.supervisor.id, "entered_at": datetime.now(UTC)}
        return {"unit_id": case.unit_id, "case_id": case.id, "kind": "penalty_decided", "day": day, **by, **other}

    def entry_row(self, action: str, subject: str, data: Mapping[str, Any]) -> dict[str, Any]:
        entry_id, now = uuid.uuid4(), datetime.now(UTC)
        said = {
            "v": 1,
            "id": str(entry_id),
            "occurred_at": format_instant(now),
            "action": action,
            "actor": {"kind": "person", "id": str(self.bench.supervisor.id)},
            "unit_id": str(self.bench.unit.id),
            "subject": {"kind": "decision", "id": subject},
            "data": data,
        }
        row = {"id": entry_id, "unit_id": self.bench.unit.id, "action": action, "subject_id": subject}
        return {**row, "entry": json.dumps(said).encode(), "occurred_at": now}

    def act_row(self, case: Case, kind: str, starts_at: datetime, officer: Person | None = None) -> uuid.UUID:
        """An act with its statement; the statement's own id is what the gate is asked about."""
        of = {"unit_id": case.unit_id, "case_id": case.id}
        officer = officer or self.bench.officer
        with psycopg.connect(self.addresses.worker) as connection:
            now = datetime.now(UTC)
            act_id = insert_into(connection, "case_act", {**of, "added_by": self.bench.officer.id, "added_at": now})
            said = {"act_id": act_id, "ordinal": 1, "kind": kind, "span": Range(starts_at, now, "[)")}
            by = {"officer_id": officer.id, "stated_by": self.bench.officer.id, "stated_at": now}
            insert_into(connection, "case_act_statement", {**of, **said, **by, "checklists": Jsonb(["x"])})
            return act_id

    def rule_row(self, when: Mapping[str, Any], **other: Any) -> dict[str, Any]:
        trigger = {"code": "own", "ground": "complex", "name": {"zh": "x", "en": "x"}, "law": ["x"], "when": when}
        facts = {"unit_id": None, "jurisdiction": f"X{uuid.uuid4().hex[:8]}", "version": 1, "title_zh": "x"}
        source = {"rules": Jsonb({"triggers": [trigger]}), "source": "x", "source_sha256": b"\0" * 32}
        return {**facts, "title_en": "x", "valid": Range(date(2020, 1, 1), None, "[)"), **source, **other}


def insert_into(connection: Any, table: str, values: Mapping[str, Any]) -> uuid.UUID:
    row = {"id": uuid.uuid4(), **values}
    columns, places = zip(*((sql.Identifier(name), sql.Placeholder(name)) for name in row), strict=True)
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table), sql.SQL(", ").join(columns), sql.SQL(", ").join(places)
    )
    connection.execute(statement, row)
    return row["id"]


def _of(row: DecisionVersion | DecisionSubmission | DecisionIssue) -> dict[str, Any]:
    return {"unit_id": row.unit_id, "case_id": row.case_id, "decision_id": row.decision_id}
