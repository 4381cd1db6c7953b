"""tuspy, a client that we did not write."""

from __future__ import annotations

import io
import os
import threading
import time
from urllib.parse import urlsplit

import pytest
from tusclient.client import TusClient


@pytest.fixture
def recording():
    """tuspy leaves the files that it opens itself to the garbage collector: it gets an open one."""
    return io.BytesIO(os.urandom((5 << 20) + 11))


def uploader_of(tus, recording, **settings):
    client = TusClient(f"http://127.0.0.1:{tus.port}/uploads", headers={"Authorization": "Bearer t1"})
    return client.uploader(file_stream=recording, metadata={"filename": "录像.MP4"}, **settings)


@pytest.mark.parametrize("chunk_bytes", [1 << 20, 64 << 20])
@pytest.mark.parametrize("checksum", [False, True])
def test_tuspy_uploads_a_file(tus, recording, chunk_bytes, checksum):
    uploader = uploader_of(tus, recording, chunk_size=chunk_bytes, upload_checksum=checksum)
    uploader.upload()
    assert tus.staged(uploader.url.rpartition("/")[2]) == recording.getvalue()
    assert tus.finishes(uploader.url) == 1


def test_tuspy_keeps_to_the_node_that_opened_its_upload(start_server, recording):
    tus = start_server(node="jb-1")
    uploader = uploader_of(tus, recording, chunk_size=1 << 20)
    uploader.upload()
    assert urlsplit(uploader.url).path.startswith("/uploads/jb-1/")
    assert tus.staged(uploader.url.rpartition("/")[2]) == recording.getvalue()


def test_tuspy_resumes_after_the_server_was_killed(start_server, recording):
    tus = start_server()
    uploader = uploader_of(tus, recording, chunk_size=256 << 10)
    uploader.upload(stop_at=2 << 20)
    path = urlsplit(uploader.url).path
    tus.kill()
    tus.start()
    again = uploader_of(tus, recording, chunk_size=1 << 20, url=f"http://127.0.0.1:{tus.port}{path}")
    assert again.offset == 2 << 20
    again.upload()
    assert tus.staged(path.rpartition("/")[2]) == recording.getvalue()


def test_tuspy_retries_by_itself_over_a_restart(start_server, recording):
    tus = start_server()
    uploader = uploader_of(tus, recording, chunk_size=64 << 10, retries=600, retry_delay=0.1)
    uploader.set_url(uploader.create_url())
    tus.setup["port"] = tus.port

    def restart() -> None:
        time.sleep(0.05)
        tus.kill()
        tus.start()

    restarting = threading.Thread(target=restart)
    restarting.start()
    uploader.upload()
    restarting.join()
    assert tus.staged(uploader.url.rpartition("/")[2]) == recording.getvalue()
    assert tus.finishes(uploader.url) == 1
