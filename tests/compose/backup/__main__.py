"""`make test-backup`: the demo's story on one stack, backed up by docker/backup while it runs; the stack is lost with
all its volumes and most of its secrets; docker/restore puts the backup in place on an empty one, killed on its way and
run again. Nothing may differ, every original is served as before, the films play, a station goes on sending; and by the
trust that was handed over before the loss, the verifier takes a package from before and one from after, under one
ledger.

    python -m tests.compose.backup [--broker rabbitmq]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.demo.cast import STATION_NAME
from tests.compose.backup import court
from tests.compose.machine import ROOT
from tests.compose.prepared import BROKERS, IMAGES_KEPT, Clock, Say, end_in_time, prepared_stack
from tests.compose.stack import PROJECT, Stack, running
from tests.compose.story import play_in_chromium, tell_story

SECRETS = ROOT / "docker" / "secrets"
SET_ASIDE = SECRETS.with_name("secrets.set-aside")
KEPT = ("root-passphrase", "backup-passphrase")
"""What whoever restores has to have; all others may be new."""
_LONGEST_SECONDS = 3600.0
_SCRIPT_SECONDS = 900.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=BROKERS, default="valkey")
    parser.add_argument("--folder", type=Path, default=IMAGES_KEPT, help="images are kept in it")
    asked = parser.parse_args()
    end_in_time(_LONGEST_SECONDS)
    say = Clock().say
    _put_secrets_back()
    with tempfile.TemporaryDirectory(prefix="liuhen-backup-") as folder:
        return _run(prepared_stack(asked.folder, asked.broker, (), say), Path(folder), say)


def _run(stack: Stack, folder: Path, say: Say) -> int:
    place, trust = folder / "place", folder / "trust"
    with running(stack):
        tell_story(stack)
        court.hand_over_trust(stack, trust)
        court.export(stack, "before", folder / "before")
        originals = court.digest_originals(stack)
        made = _script(stack, "backup", str(place), "--json")
        say(f"backed up while it runs: {made['rows']} rows, {made['objects']} objects, {made['keys']} keys")
        assert made["lost"] == []
        court.require_backup_known(stack)
        earlier = court.checkpoint_of(stack)
    assert not stack.containers()
    with _new_secrets():
        done = _restore(stack, place / str(made["name"]), say)
        counted = ", ".join(f"{done[each]} {each}" for each in ("differences", "tables", "rows", "objects", "keys"))
        say(f"restored on an empty stack: {counted}")
        assert (done["differences"], done["rows"], done["objects"]) == (0, made["rows"], made["objects"])
        assert done["signed_elsewhere"] is None
        with running(stack, afresh=False):
            say("the restored stack is healthy")
            _require_as_before(stack, folder, trust, earlier, say)
            assert court.digest_originals(stack) == originals
            say(f"{len(originals)} originals are served with the same bytes")
            say(play_in_chromium(stack))
    print("0 differences, one ledger", flush=True)
    return 0


def _require_as_before(stack: Stack, folder: Path, trust: Path, earlier: bytes, say: Say) -> None:
    _send_another(stack, folder)
    court.export(stack, "after", folder / "after")
    for name in ("before", "after"):
        court.require_verified(folder / name, trust)
    old, new = court.require_one_ledger(stack, earlier, trust)
    say(f"packages from before and after hold by one trust; the ledger of {old} entries goes on to {new}")
    for words in (("verify",), ("reconcile",)):
        asked = ("--profile", "liuhen", "run", "--rm", "--no-deps", "-T", "liuhen", *words)
        stack.compose(*asked, seconds=_SCRIPT_SECONDS)
    say("verify and reconcile find nothing")


def _send_another(stack: Stack, folder: Path) -> None:
    """The story's station sends a file more, and checks its receipt."""
    card, token = folder / "card", folder / "token"
    card.mkdir()
    (card / f"DSJ0001_000123_{time.strftime('%Y%m%d%H%M%S')}.MP4").write_bytes(os.urandom(1 << 20))
    token.touch(0o600)
    token.write_text(str(stack.command("admin", "station", "token", STATION_NAME, "--json")["token"]))
    options = ("--url", stack.url, "--station-token-file", str(token), "--ca-file", str(stack.authority))
    argv = (sys.executable, "-m", "api.cli.main", "dock", str(card), *options, "--json")
    subprocess.run(argv, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, timeout=300)


def _restore(stack: Stack, backup: Path, say: Say) -> dict[str, object]:
    """Killed as soon as it has said what it found, which is before anything is in place; run again, it has to say the
    same."""
    words = (str(ROOT / "docker" / "restore"), str(backup), "--json")
    script = subprocess.Popen(
        words, env=stack.machine.environment() | _addressed(stack), cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    late = threading.Timer(_SCRIPT_SECONDS, os.killpg, (script.pid, signal.SIGKILL))
    late.start()
    said = ""
    try:
        assert script.stdout is not None
        for line in script.stdout:
            said += line
            if line == "}\n":
                os.killpg(script.pid, signal.SIGKILL)
                break
    finally:
        late.cancel()
    assert script.wait() == -signal.SIGKILL, said
    say("the restore was killed once it had said what it found")
    # What it had a container do goes on to its end in there.
    deadline = time.monotonic() + 120
    while stack.machine.podman("ps", "--quiet", "--filter", f"volume={PROJECT}_postgres").stdout:
        assert time.monotonic() < deadline, "the container of the restore does not end"
        time.sleep(1)
    done = _script(stack, "restore", *words[1:])
    assert done == _json_in(said)
    return done


def _script(stack: Stack, name: str, *words: str) -> dict[str, object]:
    """What docker/NAME prints as JSON."""
    done = stack.machine.run((str(ROOT / "docker" / name), *words), seconds=_SCRIPT_SECONDS, **_addressed(stack))
    return _json_in(done.stdout)


def _addressed(stack: Stack) -> dict[str, str]:
    return {"PROJECT": PROJECT, "COMPOSE": " ".join(stack.words), **stack.addresses}


def _json_in(printed: str) -> dict[str, object]:
    return dict(json.JSONDecoder().raw_decode(printed[printed.index("{\n") :])[0])


@contextmanager
def _new_secrets() -> Iterator[None]:
    """As on a new machine: made anew, but for what was kept elsewhere. Whatever ends this, those of before are in a
    folder beside them, from which the next run puts them back."""
    SET_ASIDE.mkdir(mode=0o700)
    for path in SECRETS.iterdir():
        if path.is_file() and path.name not in KEPT:
            path.rename(SET_ASIDE / path.name)
    subprocess.run([ROOT / "docker" / "make-secrets"], check=True, cwd=ROOT)
    try:
        yield
    finally:
        _put_secrets_back()


def _put_secrets_back() -> None:
    if SET_ASIDE.is_dir():
        for path in SET_ASIDE.iterdir():
            path.replace(SECRETS / path.name)
        SET_ASIDE.rmdir()


if __name__ == "__main__":
    sys.exit(main())
