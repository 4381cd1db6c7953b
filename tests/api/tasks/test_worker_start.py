"""A worker that cannot do its work ends at its start, with the reason as its last word, and is never called ready."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.engines.roles import DatabaseAddresses

UNPINNED = "no time-stamping authority is pinned"
CONTRADICTION = "the manifest key is"


def renew_manifest_key(data: Path) -> None:
    """As when the key folder was brought back from another backup than the database."""
    shutil.copy(data / "keys" / "signing" / "receipt.key", data / "keys" / "signing" / "manifest.key")


@pytest.mark.parametrize(
    ("spoil", "reason"), [(lambda data: shutil.rmtree(data / "tsa"), UNPINNED), (renew_manifest_key, CONTRADICTION)]
)
def test_custody_does_not_start_without_its_parts(
    sealing: Any, addresses: DatabaseAddresses, tmp_path: Path, spoil: Any, reason: str
) -> None:
    spoil(sealing.settings.data)
    ready = tmp_path / "ready"
    environment = {
        "PATH": "/usr/bin:/bin",
        "LIUHEN_DATA": str(sealing.settings.data),
        "LIUHEN_DATABASE_WORKER_URL": addresses.worker,
        "LIUHEN_TSA_URLS": sealing.settings.tsa_urls[0],
        "LIUHEN_READY_FILE": str(ready),
    }
    command = [sys.executable, "-P", "-m", "api.cli.main", "worker", "custody"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110)
    assert ended.returncode == 1
    assert reason in ended.stderr.splitlines()[-1]
    assert not ready.exists()
