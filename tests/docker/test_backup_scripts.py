"""docker/backup and docker/restore, with a podman and a compose that are folders of this machine: what is refused, what
goes where, and going on after a crash at every step.

The scripts against real containers are `make test-backup`.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

DOCKER = Path(__file__).parents[2] / "docker"
NAME = "20261201T101500Z"
# A folder is the machine: `volumes` are its volumes, `crash` names the step at which whoever is at work dies, and a
# word of it, where there are several.
PODMAN = """#!/bin/sh
cd "$MACHINE"
echo "podman $*" >> said
case "$1 $2" in
"ps --quiet") cat running 2> /dev/null ;;
"volume inspect") [ -d "volumes/$5" ] && echo "$MACHINE/volumes/$5" ;;
"healthcheck run") [ ! -e sick ] ;;
"run --rm")
    # From then on the volume belongs to the server's user, and the archive's own cannot even look.
    touch volumes/liuhen_postgres/.given
    [ ! -e crash/owner ] || exit 137
    while [ "$1" != -euc ]; do shift; done
    cd volumes/liuhen_postgres && exec sh -euc "$(echo "$2" | sed -e 's,cd [^ ]* &&,,')" sh "$4" ;;
esac
"""
# In the place of the container `restore`: what the script gives its shell, with its paths led to the machine's folders.
COMPOSE = """#!/bin/sh
cd "$MACHINE"
echo "compose $(echo "$*" | tr '\\n' ' ' | cut -c -150 | sed -e 's, *$,,')" >> said
case "$*" in
"config --services") cat services ;;
*"run --rm --no-deps -T restore"*)
    [ ! -e volumes/liuhen_postgres/.given ] || exit 126
    mkdir -p volumes/liuhen_postgres volumes/liuhen_keys volumes/liuhen_tsa volumes/liuhen_trust-tsa
    while [ "$1" != restore ] || [ "$2" = run ]; do shift; done
    text=$(echo "$2" | sed -e "s,/var/lib/liuhen-restored,$MACHINE/volumes/liuhen_postgres,g" \\
        -e "s,places=/var/lib/liuhen-places,places=$MACHINE/places,")
    shift 2
    PATH="$MACHINE/inside:$PATH" exec sh -euc "$text" "$@" ;;
