"""Attempts by other words of SQL than a plain insert, and at what stands guard: none asks less of the gate."""

from __future__ import annotations

from tests.casework.review.attempts.known import ATTEMPTS, Attempt, Strike
from tests.casework.review.scene import Scene

COLUMNS = "id, unit_id, case_id, decision_id, version_id, review_id, issued_by, issued_at, issued_on, scope"
HEAD = "(SELECT p.id FROM person p WHERE p.unit_id = v.unit_id AND p.role = 'supervisor' LIMIT 1)"
ROW = (
    f"gen_random_uuid(), v.unit_id, v.case_id, v.decision_id, v.id, NULL::uuid, {HEAD}, now(), current_date, "
    "'[]'::jsonb"
)
ISSUE = f"INSERT INTO decision_issue ({COLUMNS}) SELECT {ROW} FROM decision_version v"
WORDS = {
    "issuing_within_a_query": f"WITH done AS ({ISSUE} RETURNING id) SELECT * FROM done",
    "issuing_by_merge": "MERGE INTO decision_issue i USING decision_version v ON i.version_id = v.id "
    f"WHEN NOT MATCHED THEN INSERT ({COLUMNS}) VALUES ({ROW})",
    "issuing_by_upsert": f"{ISSUE} ON CONFLICT (decision_id) DO UPDATE SET version_id = excluded.version_id",
    "issuing_where_conflicts_do_nothing": f"{ISSUE} ON CONFLICT DO NOTHING",
    "issuing_in_a_block": f"DO $$ BEGIN {ISSUE}; EXCEPTION WHEN unique_violation THEN NULL; END $$",
    "issuing_with_constraints_put_off": f"SET CONSTRAINTS ALL DEFERRED; {ISSUE}",
    "issuing_without_row_security": f"SET row_security = off; {ISSUE}",
    "issuing_as_a_replica": f"SELECT set_config('session_replication_role', 'replica', true); {ISSUE}",
    "issuing_in_serializable_isolation": f"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; {ISSUE}",
    "a_role_that_is_always_a_replica": "ALTER ROLE CURRENT_USER SET session_replication_role = replica",
    "a_gate_without_its_search_path": "ALTER FUNCTION gate_refusals(uuid) RESET search_path",
    "a_gate_of_ones_own": "ALTER FUNCTION gate_refusals(uuid) OWNER TO CURRENT_USER",
    "membership_of_the_owner": "GRANT liuhen_owner TO CURRENT_USER",
    "a_function_that_is_found_first": "CREATE FUNCTION pg_temp.gate_refusals(uuid) RETURNS text[] LANGUAGE sql "
    "AS 'SELECT NULL::text[]'",
    "a_rule_before_the_trigger": "CREATE RULE mine AS ON INSERT TO decision_issue DO INSTEAD NOTHING",
    "a_table_that_inherits": "CREATE TABLE mine () INHERITS (decision_issue)",
    "a_trigger_that_the_catalog_lacks": "DELETE FROM pg_trigger WHERE tgname = 'open_gate'",
    "a_trigger_that_the_catalog_disables": "UPDATE pg_trigger SET tgenabled = 'D'",
    "lists_of_another_unit": "UPDATE review_scope_rule SET unit_id = (SELECT id FROM unit LIMIT 1)",
    "lists_that_begin_later": "UPDATE review_scope_rule SET valid = daterange('2099-01-01', NULL)",
    "the_version_of_an_issue_is_updated": "UPDATE decision_issue SET version_id = version_id",
    "a_stage_is_updated": "UPDATE case_stage SET stage = 'execution'",
}


def by_words(statement: str) -> Attempt:
    def prepare(scene: Scene) -> Strike:
        scene.do(lambda b: b.submit(b.draft()))
        return lambda: scene.run(statement)

    return prepare


for _name, _statement in WORDS.items():
    ATTEMPTS[_name] = by_words(_statement)
