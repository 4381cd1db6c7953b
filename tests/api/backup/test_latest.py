"""That a backup is due is seen from outside, where a setting asks for backups."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from api.backup.errors import BackupLate
from api.backup.latest import note_backup
from api.backup.moments import latest_backup, note_moment, require_recent_backup
from api.http.gauges import show_gauges
from api.http.readiness import judge_readiness


def test_a_backup_is_late_after_so_many_days_or_where_there_is_none(session: Session, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    assert latest_backup(session, tmp_path) is None
    with pytest.raises(BackupLate):
        require_recent_backup(session, tmp_path, 1)
    note_moment(session, now - timedelta(hours=20))
    note_moment(session, now - timedelta(hours=30))
    require_recent_backup(session, tmp_path, 1, now)
    with pytest.raises(BackupLate):
        require_recent_backup(session, tmp_path, 1, now + timedelta(hours=5))


def test_what_an_earlier_release_noted_in_the_data_folder_counts(session: Session, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    note_moment(session, now - timedelta(hours=20))
    note_backup(tmp_path, now - timedelta(hours=2))
    assert latest_backup(session, tmp_path) == now - timedelta(hours=2)
    (tmp_path / "last-backup.json").write_bytes(b"no JSON")
    assert latest_backup(session, tmp_path) == now - timedelta(hours=20)


def test_metrics_tell_its_age_and_readyz_asks_for_it_only_where_a_setting_does(sealing: Any) -> None:
    archive = sealing.archive
    assert "backup" not in judge_readiness(archive).checks
    assert b"liuhen_backup_age_seconds " not in show_gauges(archive)
    asked = replace(archive, settings=archive.settings.model_copy(update={"backup_days": 2}))
    assert judge_readiness(asked).checks["backup"] == "BackupLate"
    assert judge_readiness(asked).ready
    with archive.database.transaction() as session:
        note_moment(session, datetime.now(UTC) - timedelta(hours=1))
    assert judge_readiness(asked).checks["backup"] == "ok"
    (age,) = [
        line for line in show_gauges(asked).decode().splitlines() if line.startswith("liuhen_backup_age_seconds ")
    ]
    assert 3600 <= float(age.split()[1]) < 3700