esac
"""
LIUHEN = """#!/bin/sh
cd "$MACHINE"
echo "liuhen $*" >> said
[ ! -e crash/restore ] || exit 137
data=$4
mkdir -p "$data/postgres" "$data/keys/root" "$data/tsa" "$data/trust-tsa" "$data/secrets"
echo rows > "$data/postgres/rows"; echo key > "$data/keys/root/root.json"
echo authority > "$data/tsa/key.pem"; echo pin > "$data/trust-tsa/root.pem"
[ ! -e crash/said ] || exit 137
echo "found: $(cat findings 2> /dev/null || echo nothing)"
[ ! -e findings ] || exit 1
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    for name in ("bin", "inside", "volumes", "crash", "places", f"place/{NAME}"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("keys", "tsa", "trust-tsa"):
        (tmp_path / "volumes" / f"liuhen_{name}").mkdir()
        (tmp_path / "places" / name).symlink_to(tmp_path / "volumes" / f"liuhen_{name}")
    (tmp_path / "place" / NAME / "statement.dsse.json").touch()
    (tmp_path / "services").write_text("postgres\nrgw\ntsa\n")
    (tmp_path / "owner").write_text("10001\n")
    for path, text in (("bin/podman", PODMAN), ("bin/compose", COMPOSE), ("inside/liuhen", LIUHEN)):
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    # Whose the backup is.
    (tmp_path / "bin" / "stat").write_text('#!/bin/sh\ncat "$MACHINE/owner"\n')
    (tmp_path / "bin" / "stat").chmod(0o755)
    for step in ("cp", "mv", "sync"):
        real = next(Path(each) / step for each in ("/usr/bin", "/bin") if (Path(each) / step).exists())
        word = f'word=$(cat "$MACHINE/crash/{step}" 2> /dev/null || echo never)'
        dying = f'{word}; case "$*" in *"$word"*) exit 137 ;; esac'
        (tmp_path / "inside" / step).write_text(f'#!/bin/sh\n{dying}\nexec {real} "$@"\n')
        (tmp_path / "inside" / step).chmod(0o755)
    return tmp_path


def run(machine: Path, script: str, *words: str) -> tuple[int, str]:
    environment = {
        "PATH": f"{machine / 'bin'}:{os.environ['PATH']}",
        "MACHINE": str(machine),
        "COMPOSE": "compose",
        "PATIENCE": "0",
    }
    done = subprocess.run([DOCKER / script, *words], env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def restore(machine: Path, *options: str) -> tuple[int, str]:
    return run(machine, "restore", str(machine / "place" / NAME), *options)


def said(machine: Path) -> str:
    return (machine / "said").read_text()


def require_in_place(machine: Path) -> None:
    volumes = machine / "volumes"
    found = {path.relative_to(volumes).as_posix() for path in volumes.rglob("*") if path.is_file()}
    found -= {"liuhen_postgres/.given"}
    assert found == {
        "liuhen_postgres/18/rows",
        "liuhen_keys/root/root.json",
        "liuhen_tsa/own/key.pem",
        "liuhen_trust-tsa/root.pem",
    }


def test_each_part_comes_into_its_volume_and_the_database_last(machine: Path) -> None:
    code, printed = restore(machine, "--accept-lost")
    assert code == 0, printed
    require_in_place(machine)
    asked = rf"liuhen restore /var/lib/liuhen-backups/{NAME} --data \S+/archive-{NAME} --accept-lost"
    assert re.search(asked, said(machine))
    assert "compose up --detach --no-build --no-deps rgw" in said(machine)
    assert "up -d --no-build" in printed


@pytest.mark.parametrize("findings", ["", "an object that is nowhere"])
@pytest.mark.parametrize(
    ("step", "word", "restores"),
    [
        ("restore", "", 2),
        ("said", "", 2),
        ("sync", "", 2),
        ("mv", "code-new", 2),
        ("cp", "", 1),
        ("mv", "placed-", 1),
        ("owner", "", 1),
    ],
)
def test_broken_off_anywhere_the_same_words_go_on_and_say_what_was_found(
    machine: Path, step: str, word: str, restores: int, findings: str
) -> None:
    if findings:
        (machine / "findings").write_text(findings)
    (machine / "crash" / step).write_text(word)
    code, _ = restore(machine)
    assert code not in (0, 1)
    assert not (machine / "volumes/liuhen_postgres/18").exists()
    (machine / "crash" / step).unlink()
    code, printed = restore(machine)
    assert code == (1 if findings else 0), printed
    assert printed.count(f"found: {findings or 'nothing'}\n") == 1
    require_in_place(machine)
    assert said(machine).count("liuhen restore") == restores


def test_broken_off_again_and_again_it_says_the_same(machine: Path) -> None:
    (machine / "findings").write_text("an object that is nowhere")
    for step in ("cp", "owner", "owner"):
        (machine / "crash" / step).touch()
        assert "found: an object that is nowhere\n" in restore(machine)[1]
        (machine / "crash" / step).unlink()
    code, printed = restore(machine)
    assert (code, printed.count("found: an object that is nowhere\n")) == (1, 1)
    require_in_place(machine)


def test_what_differs_is_said_by_each_run_and_nothing_is_kept_of_it(machine: Path) -> None:
    (machine / "inside" / "liuhen").write_text('#!/bin/sh\necho "2 differences"\nexit 1\n')
    for _ in range(2):
        code, printed = restore(machine)
        assert (code, "2 differences" in printed, "nothing was taken into use" in printed) == (1, True, True)


def test_a_stack_that_has_something_is_left_alone(machine: Path) -> None:
    (machine / "running").write_text("0123456789ab\n")
    assert restore(machine)[0] == 2
    (machine / "running").unlink()
    (machine / "volumes/liuhen_keys/root").mkdir()
    assert restore(machine)[0] == 2
    (machine / "volumes/liuhen_keys/root").rmdir()
    (machine / "volumes/liuhen_postgres/18").mkdir(parents=True)
    code, printed = restore(machine)
    assert (code, "has a database" in printed) == (2, True)
    assert "liuhen restore" not in said(machine)


def test_another_backup_does_not_go_on_where_one_is_half_in_place(machine: Path) -> None:
    (machine / "crash" / "cp").touch()
    assert restore(machine)[0] != 0
    (machine / "crash" / "cp").unlink()
    other = machine / "place" / "20261201T111500Z"
    other.mkdir()
    (other / "statement.dsse.json").touch()
    code, printed = run(machine, "restore", str(other))
    assert (code, f"archive-{NAME} is half in place" in printed) == (2, True)
    # A slash at its end, or a way around, makes no other of it.
    assert run(machine, "restore", f"{machine}/place/../place/{NAME}/")[0] == 0
    require_in_place(machine)


def test_a_backup_that_the_container_could_not_read_is_told_with_what_to_do(machine: Path) -> None:
    (machine / "owner").write_text("0\n")
    code, printed = restore(machine)
    assert (code, f"`chown -R 10001:10001 {machine}/place`" in printed) == (2, True)
    assert not (machine / "said").exists()


def test_a_folder_that_is_no_backup_and_a_store_that_does_not_come_are_told(machine: Path) -> None:
    assert run(machine, "restore")[0] == 2
    code, printed = run(machine, "restore", str(machine / "place"))
    assert (code, "is no backup" in printed) == (2, True)
    (machine / "sick").touch()
    code, printed = restore(machine)
    assert (code, "the store is not healthy" in printed) == (2, True)
    (machine / "services").write_text("postgres\n")
    assert restore(machine)[0] == 0, "a store elsewhere is nobody's to start here"


def test_a_backup_goes_into_the_folder_that_is_named(machine: Path) -> None:
    (machine / "bin" / "chown").write_text('#!/bin/sh\necho "chown $*" >> "$MACHINE/said"\n')
    (machine / "bin" / "chown").chmod(0o755)
    assert run(machine, "backup")[0] == 2
    code, printed = run(machine, "backup", str(machine / "new" / "place"), "--keep", "3")
    assert code == 0, printed
    assert (machine / "new" / "place").stat().st_mode & 0o777 == 0o700
    assert f"chown 10001:10001 {machine}/new/place" in said(machine)
    asked = "compose --profile backup run --rm --no-deps -T backup backup /var/lib/liuhen-backups --objects"
    assert f"{asked} --authority /var/lib/liuhen-tsa/own --keep 3\n" in said(machine)
    (machine / "services").write_text("postgres\nrgw\n")
    code, printed = run(machine, "backup", str(machine / "new" / "place"))
    assert code == 0, printed
    assert f"{asked}\n" in said(machine), "no authority where time stamps come from elsewhere"
