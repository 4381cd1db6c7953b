"""Settings: defaults, what each variable takes, and one clear line for what is no use."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.errors import SettingInvalid, UsageRefused
from api.setting_values import BindAddress
from api.settings import child_environment, load_settings, setting_names

DOCUMENTED = Path(__file__).parents[2] / "docs" / "operating.md"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("LIUHEN_"):
            monkeypatch.delenv(name)


def test_defaults_make_an_archive_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.data == tmp_path / "var"
    assert settings.bind == BindAddress("127.0.0.1", 8000)
    assert settings.database_url is settings.broker_url is None
    assert settings.tsa_urls == ()
    assert (settings.uploads_at_once, settings.uploads_waiting, settings.upload_rate_seconds) == (64, 128 << 30, 60)
    twelve_hours_bytes = 12 * 2_600_000_000  # GA/T 947.2: 1080p at its highest rate
    assert settings.uploads_waiting > settings.upload_size > twelve_hours_bytes


def test_values_are_read_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_DATA", str(tmp_path / "a" / ".." / "data"))
    monkeypatch.setenv("LIUHEN_BIND", "[::1]:80")
    monkeypatch.setenv("LIUHEN_TSA_URLS", "http://a.example/tsa, http://b.example")
    monkeypatch.setenv("LIUHEN_UPLOADS_WAITING", "2GiB")
    monkeypatch.setenv("LIUHEN_BROKER_URL", "")
    monkeypatch.setenv("LIUHEN_NODE", "jb-1")
    monkeypatch.setenv("LIUHEN_NODES", "jb-1, jb-2 jb-1,")
    settings = load_settings()
    assert (settings.node, settings.nodes) == ("jb-1", ("jb-1", "jb-2"))
    assert settings.data == tmp_path / "data"
    assert settings.bind.url == "http://[::1]:80"
    assert settings.tsa_urls == ("http://a.example/tsa", "http://b.example")
    assert settings.uploads_waiting == 2 << 30
    assert settings.broker_url is None


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("LIUHEN_BIND", "8000", "host:port"),
        ("LIUHEN_BIND", "localhost:70000", "host:port"),
        ("LIUHEN_BIND", "a b:1", "host:port"),
        ("LIUHEN_DATABASE_URL", "sqlite:///x", "postgresql://"),
        ("LIUHEN_BROKER_URL", "localhost:6379", "redis://"),
        ("LIUHEN_TSA_URLS", "http://a.example, ftp://b.example", "http(s)://"),
        ("LIUHEN_FFMPEG_FOLDER", "/nonexistent", "executable"),
        ("LIUHEN_PUSH_URL", "http://platform.example/v1", "https://"),
        ("LIUHEN_PUSH_URL", "https://platform.example/v1?to=elsewhere", "https://"),
        ("LIUHEN_PUSH_URL", "https://platform.example:0/v1", "https://"),
        ("LIUHEN_PUSH_URL", "https:///v1", "https://"),
        ("LIUHEN_PUSH_URL", "ftp://127.0.0.1/v1", "https://"),
        ("LIUHEN_NAME_PATTERNS", "{officer}{device}_{time}", "needs a length"),
        ("LIUHEN_S3_URL", "s3.example", "https://host:port"),
        ("LIUHEN_S3_URL", "https://s3.example/bucket", "https://host:port"),
        ("LIUHEN_S3_BUCKET", "Liuhen", "a bucket's name"),
        ("LIUHEN_S3_CA_FILE", "/nonexistent", "the path of a file"),
        ("LIUHEN_STATE_SECRET_LICENCE", "x" * 201, "the number of the approval"),
        *(("LIUHEN_NODE", name, "a node's name") for name in ("JB", "-a", "a/b", "a b", "a" * 32, "采集")),
        ("LIUHEN_NODES", "jb-1,JB-2", "names of nodes"),
        ("LIUHEN_UPLOADS_AT_ONCE", "0", "a whole number from 1 to 2147483647"),
        ("LIUHEN_UPLOADS_AT_ONCE", "2147483648", "a whole number from 1 to 2147483647"),
        ("LIUHEN_STATION_HISTORY_DAYS", "36501", "a whole number from 1 to 36500"),
        ("LIUHEN_UPLOAD_SIZE", "8EiB", "less than 8EiB"),
        ("LIUHEN_UPLOAD_SIZE", "inf", "16GiB"),
        ("LIUHEN_UPLOAD_SIZE", "-1", "16GiB"),
    ],
)
def test_a_useless_value_is_named_with_what_to_write(
    name: str, value: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingInvalid) as refusal:
        load_settings()
    message = str(refusal.value)
    assert refusal.value.exit_code == 2
    assert "\n" not in message
    for part in (name, value, wanted):
        assert part in message


def test_each_length_of_time_has_an_end_that_a_calendar_still_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody wrote a million days for "always", and the sweep that counts back from today failed with each round."""
    lengths = {"DAYS": "days", "HOURS": "hours", "SECONDS": "seconds"}
    named = {name: lengths[name.rpartition("_")[2]] for name in setting_names() if name.rpartition("_")[2] in lengths}
    assert len(named) > 10
    now = datetime.now(UTC)
    for name, unit in named.items():
        monkeypatch.setenv(name, "9" * 30)
        with pytest.raises(SettingInvalid) as refusal:
            load_settings()
        most = int(re.findall(r"from 1 to (\d+)", str(refusal.value))[0])
        monkeypatch.setenv(name, str(most))
        load_settings()
        assert now - timedelta(**{unit: most}) < now < now + timedelta(**{unit: most})
        monkeypatch.delenv(name)


