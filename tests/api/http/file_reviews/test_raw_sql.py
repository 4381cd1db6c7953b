"""A review as the database keeps it, whoever writes the SQL."""

from __future__ import annotations

import json

from tests.api.http.file_reviews.bureau import FULL, Bureau

DRAW = """
    INSERT INTO file_review_draw
    SELECT gen_random_uuid(), r.unit_id, r.id, c.size, c.root, {0}, r.announced_by, now()
    FROM file_review r, ledger_checkpoint c WHERE r.id = '{review}' AND c.size = {1}
"""
CHOSEN = "(SELECT jsonb_agg(e) FROM (SELECT e FROM jsonb_array_elements(r.eligible) e ORDER BY e LIMIT 4) a)"
FAIR = "file_review_sample(r, c.root)"
FIRST_COVERING = """(
    SELECT min(k.size) FROM ledger_sequence s JOIN ledger_checkpoint k ON k.size > s.index WHERE s.entry_id = r.entry_id
)"""
ANNOUNCE = """
    INSERT INTO file_review
    SELECT {2}, unit_id, title, first_day, {0}, 1, rule_id, {1}, entry_id, announced_by, now()
    FROM file_review WHERE id = '{review}'
"""
SCORE = """
    INSERT INTO file_review_score
    SELECT gen_random_uuid(), c.unit_id, '{review}', c.id, 1, '{0}', 100, NULL, {1}, now() FROM "case" c
    WHERE c.id = '{case}'
"""
FINDING = """
    INSERT INTO file_review_finding
    SELECT gen_random_uuid(), c.unit_id, '{review}', c.id, '{0}', 'x', '2199-01-01', {1}, now() FROM "case" c
    WHERE c.id = '{case}'
"""
ANSWER = """
    INSERT INTO file_review_answer SELECT gen_random_uuid(), unit_id, id, 1, 'x', {0}, now() FROM file_review_finding
"""
END = "UPDATE file_review_finding SET outcome = '{0}', ended_at = now(), ended_by = {1}, end_note = 'x'"
WHOLE = json.dumps({code: {"points": points, "note": ""} for code, points in FULL.items()})
HALF = json.dumps({"law": {"points": 100, "note": ""}})


def test_the_database_draws_by_one_checkpoint_and_only_what_that_draws(bureau: Bureau) -> None:
    review = bureau.announce().json()["id"]
    bureau.await_seed(review)
    bureau.await_another_checkpoint()
    for drawn, size, said in (
        (CHOSEN, FIRST_COVERING, "not those that the checkpoint draws"),
        (FAIR, "(SELECT min(size) FROM ledger_checkpoint)", "by the first checkpoint"),
        (FAIR, "(SELECT max(size) FROM ledger_checkpoint)", "by the first checkpoint"),
    ):
        with bureau.refused(said):
            bureau.sql(DRAW.format(drawn, size, review=review))
    assert bureau.draw(review).status_code == 201
    for statement, said in (
        (ANNOUNCE.format("last_day", "eligible - 0", "gen_random_uuid()", review=review), "all cases of its unit"),
        (ANNOUNCE.format("chinese_day(now())", "eligible", "gen_random_uuid()", review=review), "days that are over"),
        (ANNOUNCE.format("last_day", "eligible", "gen_random_uuid()", review=review), "in its own transaction"),
        (f"UPDATE file_review SET ended_at = now(), ended_by = announced_by WHERE id = '{review}'", "its end"),
        ("UPDATE file_review SET sample_size = 1", "permission denied"),
        ("UPDATE file_review_draw SET drawn = '[]'", "permission denied"),
        ("DELETE FROM file_review_draw", "permission denied"),
        ("DELETE FROM file_review", "permission denied"),
    ):
        with bureau.refused(said):
            bureau.sql(statement)


def test_the_database_ends_a_round_when_all_is_done_and_lets_nothing_in_afterwards(bureau: Bureau) -> None:
    review = bureau.announce(1).json()["id"]
    over = f"UPDATE file_review SET ended_at = now(), ended_by = announced_by WHERE id = '{review}'"
    with bureau.refused("its end"):
        bureau.sql(over)
    (case,) = bureau.draw(review).json()["draw"]["drawn"]
    with bureau.refused("its end"):
        bureau.sql(over)
    at, legal = {"review": review, "case": case}, f"'{bureau.legal.person.id}'::uuid"
    bureau.sql(SCORE.format(WHOLE, legal, **at))
    bureau.sql(FINDING.format("law", legal, **at))
    with bureau.refused("its end"):
        bureau.sql(over)
    bureau.sql(END.format("unfounded", legal))
    bureau.sql(over)
    for statement in (FINDING.format("law", legal, **at), SCORE.format(WHOLE, legal, **at)):
        with bureau.refused("has ended"):
            bureau.sql(statement)
    with bureau.refused("was set and stays"):
        bureau.sql("UPDATE file_review SET ended_at = NULL, ended_by = NULL")


def test_the_database_scores_and_ends_by_the_same_rules(bureau: Bureau) -> None:
    review = bureau.drawn()
    case, legal = review["draw"]["drawn"][0], f"'{bureau.legal.person.id}'::uuid"
    at = {"review": review["id"], "case": case}
    elsewhere = {**at, "case": bureau.outside[1].id}
    chief = f"'{bureau.chief.person.id}'::uuid"
    brigadier = f"'{bureau.brigadier.person.id}'::uuid"
    for statement, said in (
        (SCORE.format(HALF, legal, **at), "item by item"),
        (SCORE.format(WHOLE, "c.opened_by", **at), "took part"),
        (SCORE.format(WHOLE, legal, **elsewhere), "was not drawn"),
        (FINDING.format("law", "c.opened_by", **at), "took part"),
        (FINDING.format("beauty", legal, **at), "of an item"),
    ):
        with bureau.refused(said):
            bureau.sql(statement)
    bureau.sql(SCORE.format(WHOLE, legal, **at))
    bureau.sql(FINDING.format("law", legal, **at))
    for statement, said in (
        (SCORE.format(WHOLE, legal, **at), "one by one"),
        ("UPDATE file_review_score SET total = 0", "permission denied"),
        (END.format("rectified", legal), "nobody answered"),
        (END.format("unfounded", '(SELECT opened_by FROM "case" c WHERE c.id = case_id)'), "took part"),
        ("UPDATE file_review_finding SET problem = 'y'", "permission denied"),
        (ANSWER.format(chief), "that handled the case"),
    ):
        with bureau.refused(said):
            bureau.sql(statement)
    bureau.sql(ANSWER.format(brigadier))
    for statement, said in (
        (END.format("rectified", brigadier), "ends what he answered|took part"),
        ("UPDATE file_review_answer SET answer = 'y'", "permission denied"),
    ):
        with bureau.refused(said):
            bureau.sql(statement)
    bureau.sql(END.format("rectified", legal))
    with bureau.refused("has ended"):
        bureau.sql(ANSWER.format(brigadier))
    for change in ("outcome = 'unfounded'", "end_note = 'y'", "ended_at = now() - interval '1 s'"):
        with bureau.refused("was set and stays"):
            bureau.sql(f"UPDATE file_review_finding SET {change}")
