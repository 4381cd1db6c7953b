"""tus-js-client and @uppy/tus, clients from npm that we did not write: tests/clients has the program they run in."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

CLIENTS = Path(__file__).parents[2] / "clients"
CHUNK_BYTES = 256 << 10
NAMES = ("tus-js-client", "uppy")


@pytest.fixture(scope="module")
def program():
    subprocess.run([CLIENTS / "install"], check=True)
    return CLIENTS / "upload.mjs"


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"录像-{number}.MP4" for number in range(4)]
    for path in paths:
        path.write_bytes(os.urandom(3 * CHUNK_BYTES + 11))
    return paths


@contextlib.contextmanager
def running(program, tus, client, files, **order):
    whole = {
        "client": client,
        "endpoint": f"http://127.0.0.1:{tus.port}/uploads",
        "token": "t1",
        "files": [str(path) for path in files],
        "chunk_bytes": CHUNK_BYTES,
        **order,
    }
    command = ["node", program, json.dumps(whole)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        try:
            yield client
        finally:
            client.kill()


def end(client):
    """The paths of its uploads."""
    out, _ = client.communicate("\n", timeout=60)
    assert client.returncode == 0
    return [urlsplit(url).path for url in json.loads(out.splitlines()[-1])["urls"]]


def assert_received(tus, paths, files):
    received = [hashlib.sha256(tus.staged(path.rpartition("/")[2])).hexdigest() for path in paths]
    assert received == [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    assert [tus.finishes(path) for path in paths] == [1] * len(files)


@pytest.mark.parametrize("client", NAMES)
def test_several_files_at_once(program, tus, files, client):
    with running(program, tus, client, files) as process:
        paths = end(process)
    assert len(set(paths)) == len(files)
    assert_received(tus, paths, files)


@pytest.mark.parametrize("client", NAMES)
def test_pause_and_resume_after_the_server_was_killed_and_started_again(program, start_server, files, client):
    tus = start_server()
    with running(program, tus, client, files[:1], pause_at_bytes=CHUNK_BYTES) as process:
        assert json.loads(process.stdout.readline()) == {"paused": True}
        (upload_id,) = json.loads((tus.folder / "register.json").read_text())["uploads"]
        assert CHUNK_BYTES <= tus.recorded(upload_id) < files[0].stat().st_size
        tus.setup["port"] = tus.port
        tus.kill()
        tus.start()
        (path,) = end(process)
    assert path.endswith(upload_id)
    assert_received(tus, [path], files[:1])


@pytest.mark.parametrize("client", NAMES)
def test_an_upload_keeps_to_the_node_that_opened_it(program, start_server, files, client):
    tus = start_server(node="jb-1")
    with running(program, tus, client, files[:1]) as process:
        (path,) = end(process)
    assert path.startswith("/uploads/jb-1/")
    assert_received(tus, [path], files[:1])


def test_a_stream_whose_length_shows_only_at_its_end(program, tus, files):
    with running(program, tus, "tus-js-client", files[:1], defer=True) as process:
        paths = end(process)
    assert_received(tus, paths, files[:1])
