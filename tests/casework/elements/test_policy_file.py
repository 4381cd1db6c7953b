"""A policy file is read strictly: whatever is mistyped is named with its place, and nothing is guessed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from casework.elements.policies import SHIPPED
from casework.elements.policy_file import Rules, read_policy, refuse_nonsense
from casework.rules.errors import RuleFileUnusable

SOUND = """
jurisdiction: CN-test
version: 3
title: {zh: 试行, en: On trial}
valid_from: 2026-01-01
valid_until: 2026-12-31
unit: 320111
supersedes: 2
elements:
  officer: {required: always, law: [S8]}
  place: {required: for_acts}
acts:
  - {code: seizure, name: {zh: 查封, en: Sealing}, stage: investigation, demands: [place], law: [S3]}
"""


def test_a_sound_file_says_what_it_says() -> None:
    file = read_policy(SOUND.encode())
    assert (file.jurisdiction, file.version, file.unit_code, file.supersedes) == ("CN-test", 3, "320111", 2)
    assert (file.valid_from, file.last_day) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (file.title_zh, file.title_en) == ("试行", "On trial")
    assert file.rules.elements["officer"].law == ("S8",)
    assert file.rules.acts[0].demands == ("place",)
    assert Rules.from_json(file.rules.as_json()) == file.rules
    assert file.source == SOUND


@pytest.mark.parametrize(
    ("old", "new", "where", "problem"),
    [
        ("officer:", "oficer:", "elements.oficer", "unknown"),
        ("required: always", "required: allways", "elements.officer.required allways", "unknown"),
        ("required: always, ", "", "elements.officer.required", "missing"),
        ("version: 3", "version: 0", "version", "no_number"),
        ("version: 3", "version: yes", "version", "no_number"),
        ("valid_from: 2026-01-01", "valid_from: 2026-1", "valid_from", "no_day"),
        ("valid_from: 2026-01-01", "valid_from: 1026-01-01", "valid_from", "no_such_year"),
        ("valid_until: 2026-12-31", "valid_until: 2025-12-31", "valid_until", "ends_before_it_begins"),
        ("title: {zh: 试行, en: On trial}", "title: {zh: 试行}", "title.en", "missing"),
        ("title: {zh: 试行, en: On trial}", "title: 试行", "title", "not_a_table"),
        ("demands: [place]", "demands: place", "acts[1].demands", "not_a_list"),
        ("demands: [place]", "demands: [plaice]", "acts[1].demands plaice", "unknown"),
        ("demands: [place]", "demands: [officer]", "acts[1].demands officer", "not_for_acts"),
        (", demands: [place]", "", "elements.place", "never_demanded"),
        ("code: seizure", "code: 查封", "acts[1].code", "no_code"),
        ("stage: investigation", "stage: later", "acts[1].stage later", "unknown"),
        ("jurisdiction: CN-test", "jurisdiction: 中国", "jurisdiction", "no_jurisdiction"),
        ("version: 3\n", "version: 3\nversion: 4\n", "version", "twice"),
        ("version: 3\n", "version: 3\nvaildity: 4\n", "vaildity", "unknown"),
        ("version: 3\n", "version: [3\n", "the file", "not_yaml"),
        ("title: {zh: 试行, en: On trial}", "title: !!python/object:os.system {}", "the file", "not_yaml"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, where: str, problem: str) -> None:
    text = SOUND.replace(old, new, 1)
    assert text != SOUND
    with pytest.raises(RuleFileUnusable) as refused:
        read_policy(text.encode())
    assert (refused.value.where, refused.value.problem) == (where, problem)
    assert where in str(refused.value)
    if problem in ("unknown", "twice"):
        assert new.strip().splitlines()[-1].partition(":")[0] in text.splitlines()[refused.value.line - 1]
    assert refused.value.line > 0


@pytest.mark.parametrize(
    ("old", "new", "where", "problem"),
    [
        ("supersedes: 2", "supersedes: 3", "supersedes 3", "not_earlier"),
        ("supersedes: 2", "supersedes: 9", "supersedes 9", "not_earlier"),
        ("required: always, law", "required: never, law", "elements.officer.law", "law_of_nothing"),
        ("place: {required: for_acts}", "act: {required: for_acts}", "elements.act", "circular"),
        ("demands: [place]", "demands: [place, place]", "acts[1].demands place", "twice"),
        ("\n  - {code", "\n  - {code: a, name: {zh: 查封, en: A}}\n  - {code", "acts[2].name.zh 查封", "twice"),
        ("\n  - {code", "\n  - {code: a, name: {zh: 甲, en: SEALING}}\n  - {code", "acts[2].name.en Sealing", "twice"),
    ],
)
def test_nonsense_is_refused_when_it_is_loaded_and_not_when_it_is_read_again(
    old: str, new: str, where: str, problem: str
) -> None:
    text = SOUND.replace(old, new, 1)
    assert text != SOUND
    if problem == "circular":
        text = text.replace("demands: [place]", "demands: [act]")
    file = read_policy(text.encode())
    with pytest.raises(RuleFileUnusable) as refused:
        refuse_nonsense(file)
    assert (refused.value.where, refused.value.problem) == (where, problem)
    refuse_nonsense(read_policy(SOUND.encode()))


@pytest.mark.parametrize("content", [b"", b"- a\n", b"\xff\xfe", b"a: \x00", b"[" * 5000, b"#" * (300 << 10)])
def test_what_is_no_policy_at_all_is_refused(content: bytes) -> None:
    with pytest.raises(RuleFileUnusable):
        read_policy(content)


def test_an_act_defined_twice_is_refused() -> None:
    act = SOUND.strip().rpartition("\n")[2]
    with pytest.raises(RuleFileUnusable) as refused:
        read_policy(f"{SOUND.rstrip()}\n{act}\n".encode())
    assert refused.value.where == "acts[2].code seizure"


def test_what_the_package_ships_is_sound_and_names_its_ground() -> None:
    files = [read_policy(path.read_bytes()) for path in SHIPPED.glob("*.yaml")]
    assert {file.jurisdiction for file in files} == {"CN", "CN-plain"}
    for file in files:
        refuse_nonsense(file)
        assert file.unit_code is None
        grounds: list[Any] = [*file.rules.elements.values(), *file.rules.acts]
        assert all(each.law for each in grounds)
    demanded = {name for file in files for name in file.rules.elements}
    assert demanded == {"unit", "officer", "device", "time", "place", "act", "case"}
