"""aiotus, a client that we did not write."""

from __future__ import annotations

import asyncio
import io
import os
import threading
from urllib.parse import urlsplit

import aiotus
import pytest

CONTENT = os.urandom((3 << 20) + 11)
PROVED = {"Authorization": "Bearer t1"}
NAMED = {"filename": "录像.MP4".encode()}


async def upload(tus, content=CONTENT, **settings):
    endpoint = f"http://127.0.0.1:{tus.port}/uploads"
    url = await aiotus.upload(endpoint, io.BytesIO(content), NAMED, headers=PROVED, chunksize=256 << 10, **settings)
    assert url is not None
    return str(url)


def test_aiotus_uploads_several_files_at_once_and_reads_their_metadata_back(tus):
    contents = [os.urandom(1 << 20) for _ in range(4)]

    async def everything():
        urls = await asyncio.gather(*(upload(tus, content) for content in contents))
        return urls, await aiotus.metadata(urls[0], headers=PROVED)

    urls, said = asyncio.run(everything())
    assert [tus.staged(url.rpartition("/")[2]) for url in urls] == contents
    assert [tus.finishes(urlsplit(url).path) for url in urls] == [1, 1, 1, 1]
    assert said == NAMED


def test_aiotus_keeps_to_the_node_that_opened_its_upload(start_server):
    tus = start_server(node="jb-1")
    path = urlsplit(asyncio.run(upload(tus))).path
    assert path.startswith("/uploads/jb-1/")
    assert tus.staged(path.rpartition("/")[2]) == CONTENT


def test_aiotus_resumes_after_the_server_was_killed_and_started_again(start_server):
    """Its own pause and resume: it asks for the offset and goes on, once there is a server again."""
    tus = start_server()
    tus.setup["port"] = tus.port
    begun, offsets = threading.Event(), []

    class Watched(io.BytesIO):
        def seek(self, position, whence=0):
            if whence == 0 and position:
                offsets.append(position)
                if position >= 1 << 20:
                    begun.set()
            return super().seek(position, whence)

        def read(self, size=-1):
            if self.tell() >= 1 << 20:
                begun.set()
            return super().read(size)

    def restart() -> None:
        assert begun.wait(60)
        tus.kill()
        tus.start()

    restarting = threading.Thread(target=restart)
    restarting.start()

    async def whole():
        endpoint = f"http://127.0.0.1:{tus.port}/uploads"
        again = aiotus.RetryConfiguration(retry_attempts=200, max_retry_period_seconds=0.3)
        return await aiotus.upload(endpoint, Watched(CONTENT), NAMED, headers=PROVED, chunksize=64 << 10, config=again)

    url = asyncio.run(whole())
    restarting.join()
    assert url is not None
    assert tus.staged(str(url).rpartition("/")[2]) == CONTENT
    assert tus.finishes(urlsplit(str(url)).path) == 1


def test_aiotus_is_refused_without_a_token(tus, caplog: pytest.LogCaptureFixture):
    endpoint = f"http://127.0.0.1:{tus.port}/uploads"
    once = aiotus.RetryConfiguration(retry_attempts=1)
    assert asyncio.run(aiotus.upload(endpoint, io.BytesIO(CONTENT), NAMED, config=once)) is None
    assert "401" in caplog.text
