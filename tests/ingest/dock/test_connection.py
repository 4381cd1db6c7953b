"""What is said of an archive that does not answer: never, or not any more."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.dock import errors
from ingest.dock.connection import Connection


def test_a_connection_that_was_cut_is_told_apart_from_one_that_never_came(archive: Any) -> None:
    url, connection = archive.url, Connection(archive.url, archive.token)
    try:
        connection.ask("GET", "/api/v1/keys/receipt")
        archive.stop()
        with pytest.raises(errors.TryAgain) as cut:
            connection.ask("GET", "/api/v1/keys/receipt")
    finally:
        connection.close()
    assert cut.value.words.zh.startswith(f"与档案系统 {url} 的连接中断：")
    assert f"the connection to the archive at {url} was cut (" in cut.value.words.en
    assert "请核对地址" not in cut.value.words.zh
