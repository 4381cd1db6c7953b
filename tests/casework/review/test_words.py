"""A decision's words order nothing that it does not name: honest texts pass, the others are refused."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.engines.roles import DatabaseAddresses
from casework.review.decisions import change_decision
from casework.review.errors import UNUSABLE, DecisionUnusable
from storage.database import Database
from tests.casework.review.words import EVASIONS, HONEST, Words

ASKED = "SELECT unfit_words(%s, %s, %s)"
SUMS = (
    *(("六十万", 600_000), ("陆拾万", 600_000), ("60", 60), ("60万5000", 605_000), ("1.5亿", 150_000_000)),
    *(("六十万零五百", 600_500), ("一亿二千万", 120_000_000), ("二〇〇", 200), ("十", 10), ("廿五", 25)),
    *(("万", 10_000), ("三千万", 30_000_000), ("6.0.0", 60), ("拾伍万", 150_000), ("0.6百万", 600_000)),
)


def answers(addresses: DatabaseAddresses, texts: tuple[Words, ...]) -> dict[str, str | None]:
    with psycopg.connect(addresses.owner) as connection:
        return {
            each.content: connection.execute(
                ASKED, (each.content, Jsonb([*each.measures]), each.amount_fen)
            ).fetchall()[0][0]
            for each in texts
        }


def test_an_honest_text_passes(database: Database, addresses: DatabaseAddresses) -> None:
    assert answers(addresses, HONEST) == {each.content: None for each in HONEST}


def test_a_text_that_orders_what_the_decision_does_not_name_is_refused(
    database: Database, addresses: DatabaseAddresses
) -> None:
    assert answers(addresses, EVASIONS) == {each.content: each.problem for each in EVASIONS}


def test_both_tables_are_long_enough_and_each_refusal_has_its_words() -> None:
    assert min(len(HONEST), len(EVASIONS)) >= 25
    assert {each.problem for each in EVASIONS} == {"unnamed_words", "unnamed_sum", "larger_sum", "detention"}
    assert {each.problem for each in EVASIONS} <= {*UNUSABLE}


def test_a_sum_is_read_however_it_is_written(database: Database, addresses: DatabaseAddresses) -> None:
    with psycopg.connect(addresses.owner) as connection:
        read = {each: connection.execute("SELECT yuan_of(%s)", (each,)).fetchall()[0][0] for each, _ in SUMS}
    assert read == dict(SUMS)


def test_a_fine_in_the_words_of_no_penalty_is_neither_drafted_nor_changed_into(bench: Any) -> None:
    unpunished = {"measures": ("no_penalty",), "amount_fen": None}
    with pytest.raises(DecisionUnusable, match="take the words out"):
        bench.draft(bench.said(**unpunished, content="罚款六十万元"))
    version = bench.draft(bench.said(**unpunished))
    said = bench.said(**unpunished, content="依据《燃气条例》第五十条，处人民币六十万元")
    with pytest.raises(DecisionUnusable, match="take the sum out"):
        change_decision(bench.session, bench.officer, version.decision_id, said, "改", former=version.id)
