"""`liuhen demo` and `liuhen up --demo` as a stranger runs them. What they say is checked against files and digests."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.demo.footage import CAMERA, SHIFT_BEGAN_AT, copy_real_clips

# Everything there is, from the first engine to the last verification: half a minute on an idle machine.
pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]
LIUHEN = str(Path(sys.executable).with_name("liuhen"))
NAMED = CAMERA.file_name(SHIFT_BEGAN_AT, "MP4")
# The last two of the shift: the officer was at work on another case within the five minutes a clock may be off.
ASKED_ABOUT = {
    CAMERA.file_name(SHIFT_BEGAN_AT + timedelta(minutes=minutes), kind) for minutes, kind in ((5, "MP4"), (6, "JPG"))
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A stranger's: no ffmpeg to be found, an empty home, and nothing set but where the data goes."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")}
    named = {"HOME": str(home), "PATH": "/nowhere", "LIUHEN_DATA": str(tmp_path / "data"), "PYTHONUTF8": "1"}
    return {**kept, **named, "LIUHEN_BIND": "127.0.0.1:0"}


def make_card(folder: Path) -> dict[str, bytes]:
    (folder / "sub").mkdir(parents=True)
    for clip in copy_real_clips(folder):
        if clip.name not in ("carphone_pristine.mp4", "bikes.mp4"):
            clip.unlink()
    (folder / NAMED).write_bytes((folder / "bikes.mp4").read_bytes() + b"\0\0\0\x08free")
    shutil.copyfile(folder / "bikes.mp4", folder / "sub/again.mp4")
    (folder / "notes [red]现场.mp4").write_text("这不是录像\n")
    (folder / "empty.mp4").touch()
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for path in (folder, folder / "sub"):
        path.chmod(0o500)
    return contents


def processes_of(folder: Path) -> list[str]:
    """Whatever still runs in the folder or with it on its command line."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            words, place = process.joinpath("cmdline").read_bytes(), str(process.joinpath("cwd").readlink())
        except OSError:
            continue
        if os.fsencode(folder) in words or place.startswith(str(folder)):
            found.append(words.replace(b"\0", b" ").decode())
    return found


def test_the_demo_holds_what_it_promises(tmp_path: Path, environment: dict[str, str]) -> None:
    contents = make_card(tmp_path / "card")
    command = [LIUHEN, "demo", "--footage", str(tmp_path / "card")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd="/", timeout=360)
    assert done.returncode == 0, done.stdout + done.stderr
    assert processes_of(tmp_path) == []
    demo = tmp_path / "data/demo"
    result = json.loads((demo / "result.json").read_bytes())
    check_recordings(result, contents)
    check_what_was_shown(result, done.stdout)
    check_what_is_left(demo, result)
    assert {path.relative_to(tmp_path / "card").as_posix() for path in (tmp_path / "card").rglob("*.mp4")} >= {
        "empty.mp4",
        "sub/again.mp4",
    }


def check_recordings(result: Any, contents: dict[str, bytes]) -> None:
    rows = {row["sha256"]: row for row in result["recordings"]}
    expected = {hashlib.sha256(content).hexdigest() for content in contents.values() if content}
    assert len(rows) == len(result["recordings"])
    assert set(rows) == expected
    for row in rows.values():
        assert hashlib.sha256(contents[row["name"]]).hexdigest() == row["sha256"]
        assert hashlib.new("sm3", contents[row["name"]]).hexdigest() == row["sm3"]
        assert row["verified"] is True
        assert row["playable"] is not row["name"].startswith("notes")
        assert row["case"] == "演罚〔2026〕1号"
    assert len({row["ledger_index"] for row in rows.values()}) == len(rows)
    assert sorted([*result["repeats"], *result["repeats"].values()]) == ["bikes.mp4", "sub/again.mp4"]
    assert result["empty_files"] == ["empty.mp4"]


def check_what_was_shown(result: Any, told: str) -> None:
    assert result["refused_without_grant"] is True
    assert result["kills_survived"] == 2
    assert [kill["what"] for kill in result["kills"]] == ["agent", "http"]
    for kill in result["kills"]:
        assert 0.2 <= kill["sent_part"] < 0.8
        assert kill["after"]
        assert all(kill["before"][name] <= offset for name, offset in kill["after"].items())
    assert f"{NAMED} 可能属于" in told
    assert "HTTP 403" in told
    assert "with --trust it fails" in told


def check_what_is_left(demo: Path, result: Any) -> None:
    """The package and the keys handed over, which hold together; no token, no tampered copy."""
    verify = [sys.executable, "-m", "integrity", "verify", str(demo / "package"), "--trust", str(demo / "trust")]
    assert subprocess.run(verify, capture_output=True, cwd="/").returncode == 0
    assert (demo / "package" / result["tampering_found"]).is_file()
    assert (demo / "trust/trust.json").stat().st_mtime < (demo / "package/package.dsse.json").stat().st_mtime
    assert {path.name for path in demo.iterdir()} == {"archive", "log", "package", "trust", "result.json"}


@pytest.mark.thorough
def test_an_empty_archive_is_filled_and_everybody_can_sign_in(tmp_path: Path, environment: dict[str, str]) -> None:
    told = tmp_path / "told.txt"
    with told.open("w") as output:
        process = subprocess.Popen([LIUHEN, "up", "--demo"], env=environment, stdout=output, stderr=output, cwd="/")
    try:
        # Whoever reads that it is ready signs in at once: content is still being filled in.
        text = read_until(told, "留痕已就绪 / ready: ", process)
        address = re.findall(r"ready: (http://\S+)", text)[0]
        sign_ins = re.findall(r"│\s*(demo-[a-z]+)\s*│[^│]*│[^│]*│\s*(\S+?)\s*│", text)
        assert len(sign_ins) == 7
        marker = (tmp_path / "data/demo.json").read_text()
        roles = set()
        for name, password in sign_ins:
            assert password not in marker
            with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
                roles.add(sign_in(client, name, password))
        read_until(told, "the demo's content is complete", process)
        for name, password in sign_ins:
            find_work(address, name, password)
        assert roles == {"administrator", "officer", "supervisor", "legal_reviewer", "publisher", "auditor"}
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert processes_of(tmp_path) == []


def sign_in(client: httpx.Client, name: str, password: str) -> str:
    """The role of whoever signed in."""
    signed_in = client.post("/api/v1/session", json={"sign_in_name": name, "password": password})
    assert signed_in.status_code == 200, signed_in.text
    return str(signed_in.json()["role"])


def find_work(address: str, name: str, password: str) -> None:
    """An officer and a supervisor find something to do."""
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        role = sign_in(client, name, password)
        if role == "officer":
            asked = client.get("/api/v1/link-questions").json()["items"]
            assert {each["recording"]["original_name"] for each in asked} == ASKED_ABOUT
        if role == "supervisor":
            assert [each["may_decide"] for each in client.get("/api/v1/requests").json()["items"]] == [True]
        assert "演示档案：" in client.get("/", follow_redirects=True).text


def read_until(path: Path, words: str, process: subprocess.Popen[bytes], seconds: float = 180.0) -> str:
    deadline = time.monotonic() + seconds
    while words not in (text := path.read_text()):
        assert process.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.2)
    return text
