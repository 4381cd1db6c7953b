"""How much of small bodies is gathered before anything of them is written, however many come at once."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import ExitStack
from typing import Any

from ingest.uploads.application import tus_application
from ingest.uploads.body_room import WHOLE_BODIES_BYTES, BodyRoom
from ingest.uploads.contract import PROMISED_BYTES
from ingest.uploads.staging import Staging
from tests.ingest.uploads.serving import FileRegister, small_limits

BODIES = 40
PIECE = b"x" * (PROMISED_BYTES // 16)


def gathered_bytes(tmp_path, uploads: int) -> tuple[int, list[int]]:
    """How much the server takes of BODIES whole bodies of 1 MiB for so many uploads while others have these uploads'
    locks, and each one's answer once they let go.
    """
    register_file = tmp_path / "register.json"
    row = {"id": str(uuid.uuid4()), "max_uploads": 10_000, "max_waiting_bytes": 1 << 40}
    register_file.write_text(json.dumps({"stations": {"t1": row}, "uploads": {}}))
    staging = Staging(tmp_path / "staging")
    limits = small_limits(keep_free_bytes=0, believe_seconds=1000)
    application = tus_application(FileRegister(register_file), staging, limits, lambda _: None)
    taken = 0

    async def ask(method: str, path: str, headers: dict[str, str], pieces: int) -> tuple[int, dict[str, str]]:
        left, answer = pieces, {}

        async def receive() -> dict[str, Any]:
            nonlocal left, taken
            await asyncio.sleep(0)
            left -= 1
            if "status" not in answer:  # what comes after a refusal is thrown away
                taken += len(PIECE)
            return {"type": "http.request", "body": PIECE, "more_body": left > 0}

        async def send(message: dict[str, Any]) -> None:
            answer.update(message)

        every = {"Tus-Resumable": "1.0.0", "Authorization": "Bearer t1", "Host": "archive.test"}
        sent = [(name.lower().encode(), value.encode()) for name, value in {**every, **headers}.items()]
        await application({"type": "http", "method": method, "path": path, "headers": sent}, receive, send)
        return answer["status"], {name.decode(): value.decode() for name, value in answer["headers"]}

    async def run() -> tuple[int, list[int]]:
        nonlocal taken
        created = [await ask("POST", "", {"Upload-Length": str(PROMISED_BYTES)}, 0) for _ in range(uploads)]
        paths = ["/" + headers["location"].rpartition("/")[2] for _, headers in created]
        with ExitStack() as holding:
            for path in paths:
                assert holding.enter_context(staging.take_first_ticket(path[1:], PROMISED_BYTES)).try_lock()
            patch = {
                "Upload-Offset": "0",
                "Content-Type": "application/offset+octet-stream",
                "Content-Length": str(PROMISED_BYTES),
            }
            asked = [asyncio.create_task(ask("PATCH", path, patch, 16)) for path in paths * (BODIES // uploads)]
            await asyncio.sleep(3)
            gathered = taken
        return gathered, [status for status, _ in await asyncio.gather(*asked)]

    return asyncio.run(run())


def test_of_many_bodies_for_one_upload_one_is_gathered(tmp_path):
    gathered, statuses = gathered_bytes(tmp_path, 1)
    assert gathered <= 2 * PROMISED_BYTES
    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 409, 423}


def test_of_many_large_bodies_a_few_are_gathered_and_the_room_is_left_to_small_ones(tmp_path):
    gathered, statuses = gathered_bytes(tmp_path, BODIES)
    assert gathered <= WHOLE_BODIES_BYTES // 2
    assert statuses == [204] * BODIES


def test_beside_others_nobody_takes_more_than_a_quarter_of_what_is_left():
    room = BodyRoom(100)
    small = [room.reservation() for _ in range(40)]
    taken = [each.take(str(number), 5) for number, each in enumerate(small)]
    assert taken == [True] * 17 + [False] * 23
    for each in small:
        each.leave()
    assert room.reservation().take("alone", 100)


def test_a_reservation_is_given_back_once_however_its_request_ends():
    room = BodyRoom(100)
    with room.reservation() as first, room.reservation() as second:
        assert first.take("a", 60)
        assert not second.take("a", 1)
        assert not second.take("b", 11)
        assert second.take("b", 10)
        first.leave()
        first.leave()
        assert room.reservation().take("a", 22)
    with room.reservation() as last:
        assert not last.take("c", 20)
        assert last.take("c", 19)
