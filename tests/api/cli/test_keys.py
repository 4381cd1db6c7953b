"""`liuhen keys`: the root key changes hands under an archive with footage in it, and the footage plays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.archive import open_archive
from api.cli.keys_rotation import require_given_to_running
from api.engines.lock import DataFolderLock
from api.errors import KeysUnusable, UsageRefused
from api.keyring import create_missing_keys, require_keys
from api.settings import Settings, child_environment
from integrity.ledger_entry import parse_entry
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import Recording
from storage.roots.token import _SESSIONS
from storage.sealed_object import AtRest, open_sealed
from tests.softhsm import MODULE, PIN, TOKEN

CONTENT = b"no picture, but evidence\n" * 1000
PASSPHRASE = "a passphrase that nobody prints"


def play(settings: Settings, recording: Any) -> bytes:
    """By a process that has just begun."""
    archive = open_archive(settings)
    try:
        with open_sealed(archive.store, archive.key_store, AtRest.of(recording)) as plaintext:
            return b"".join(plaintext.pieces(0, len(CONTENT), 1 << 20))
    finally:
        archive.database.close()


def entered(sealing: Any, action: str) -> list[dict[str, Any]]:
    with sealing.archive.database.reading() as session:
        rows = session.scalars(select(LedgerEntryRow.entry).where(LedgerEntryRow.action == action))
        return [dict(parse_entry(row).data) for row in rows]


def test_the_root_key_gets_a_passphrase_and_then_another_and_the_footage_plays(
    sealing: Any, commands: Any, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = sealing.seal(CONTENT)
    before = bytes(recording.wrapped_data_key)
    sealing.end_sequencing()  # the command has its own
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    monkeypatch.setenv("LIUHEN_ROOT_PASSPHRASE_FILE", str(secret))

    def told(*words: str) -> tuple[int, dict[str, Any]]:
        code = commands("keys", *words, "--json")
        shown = capsys.readouterr()
        assert PASSPHRASE not in shown.out + shown.err
        return code, json.loads(shown.out)

    assert told("status")[1]["roots"][0]["holder"] == "file"
    code, done = told("rotate", "root", "--to", "passphrase")
    assert (code, done["holder"], done["rewrapped"], done["former"][0]["root_id"]) == (0, "passphrase", 1, "first")
    assert not (sealing.settings.data / "keys" / "root" / "root.key").exists()
    secret.write_text(f"the next one is longer\n{PASSPHRASE}\n")
    code, again = told("rotate", "root")
    assert (code, again["former"][0]["root_id"]) == (0, done["root_id"])
    secret.write_text("the next one is longer\n")
    code, status = told("status")
    assert (code, status["usable"], status["keys"], len(status["roots"])) == (0, True, 1, 1)
    settings = sealing.settings.model_copy(update={"root_passphrase_file": secret})
    assert play(settings, recording) == CONTENT
    assert recording.wrapped_data_key == before, "no row was touched"
    assert entered(sealing, "key.root_changed") == [
        {"holder": "passphrase", "former": "first"},
        {"holder": "passphrase", "former": done["root_id"]},
    ]
    secret.write_text("something else entirely\n")
    code, status = told("status")
    assert (code, status["usable"]) == (1, False)
    assert "liuhen keys recover" in status["problem"]["zh-CN"]


def test_a_month_gets_a_fresh_key(sealing: Any, commands: Any, capsys: Any) -> None:
    recording = sealing.seal(CONTENT)
    sealing.end_sequencing()
    month = recording.kek_id.split(".")[1]
    words = ("keys", "rotate", "kek", "--json", "--unit")
    assert commands(*words, "JB", "--month", month) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["rewrapped"], facts["destroyed"], facts["kept"]) == (1, [recording.kek_id], [])
    with sealing.archive.database.reading() as session:
        moved = session.get_one(Recording, recording.id)
    assert moved.kek_id == facts["key"]
    assert play(sealing.settings, moved) == CONTENT
    for unit, wrong in (("JB", "2027-13"), ("JB", "1999-01"), ("nobody", month)):
        assert commands(*words, unit, "--month", wrong) == 2
        assert " / " in capsys.readouterr().err


def test_a_signing_key_is_changed_and_custody_goes_on_with_the_new_one(
    sealing: Any, commands: Any, capsys: Any
) -> None:
    sealing.end_sequencing()
    former = sealing.archive.keyring.public_key("receipt").key_id
    assert commands("keys", "rotate", "signing", "receipt") == 0
    shown = capsys.readouterr().out
    present = sealing.archive.keyring.public_key("receipt").key_id
    assert former in shown
    assert present in shown
    assert "无需重新登记" in shown
    assert commands("keys", "rotate", "signing", "manifest", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["purpose"], done["epoch"], done["begun"]) == ("manifest", 2, True)
    assert commands("keys", "status", "--json") == 0
    signing = {each["purpose"]: each for each in json.loads(capsys.readouterr().out)["signing"]}
    assert {purpose: each["epoch"] for purpose, each in signing.items()} == {
        "manifest": 2,
        "receipt": 2,
        "ledger": 1,
        "package": 1,
        "review": 1,
    }
    assert signing["receipt"]["key_id"] == present
    assert not any(each["broken_off"] for each in signing.values())
    assert commands("keys", "status") == 0
    assert "第 2 期 / epoch 2" in capsys.readouterr().out
    assert sealing.custody.manifest_signer().epoch == 2
    for wrong in ("ledger", "nothing"):
        assert commands("keys", "rotate", "signing", wrong) == 2
        assert " / " in capsys.readouterr().err
    sealing.archive.keyring.succession_path("manifest", 2).write_bytes(b"nonsense")
    assert commands("keys", "status") == 1
    assert "请从较新的备份恢复 keys/signing" in capsys.readouterr().out
    assert commands("keys", "rotate", "signing", "manifest") == 2
    assert "请从较新的备份恢复 keys/signing" in capsys.readouterr().err


def test_a_process_that_runs_goes_on_under_the_new_root(sealing: Any, commands: Any, capsys: Any) -> None:
    first = sealing.seal(CONTENT)
    sealing.end_sequencing()
    assert commands("keys", "rotate", "root") == 0
    shown = capsys.readouterr().out
    assert "first" in shown
    assert "录像未改写" in shown
    with open_sealed(sealing.archive.store, sealing.archive.key_store, AtRest.of(first)) as plaintext:
        assert b"".join(plaintext.pieces(0, len(CONTENT), 1 << 20)) == CONTENT
    sealing.archive.key_store.require_usable()
    assert sealing.archive.key_store.roots.current().root_id != "first"


def test_a_lost_passphrase_is_recovered_by_printed_shares_and_the_footage_plays(
    sealing: Any, commands: Any, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = sealing.seal(CONTENT)
    sealing.end_sequencing()
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    monkeypatch.setenv("LIUHEN_ROOT_PASSPHRASE_FILE", str(secret))
    assert commands("keys", "split", "--shares", "2", "--threshold", "3") == 2
    assert commands("keys", "rotate", "root", "--to", "passphrase") == 0
    capsys.readouterr()
    assert commands("keys", "split", "--shares", "5", "--threshold", "3") == 0
    pages = capsys.readouterr().out.split("\f\n")[:-1]
    assert len(pages) == 5
    assert all(len(line) <= 80 for page in pages for line in page.splitlines())
    secret.write_text("nobody remembers the former one")

    def recover(*entered: str) -> tuple[int, str]:
        typed = tmp_path / "typed"
        typed.write_text("\n".join(entered))
        code = commands("keys", "recover", str(typed))
        shown = capsys.readouterr()
        assert not any(line.strip()[:20] in shown.out + shown.err for page in entered for line in shares_in(page))
        return code, shown.out + shown.err

    assert recover(*pages[:2])[0] == 2
    code, said = recover(pages[0], pages[2].replace("LH1-", "LH1-0", 1), pages[3])
    assert code == 2
    assert "第 2 个份额" in said
    assert commands("keys", "status") == 1
    assert recover(*pages[1:4])[0] == 0
    assert commands("keys", "status") == 0
    assert play(sealing.settings.model_copy(update={"root_passphrase_file": secret}), recording) == CONTENT
    assert [each["by_shares"] for each in entered(sealing, "key.root_changed")[1:]] == [3]
    assert entered(sealing, "key.shares_made") == [{"threshold": 3, "shares": 5}]
    stored = b"".join(path.read_bytes() for path in sealing.settings.data.rglob("*") if path.is_file())
    assert not any(line.strip().encode() in stored for page in pages for line in shares_in(page))


def test_a_token_takes_the_root_and_without_it_nothing_opens(
    softhsm: None, sealing: Any, commands: Any, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, pin = sealing.seal(CONTENT), tmp_path / "pin"
    sealing.end_sequencing()
    pin.write_text(PIN)
    given = {"LIUHEN_PKCS11_MODULE": str(MODULE), "LIUHEN_PKCS11_TOKEN": TOKEN, "LIUHEN_PKCS11_PIN_FILE": str(pin)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert commands("keys", "rotate", "root", "--to", "pkcs11") == 0
    assert "PKCS#11" in capsys.readouterr().out
    token = {"pkcs11_module": MODULE, "pkcs11_token": TOKEN, "pkcs11_pin_file": pin}
    assert play(sealing.settings.model_copy(update=token), recording) == CONTENT
    with pytest.raises(KeysUnusable, match="LIUHEN_PKCS11_MODULE"):
        require_keys(sealing.settings)
    assert entered(sealing, "key.root_changed") == [{"holder": "pkcs11", "former": "first"}]


@pytest.mark.parametrize("holder", ["passphrase", "environment", "pkcs11"])
def test_no_secret_is_in_what_is_said_when_it_is_wrong(
    softhsm: None,
    sealing: Any,
    commands: Any,
    capfd: Any,
    caplog: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    holder: str,
) -> None:
    sealing.end_sequencing()
    right, wrong = {"passphrase": PASSPHRASE, "environment": "0f" * 32, "pkcs11": PIN}[holder], "f0" * 32
    variable = {"passphrase": "ROOT_PASSPHRASE", "environment": "ROOT_KEY", "pkcs11": "PKCS11_PIN"}[holder]
    secret = tmp_path / "secret"
    secret.write_text(right)
    monkeypatch.setenv(f"LIUHEN_{variable}_FILE", str(secret))
    monkeypatch.setenv("LIUHEN_PKCS11_MODULE", str(MODULE))
    monkeypatch.setenv("LIUHEN_PKCS11_TOKEN", TOKEN)
    assert commands("keys", "rotate", "root", "--to", holder) == 0
    secret.write_text(wrong)
    _SESSIONS.forget()
    for words in (("keys", "status"), ("keys", "rotate", "root"), ("keys", "rotate", "root", "--verbose")):
        assert commands(*words) in (1, 2)
    monkeypatch.delenv(f"LIUHEN_{variable}_FILE")
    monkeypatch.setenv(f"LIUHEN_{variable}", wrong)
    assert commands("keys", "rotate", "root", "--verbose") == 2
    shown = capfd.readouterr()
    told = shown.out + shown.err + caplog.text
    assert "Root" in told
    for each in (right, wrong, right.encode().hex()):
        assert each not in told
    with pytest.raises(KeysUnusable):
        require_keys(sealing.settings)


def shares_in(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.count("-") > 5]


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--to", "hsm"), "没有名为 hsm"), (("--to", "passphrase"), "LIUHEN_ROOT_PASSPHRASE_FILE")],
)
def test_what_cannot_hold_the_root_is_refused_in_both_languages_and_nothing_changes(
    sealing: Any, commands: Any, capsys: Any, words: tuple[str, ...], said: str
) -> None:
    recording = sealing.seal(CONTENT)
    sealing.end_sequencing()
    assert commands("keys", "rotate", "root", *words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert " / " in told
    assert play(sealing.settings, recording) == CONTENT
    assert entered(sealing, "key.root_changed") == []


@pytest.mark.parametrize("holder", ["passphrase", "environment"])
def test_an_archive_begins_with_the_holder_that_is_asked_for(tmp_path: Path, holder: str) -> None:
    word = "0f" * 32
    plain = Settings(data=tmp_path, root_holder=holder)
    with pytest.raises(KeysUnusable, match="未设置"):
        create_missing_keys(plain)
    assert not (tmp_path / "keys" / "root").exists(), "and a start with the secret makes it"
    given = plain.model_copy(update={"root_passphrase": word, "root_key": word})
    create_missing_keys(given)
    require_keys(given)
    assert not (tmp_path / "keys" / "root" / "root.key").exists()
    with pytest.raises(KeysUnusable, match="LIUHEN_ROOT_"):
        require_keys(plain)


def test_a_holder_that_is_named_and_is_not_the_one_is_told_before_anything_starts(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    create_missing_keys(settings)
    require_keys(settings)
    with pytest.raises(KeysUnusable, match="keys rotate root --to passphrase"):
        require_keys(settings.model_copy(update={"root_holder": "passphrase"}))


def test_what_the_running_archive_could_not_open_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DataFolderLock.acquire(tmp_path, "up"):
        require_given_to_running(tmp_path, "passphrase")
        monkeypatch.setenv("LIUHEN_ROOT_PASSPHRASE_FILE", "/run/secrets/passphrase")  # after this process was started
        require_given_to_running(tmp_path, "file")
        with pytest.raises(UsageRefused, match="LIUHEN_ROOT_PASSPHRASE_FILE"):
            require_given_to_running(tmp_path, "passphrase")


def test_secrets_of_the_root_key_reach_only_who_is_handed_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_ROOT_KEY", "0f" * 32)
    monkeypatch.setenv("LIUHEN_ROOT_PASSPHRASE", PASSPHRASE)
    assert not {"LIUHEN_ROOT_KEY", "LIUHEN_ROOT_PASSPHRASE"} & set(child_environment({}))
    shown = repr(Settings())
    assert "0f0f" not in shown
    assert PASSPHRASE not in shown
