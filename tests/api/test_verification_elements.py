"""Required elements against the ledger: nobody who holds the database rewrites unseen by which rules was judged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from api.tasks.housekeeping import link_all_due
from api.verification import verify_archive
from casework.elements.answers import Choice, answer_questions
from casework.elements.judgements import judge_at_once
from casework.elements.policies import SHIPPED, load_policy, load_shipped_policies
from integrity.local_time import chinese_day
from storage.ledger.append import Actor
from tests.api.tampering import as_superuser, assert_each_is_named, found_in_rows

OPERATOR = Actor.system("admin")
ANSWERED_OTHERWISE = "UPDATE element_answer SET value = 'hearing', reason = '另有原因'"
# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    ("UPDATE element_policy SET rules = jsonb_set(rules, '{elements,act,required}', '\"never\"')", "of_its_source"),
    ("UPDATE element_policy SET source = source || '# '", "of_its_source"),
    ("UPDATE element_policy SET source = ':', source_sha256 = sha256(':')", "of_its_source"),
    ("UPDATE element_policy SET valid = daterange(lower(valid) + 1, upper(valid))", "valid_from"),
    ("UPDATE element_policy SET valid = daterange(lower(valid), '2100-01-01')", "last_day"),
    ("UPDATE element_policy SET in_force_at = NULL WHERE version = 1", "in_force"),
    ("UPDATE element_policy SET version = version + 7", "version"),
    ("DELETE FROM element_policy WHERE version = 2", "logged_row_missing"),
    (
        "INSERT INTO element_policy"
        " (id, jurisdiction, version, valid, title_zh, title_en, rules, source, source_sha256)"
        " SELECT gen_random_uuid(), 'CN-x', 1, valid, title_zh, title_en, rules, source, source_sha256"
        " FROM element_policy LIMIT 1",
        "row_unaccounted",
    ),
    ("UPDATE element_answer SET value = 'hearing'", "value"),
    ("UPDATE element_answer SET reason = '另有原因'", "reason"),
    ("UPDATE element_answer SET settles = '[\"act_unknown\"]'", "settled_codes"),
    ("UPDATE element_answer SET settles = '[\"missing:00\"]' WHERE element = 'officer'", "settled_marks"),
    ("UPDATE element_answer SET answered_by = gen_random_uuid()", "answered_by"),
    ("UPDATE element_answer SET recording_id = gen_random_uuid()", "recording_id"),
    ("DELETE FROM element_answer", "logged_row_missing"),
    ("UPDATE element_answer SET answered_at = answered_at - interval '400 days'", "answered_at"),
    ("UPDATE element_answer SET answered_at = answered_at + interval '61 minutes'", "answered_at"),
    ("UPDATE element_policy SET loaded_at = loaded_at - interval '400 days'", "loaded_at"),
    ("UPDATE element_policy SET in_force_at = in_force_at - interval '400 days'", "in_force"),
    # What is derived, and has no entry: made anew, and held against what is kept.
    ("DELETE FROM element_question", "judgement_differs"),
    ("UPDATE element_question SET officer_id = answered_by FROM element_answer", "officer_id"),
    ("UPDATE element_question SET element = 'act' WHERE element = 'place'", "judgement_differs"),
    ("DELETE FROM recording_judgement", "judgement_differs"),
    ("UPDATE recording_judgement SET elements = '{}'", "elements"),
    ("UPDATE recording_judgement SET policies = '[]'", "policies"),
    ("UPDATE recording_judgement SET day = '1999-01-01'", "day"),
    ("UPDATE element_answer SET element = 'device', value = 'no id' WHERE element = 'act'", "judgement_differs"),
    ("UPDATE element_policy SET rules = '{}'", "judgement_differs"),
    # What would speak against the row is taken away, or made to speak for it.
    (f"DELETE FROM ledger_opening; {ANSWERED_OTHERWISE}", "row_unproven"),
    (f"DELETE FROM ledger_opening; {ANSWERED_OTHERWISE}", "opening_missing"),
    ("UPDATE ledger_opening SET salt = '', value = 'hearing' WHERE name = 'value'", "opening_differs"),
    ("UPDATE ledger_opening SET value = 'hearing' WHERE name = 'value'", "value"),
    (
        "INSERT INTO ledger_opening SELECT id, 'reason', unit_id, sha256('salt'), '编造'"
        " FROM ledger_entry WHERE action = 'recording.sealed'",
        "opening_differs",
    ),
    (
        "INSERT INTO element_answer SELECT gen_random_uuid(), unit_id, recording_id, element, 2, value, basis, settles,"
        " reason, answered_by, answered_at FROM element_answer",
        "row_unaccounted",
    ),
)
TABLES = ("element_policy", "element_answer", "ledger_opening", "recording_judgement", "element_question")


@pytest.fixture
def kept(sealing: Any) -> Any:
    """The shipped policies, one that supersedes another, and an answer."""
    now = datetime.now(UTC)
    tomorrow = chinese_day(now) + timedelta(days=1)
    own = (SHIPPED / "plain-2.yaml").read_text().replace("version: 2", "version: 3\nsupersedes: 2")
    with sealing.archive.database.transaction() as session:
        load_shipped_policies(session, now)
        load_policy(session, OPERATOR, own.replace("2021-07-15", tomorrow.isoformat()).encode(), now)
    recording = sealing.seal(b"footage that says nothing of its act")
    link_all_due(sealing.archive)
    with sealing.archive.database.transaction() as session:
        (judged,) = judge_at_once(session, [recording.id])
        choice = Choice("act", "on_site", reason="现场检查")
        asked = {recording.id: judged.elements["act"].fingerprint}
        answer_questions(session, sealing.people["supervisor"], "act", asked, choice, now)
        nobody, asked = Choice("officer", reason="无从查考"), {recording.id: judged.elements["officer"].fingerprint}
        answer_questions(session, sealing.people["supervisor"], "officer", asked, nobody, now)
    # An answer makes the linker look again: verification holds against the facts what nothing is due about.
    link_all_due(sealing.archive)
    sealing.settle()
    return sealing


def test_what_is_due_is_left_to_housekeeping_and_everything_can_be_judged_again(
    kept: Any, superuser: psycopg.Connection[Any], commands: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    superuser.execute("DELETE FROM element_question")
    superuser.execute("INSERT INTO judgement_due (recording_id, unit_id) SELECT id, unit_id FROM recording")
    superuser.commit()
    assert found_in_rows(kept.archive) == ()
    superuser.execute("DELETE FROM judgement_due")
    superuser.execute("UPDATE recording_judgement SET elements = '{}'")
    superuser.commit()
    assert verify_archive(kept.archive, 0).counts["judgements"] == 1
    findings = found_in_rows(kept.archive)
    assert {(each.code, each.severity) for each in findings} == {("judgement_differs", "warning")}
    assert {each.subject.split()[0] for each in findings} == {"recording_judgement", "element_question"}
    assert all("liuhen admin element judge-again" in each.chinese and each.english for each in findings)
    assert commands("admin", "element", "judge-again", "--json") == 0
    assert '"judged": 1' in capsys.readouterr().out
    assert found_in_rows(kept.archive) == ()


DROPPED = (("element_policy", "ex_element_policy_one_version"),)


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off, and no constraint in the way."""
    with as_superuser(server, addresses, *DROPPED, autocommit=False) as connection:
        yield connection


def test_whatever_is_changed_of_a_policy_or_an_answer_is_named(kept: Any, superuser: psycopg.Connection[Any]) -> None:
    assert_each_is_named(kept.archive, superuser, TABLES, TAMPERED)
