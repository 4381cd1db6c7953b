"""The root key has a passphrase from the first start: footage is sealed, keys change hands, all of it plays."""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.journeys.placing import place_in_case
from tests.journeys.running import RunningArchive

pytestmark = [pytest.mark.journey, pytest.mark.thorough, pytest.mark.timeout(600)]
PEOPLE = {"yaoguan": ("supervisor", "钥官", "--badge", "000777"), "yaofa": ("legal_reviewer", "钥法")}
FIRST, SECOND = "the first passphrase", "the second passphrase"


class Keeper:
    """Whoever has the passphrase file of an archive that was started with it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "root-passphrase"
        self.write(FIRST)
        self.archive = RunningArchive(
            folder,
            LIUHEN_HTTP_PROCESSES="2",
            LIUHEN_ROOT_HOLDER="passphrase",
            LIUHEN_ROOT_PASSPHRASE_FILE=str(self.file),
        )

    def write(self, *lines: str) -> None:
        self.file.write_text("\n".join(lines))

    def checks_or_none(self) -> dict[str, str] | None:
        """None while nobody answers."""
        try:
            return self.checks()
        except httpx.TransportError:
            return None

    def checks(self) -> dict[str, str]:
        answer: dict[str, str] = httpx.get(f"{self.archive.url}/readyz", timeout=10, trust_env=False).json()["checks"]
        return answer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def keeper(folder: Path) -> Iterator[Keeper]:
    keeper = Keeper(folder)
    keeper.archive.start()
    try:
        yield keeper
    finally:
        keeper.archive.stop()


class Playing:
    """Somebody fetches the same recording over and over, in a thread."""

    def __init__(self, client: httpx.Client, recording: str, content: bytes) -> None:
        self._client, self._path, self._content = client, f"/api/v1/recordings/{recording}/original", content
        self._stop, self.failed, self.played = threading.Event(), [], 0
        self._thread = threading.Thread(target=self._play)

    def __enter__(self) -> Playing:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        self._thread.join()

    def _play(self) -> None:
        while not self._stop.wait(0.05):
            self.once()

    def until_played_again(self) -> None:
        """From its beginning, after this was called."""
        before, deadline = self.played, time.monotonic() + 60
        while self.played < before + 2 and not self.failed:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def once(self) -> None:
        answer = self._client.get(self._path)
        if answer.status_code == 200 and answer.content == self._content:
            self.played += 1
        else:
            self.failed.append(answer.text)


@pytest.fixture(scope="module")
def granted(keeper: Keeper, folder: Path) -> Iterator[tuple[httpx.Client, str, bytes]]:
    """Somebody who may have the original of what was sealed, which one, and its bytes."""
    archive, content = keeper.archive, secrets.token_bytes(3 << 20)
    archive.people("钥匙执法大队", "KEY-1", PEOPLE)
    seal(archive, folder, content)
    tokens = {name: str(archive.admin("token", "create", "--person", name)["token"]) for name in PEOPLE}
    with archive.client(tokens["yaoguan"]) as officer:
        yield officer, let_copy(officer, tokens["yaofa"], archive), content


def let_copy(officer: httpx.Client, legal_token: str, archive: RunningArchive) -> str:
    """The recording whose original he may have from now on."""
    recording_id, case_id = place_in_case(officer, "江综执罚〔2026〕第77号")
    asked = {"case_id": case_id, "kind": "copy", "purpose": "移送法院", "unredacted_reason": "移送法院"}
    request = officer.post("/api/v1/requests", json=asked).raise_for_status().json()
    with archive.client(legal_token) as legal:
        consent = {"hours": 24, "consent_reason": "移送法院"}
        legal.post(f"/api/v1/requests/{request['id']}/approve", json=consent).raise_for_status()
    return recording_id


def seal(archive: RunningArchive, folder: Path, content: bytes) -> None:
    """From a card to the receipt."""
    number = secrets.token_hex(4)
    card = folder / f"card-{number}"
    card.mkdir()
    (card / "AB00777_000777_20260309090000.MP4").write_bytes(content)
    token = archive.enrol(f"采集站{number}", "--unit", "KEY-1")
    where = ("--station-token-file", str(token), "--url", archive.url, "--state", str(folder / f"state-{number}"))
    archive.run("dock", str(card), *where, "--wipe")


@pytest.mark.thorough
def test_a_passphrase_that_is_wrong_for_a_while_loses_nothing(
    keeper: Keeper, granted: tuple[httpx.Client, str, bytes], folder: Path
) -> None:
    """What runs has the root open; what starts again meanwhile does not, and waits."""
    archive = keeper.archive
    keeper.write("a slip of the pen")
    for pid in archive.processes("http"):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while (found := keeper.checks_or_none()) is None or found["keys"] != "RootSecretWrong":
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    keeper.write(FIRST)
    while (found := keeper.checks_or_none()) is None or found["keys"] != "ok":
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    with Playing(*granted) as playing:
        playing.until_played_again()
    assert playing.failed == []


def test_footage_plays_while_the_root_key_changes_hands_and_after_it_was_lost(
    keeper: Keeper, granted: tuple[httpx.Client, str, bytes], folder: Path
) -> None:
    archive, root = keeper.archive, keeper.archive.data / "keys" / "root"
    assert not (root / "root.key").exists(), "it was never on the disk in the clear"
    shares = json.loads(archive.run("keys", "split", "--shares", "3", "--threshold", "2", "--json").stdout)["texts"]
    with Playing(*granted) as playing:
        keeper.write(SECOND, FIRST)
        assert "无需重启" in archive.run("keys", "rotate", "root").stdout
        keeper.write(SECOND)
        seal(archive, folder, secrets.token_bytes(1 << 20))
        unit, month = "KEY-1", next(root.glob("keys/*/*")).name
        archive.run("keys", "rotate", "kek", "--unit", unit, "--month", month)
        refused = archive.run("keys", "rotate", "root", "--to", "environment", check=False)
        assert refused.returncode == 2, "no key is given"
        playing.until_played_again()
    assert playing.failed == []

    keeper.write("nobody remembers the second")
    archive.stop()
    with pytest.raises(AssertionError, match="liuhen keys recover"):
        archive.start()
    typed = folder / "typed"
    typed.write_text("\n\n".join(shares[1:]))
    archive.run("keys", "recover", str(typed))
    archive.start()
    assert keeper.checks()["keys"] == "ok"
    playing.once()
    seal(archive, folder, secrets.token_bytes(1 << 20))
    assert playing.failed == []
    said = b"".join(path.read_bytes() for path in (archive.data / "log").iterdir()) + (folder / "up.log").read_bytes()
    for secret in (FIRST, SECOND, "nobody remembers", *(line.strip() for each in shares for line in each.splitlines())):
        assert secret.encode() not in said
