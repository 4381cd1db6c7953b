"""The station token, bare or as enrolment prints it."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from ingest.dock.errors import TokenUnusable
from ingest.dock.token import read_station_token
from integrity.keys import SigningKey

KEY = SigningKey.generate()
PIN = base64.urlsafe_b64encode(bytes.fromhex(KEY.key_id)).decode().rstrip("=")
TOKEN = f"lhs1.{'s' * 43}.{PIN}"


@pytest.mark.parametrize(
    "text",
    [TOKEN, TOKEN + "\n", json.dumps({"token": TOKEN, "station_id": "x"}), "\ufeff" + TOKEN],
    ids=["bare", "line", "json", "byte order mark"],
)
def test_token_carries_the_pin_of_the_receipt_key(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.touch(0o600)
    path.write_text(text, encoding="utf-8")
    token = read_station_token(path)
    assert token.text == TOKEN
    assert token.pinned_key_id == KEY.key_id


def test_secret_is_not_printed(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch(0o600)
    path.write_text(TOKEN)
    assert "sss" not in repr(read_station_token(path))


@pytest.mark.parametrize(
    "content",
    [b"", b"lhs1.short.short", TOKEN[:-1].encode(), (TOKEN + " x").encode(), b"{not json", b"{}", b"[]", b"\xff\xfe"],
    ids=["empty", "short", "cut", "with more", "broken json", "no token", "a list", "no text"],
)
def test_file_without_a_token_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(TokenUnusable, match="enrol"):
        read_station_token(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_file_of_ours_that_others_may_touch_is_refused_and_anothers_is_his_affair(
    tmp_path: Path, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    path.chmod(mode)
    with pytest.raises(TokenUnusable, match=f"mode {mode:04o} lets others.*chmod 600 {path}"):
        read_station_token(path)
    owner = path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert read_station_token(path).text == TOKEN


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TokenUnusable, match="no such file"):
        read_station_token(tmp_path / "token")


def test_a_station_that_lost_its_token_is_told_how_to_get_another(tmp_path: Path) -> None:
    with pytest.raises(TokenUnusable) as refused:
        read_station_token(tmp_path / "token")
    assert "没有这个文件或目录" in refused.value.words.zh
    assert "liuhen admin station token 名称" in refused.value.words.zh
    assert "liuhen admin station token NAME" in refused.value.words.en