def test_a_password_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_DATABASE_URL", "mysql://liuhen:hunter2@db/liuhen")
    with pytest.raises(SettingInvalid) as refusal:
        load_settings()
    assert "hunter2" not in str(refusal.value)
    assert "mysql://liuhen:" in str(refusal.value)


@pytest.mark.parametrize("address", ["https://platform.example/v1", "http://127.0.0.1:9/v1", "http://[::1]/v1"])
def test_the_platform_is_spoken_to_over_tls_or_on_this_machine(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_PUSH_URL", address)
    assert load_settings().push_url == address


def test_a_token_is_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_PUSH_TOKEN", "geheim mit Luft")
    with pytest.raises(SettingInvalid) as refusal:
        load_settings()
    assert "LIUHEN_PUSH_TOKEN" in str(refusal.value)
    assert "geheim" not in f"{refusal.value} {refusal.value.__cause__}"
    monkeypatch.setenv("LIUHEN_PUSH_TOKEN", "geheim")
    settings = load_settings()
    assert (settings.push_token, "geheim" in repr(settings)) == ("geheim", False)


def test_a_user_in_the_platforms_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_PUSH_URL", "https://liuhen:hunter2@platform.example/v1")
    with pytest.raises(SettingInvalid) as refusal:
        load_settings()
    assert "hunter2" not in str(refusal.value)


def test_a_misspelt_name_is_refused_rather_than_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_CORPUS", "/srv/corpus")
    monkeypatch.setenv("LIUHEN_SOMETHING_ELSE_ENTIRELY", "1")
    load_settings()
    monkeypatch.setenv("LIUHEN_DATABSE_URL", "postgresql://db/liuhen")
    with pytest.raises(UsageRefused, match="did you mean LIUHEN_DATABASE_URL"):
        load_settings()


def test_children_get_no_database_address_and_no_token_they_were_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("", "OWNER_", "WORKER_", "SEQUENCER_"):
        monkeypatch.setenv(f"LIUHEN_DATABASE_{role}URL", "postgresql://db/liuhen")
    monkeypatch.setenv("LIUHEN_UPLOADS_AT_ONCE", "8")
    monkeypatch.setenv("LIUHEN_PUSH_TOKEN", "geheim")
    environment = child_environment({"LIUHEN_DATABASE_URL": "postgresql://app@db/liuhen"})
    given = {name: value for name, value in environment.items() if name.startswith("LIUHEN_")}
    assert given == {"LIUHEN_DATABASE_URL": "postgresql://app@db/liuhen", "LIUHEN_UPLOADS_AT_ONCE": "8"}


def test_an_address_is_read_from_the_file_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "worker").write_text("postgresql://liuhen_worker:geheim@db/liuhen\n")
    (tmp_path / "broker").write_text("redis://:geheim@broker/0")
    monkeypatch.setenv("LIUHEN_DATABASE_WORKER_URL_FILE", str(tmp_path / "worker"))
    monkeypatch.setenv("LIUHEN_BROKER_URL_FILE", str(tmp_path / "broker"))
    settings = load_settings()
    assert settings.database_worker_url == "postgresql://liuhen_worker:geheim@db/liuhen"
    assert (settings.broker_url, settings.database_url) == ("redis://:geheim@broker/0", None)
    # A child is handed the address that is its own, and no way to another's.
    environment = child_environment({"LIUHEN_BROKER_URL": "redis://:geheim@broker/0"})
    assert {name for name in environment if name.startswith("LIUHEN_")} == {"LIUHEN_BROKER_URL"}


@pytest.mark.parametrize(
    ("content", "more", "said"),
    [
        (b"", {}, "in one line without spaces"),
        (b"postgresql://a:geheim@db/x\npostgresql://b:geheim@db/x\n", {}, "in one line without spaces"),
        (b"\xff\xfegeheim", {}, "cannot be read"),
        (b"mysql://liuhen:geheim@db/x", {}, "write postgresql://"),
        (b"postgresql://liuhen:geheim@db/x", {"LIUHEN_DATABASE_URL": "postgresql://db/liuhen"}, "not both"),
    ],
)
def test_a_file_without_an_address_is_refused_and_not_shown(
    content: bytes, more: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "address").write_bytes(content)
    for name, value in {"LIUHEN_DATABASE_URL_FILE": str(tmp_path / "address"), **more}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises((SettingInvalid, UsageRefused)) as refusal:
        load_settings()
    assert said in str(refusal.value)
    assert "LIUHEN_DATABASE_URL_FILE" in str(refusal.value)
    assert "geheim" not in f"{refusal.value} {refusal.value.__cause__}"


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(r"`(LIUHEN_[A-Z0-9_]+)`", DOCUMENTED.read_text(encoding="utf-8")))
    assert set(setting_names()) <= documented
