"""A machine that is gone from one moment to the next, in the middle of uploads: what its stations hold receipts of is
there again on another, from the last backup and the log."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from api.keyring import open_keyring
from api.settings import Settings
from integrity.receipt import open_receipt
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(900)]
CONTENT = b"no picture, but evidence\n" * 8_000


class Station(threading.Thread):
    """Uploads one file after the other, and keeps each receipt, as the instant it came."""

    def __init__(self, url: str, token: str, name: str) -> None:
        super().__init__(daemon=True)
        self._proved = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
        self._url, self._name, self.begun = url, name, 0
        self.receipts: dict[str, bytes] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        try:
            with httpx.Client(base_url=self._url, headers=self._proved, trust_env=False, timeout=30) as http:
                while not self._ended.is_set():
                    self._upload(http)
        except httpx.TransportError:
            return  # the machine is gone

    def end(self) -> None:
        self._ended.set()
        self.join()

    def _upload(self, http: httpx.Client) -> None:
        self.begun += 1
        content = CONTENT + f"{self._name} {self.begun}".encode()
        name = base64.b64encode(f"AB{self.begun:05}_{self.begun:06}_20260102093000.mp4".encode()).decode()
        headers = {"Upload-Length": str(len(content)), "Upload-Metadata": f"filename {name}"}
        place = http.post("/uploads", headers=headers).headers["Location"]
        of_bytes = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        assert http.patch(place, content=content, headers=of_bytes).status_code == 204
        upload_id = place.rpartition("/")[2]
        while (answer := http.get(f"/api/v1/uploads/{upload_id}/receipt")).status_code != 200:
            time.sleep(0.02)
        self.receipts[upload_id] = answer.content


def kill_everything(archive: RunningArchive) -> None:
    """As when the power fails: nobody says a word any more."""
    assert archive.process is not None
    up = psutil.Process(archive.process.pid)
    everything = [up, *up.children(recursive=True)]
    for process in everything:
        os.kill(process.pid, signal.SIGSTOP)
    for process in everything:
        os.kill(process.pid, signal.SIGKILL)
    archive.process.wait(30)
    psutil.wait_procs(everything, timeout=30)


def test_every_receipt_is_there_on_the_new_machine_and_verifies(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    wal, place = tmp_path / "wal", tmp_path / "place"
    wal.mkdir()
    archive = RunningArchive(tmp_path / "old", LIUHEN_HTTP_PROCESSES="1", LIUHEN_WAL_FOLDER=str(wal))
    archive.start()
    try:
        archive.admin("unit", "create", "留痕队", "--code", "WAL-01")
        token = str(archive.admin("station", "enrol", "station", "--unit", "WAL-01")["token"])
        assert archive.run("wal", check=False).returncode == 1  # nothing goes on from a backup yet
        made = json.loads(archive.run("backup", str(place), "--json").stdout)
        status = archive.run("wal", check=False)
        assert status.returncode == 0, status.stdout + status.stderr
        # A unit that the backup does not know, and so keys that it has not got.
        archive.admin("unit", "create", "新队", "--code", "WAL-02")
        other = str(archive.admin("station", "enrol", "other", "--unit", "WAL-02")["token"])
        stations = [Station(archive.url, token, "one"), Station(archive.url, other, "other")]
        for each in stations:
            each.start()
        deadline = time.monotonic() + 240
        while min(len(each.receipts) for each in stations) < 6:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    except BaseException:
        archive.stop()
        raise
    kill_everything(archive)
    receipts = {upload: receipt for each in stations for upload, receipt in each.receipts.items()}
    (archive.data / "postgres").rename(tmp_path / "burnt")  # nothing of it is used
    new = RunningArchive(tmp_path / "new", LIUHEN_HTTP_PROCESSES="1", LIUHEN_WAL_FOLDER=str(wal))
    objects = archive.data / "objects"
    words = (str(place / made["name"]), "--data", str(new.data), "--wal", str(wal), "--objects", str(objects))
    restored = new.run("restore", *words, "--json")
    done = json.loads(restored.stdout)
    assert done["differences"] == 0
    assert done["signed_elsewhere"] is None
    assert done["last_transaction"] is not None
    assert done["objects_since_backup"] >= len(receipts)
    new.start()
    keyring = open_keyring(Settings(data=new.data))
    try:
        for each, of in zip(stations, (token, other), strict=True):
            proved = {"Authorization": f"Bearer {of}"}
            with httpx.Client(base_url=new.url, headers=proved, trust_env=False, timeout=30) as http:
                for upload, receipt in each.receipts.items():
                    answer = http.get(f"/api/v1/uploads/{upload}/receipt")
                    assert answer.status_code == 200, (upload, answer.text)
                    assert answer.content == receipt
                    open_receipt(receipt, [keyring.public_key("receipt")], keyring.ledger_vkey)
        verified = new.run("verify", check=False)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        # It ships a log of its own, and asks for the backup that this goes on from.
        assert httpx.get(f"{new.url}/readyz", trust_env=False).json()["checks"]["wal"] == "WalLacksBackup"
        assert len([path for path in wal.iterdir() if path.is_dir()]) == 2
        again = json.loads(new.run("backup", str(place), "--json").stdout)
        later = Station(new.url, token, "later")
        later.start()
        while not later.receipts:
            assert later.is_alive()
            time.sleep(0.05)
        later.end()
    finally:
        new.stop()
    _require_restored_again(tmp_path, place / again["name"], wal, new, later)


def _require_restored_again(tmp_path: Path, backup: Path, wal: Path, former: RunningArchive, later: Station) -> None:
    """The machine that was restored is lost as well: its server's log is of another timeline."""
    (tmp_path / "third").mkdir()
    third = RunningArchive(tmp_path / "third")
    words = ("--data", str(third.data), "--wal", str(wal), "--objects", str(former.data / "objects"))
    done = json.loads(third.run("restore", str(backup), *words, "--json").stdout)
    assert done["differences"] == 0
    assert done["signed_elsewhere"] is None
    assert done["objects_since_backup"] >= len(later.receipts)
