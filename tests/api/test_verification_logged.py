"""What an audit looks for when rows are gone: whatever the accounts say that an entry makes, each told once."""

from __future__ import annotations

from api.verification.logged import MADE
from api.verification.rule_accounts import KINDS
from api.verification.subjects import ALL_SUBJECTS
from storage.catalog.rules import RuleVersion


def test_every_row_that_an_entry_makes_is_looked_for() -> None:
    """Under its id by the audit of the ledger; with a key of its own, where the rows of its table are looked at."""
    by_id = [
        (step.action, subject.model.__tablename__, step.named_in)
        for subject in ALL_SUBJECTS
        for step in subject.steps
        if step.makes and subject.key is None
    ]
    assert len({action for action, _, _ in by_id}) == len(by_id), "an action makes one row that is known by its id"
    for action, table, named_in in by_id:
        made = MADE[action]
        assert (made.key.class_.__tablename__, made.named_in) == (table, named_in)
    assert all(any(step.makes for step in subject.steps) for subject in ALL_SUBJECTS)


def test_no_table_has_two_accounts() -> None:
    tables = [subject.model.__tablename__ for subject in ALL_SUBJECTS]
    assert len(set(tables)) == len(tables)


def test_every_kind_of_rules_is_in_the_one_table_under_a_word_of_its_own() -> None:
    assert {kind.model for kind, _ in KINDS} == set(RuleVersion.__subclasses__())
    assert len({kind.word for kind, _ in KINDS}) == len(KINDS)
