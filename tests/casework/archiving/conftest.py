"""A closed case with a recording in each of its stages, under real keys: ready to be archived."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.archiving.readiness import Wanted
from casework.archiving.retention_rules import load_shipped_retention
from casework.closing import close_case
from casework.handling import name_officer
from casework.linking.by_hand import link_by_hand
from casework.stages import enter_stage
from storage.catalog.recordings import Recording
from storage.keystore import KeyStore, create_key_store
from tests.casework.procedure.conftest import Team, make_team

STAGES = ("initiation", "investigation", "decision", "execution")
ORDINARY = Wanted(secrecy_class="ordinary", retention_class="permanent")


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return create_key_store(tmp_path / "keys")


@pytest.fixture
def team(session: Session, archive: Any) -> Team:
    load_shipped_retention(session, datetime.now(UTC))
    return make_team(session, archive)


@pytest.fixture
def team_in() -> Callable[[Session, Any], Team]:
    """The same in a session of the test's choice, for what commits."""
    return make_team


@pytest.fixture
def recorded(keys: KeyStore) -> Callable[..., Recording]:
    """A recording of the team's under a real wrapped key; `stage`: put into the case there."""

    def make(team: Team, stage: str | None = None, **facts: Any) -> Recording:
        recording = team.archive.recording(team.unit, **facts)
        wrapped = keys.wrap_data_key(team.unit.id, "2026-09", secrets.token_bytes(32))
        recording.kek_id, recording.wrapped_data_key = wrapped.kek_id, wrapped.wrapped
        team.session.flush()
        if stage is not None:
            put(team, recording, stage)
        return recording

    return make


@pytest.fixture
def closed(team: Team, recorded: Callable[..., Recording]) -> Team:
    return close_filled(team, recorded)


@pytest.fixture
def closed_in(recorded: Callable[..., Recording]) -> Callable[[Session, Any], Team]:
    """The same in a session of the test's choice, for what commits."""

    def make(session: Session, archive: Any) -> Team:
        load_shipped_retention(session, datetime.now(UTC))
        return close_filled(make_team(session, archive), recorded)

    return make


def put(team: Team, recording: Recording, stage: str) -> None:
    said = {"recording_id": recording.id, "case_id": team.case.id, "stage": stage, "reason": "同一现场"}
    link_by_hand(team.session, team.officer, **said)


def go_through(team: Team) -> None:
    """To the last stage, with two certified officers."""
    team.archive.certify(team.officer, team.second)
    for each in (team.officer, team.second):
        name_officer(team.session, team.officer, team.case.id, each.id)
    for stage in STAGES[1:]:
        if stage == "execution":
            team.archive.decide(team.case, team.supervisor)
        enter_stage(team.session, team.supervisor, team.case.id, stage)


def close_filled(team: Team, recorded: Callable[..., Recording]) -> Team:
    go_through(team)
    for stage in STAGES:
        recorded(team, stage)
    close_case(team.session, team.supervisor, team.case.id)
    return team
