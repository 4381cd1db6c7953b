"""docker/upgrade, with a podman that only writes down what it was asked: order, going on, and ending where one fails.

The script against real containers under load is `make test-upgrade`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docker" / "upgrade"
SERVICES = (
    "api-a", "api-b", "beat", "custody-a", "custody-b", "encoding", "housekeeping", "media", "postgres", "prepare",
    "proxy", "sequencer", "staging-a", "staging-b", "tsa",
)  # fmt: skip
IN_ORDER = [
    "sequencer", "housekeeping", "encoding", "media", "tsa", "beat",
    "custody-a", "staging-a", "api-a", "custody-b", "staging-b", "api-b",
    "proxy", "prepare",
]  # fmt: skip
# A folder is the machine: `image` of each container is what it runs, `sick` are those that never become healthy.
PODMAN = """#!/bin/sh
cd "$MACHINE"
case "$1 $2" in
"ps --all") for each in services/*; do [ ! -e "$each" ] || echo "liuhen_${each#services/}_1 ${each#services/}"; done ;;
"image inspect") cat newest ;;
"inspect --format")
    service=${4#liuhen_}; service=${service%_1}
    case $3 in
    *ImageName*) case $service in
        postgres | proxy) echo "localhost/liuhen-$service:latest" ;; *) echo localhost/liuhen:latest ;; esac ;;
    *Dependencies*) cat "required/$service" 2> /dev/null || echo 0 ;;
    *) cat "services/$service" ;;
    esac ;;
"healthcheck run") service=${3#liuhen_}; [ ! -e "sick/${service%_1}" ] ;;
stop*) echo "stop $4" >> said ;;
rm*) echo "rm $2" >> said ;;
esac
"""
COMPOSE = """#!/bin/sh
cd "$MACHINE"
echo "compose $*" >> said
for last in "$@"; do :; done
case "$*" in *"--no-deps $last") cp newest "services/$last" ;; esac
[ ! -e unprepared ] || [ "$last" != upgrade ]
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    for name in ("services", "sick", "required", "bin"):
        (tmp_path / name).mkdir()
    (tmp_path / "newest").write_text("new\n")
    for service in SERVICES:
        (tmp_path / "services" / service).write_text("old\n")
    for name, text in (("podman", PODMAN), ("compose", COMPOSE), ("sleep", "#!/bin/sh\n")):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def upgrade(machine: Path) -> tuple[int, list[str], str]:
    """Its code, what was asked of podman and compose, and what it printed."""
    (machine / "said").write_text("")
    environment = {"PATH": f"{machine / 'bin'}:{os.environ['PATH']}", "MACHINE": str(machine), "PATIENCE": "1"}
    done = subprocess.run([SCRIPT, "compose"], env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, (machine / "said").read_text().splitlines(), done.stdout + done.stderr


def replaced(said: list[str]) -> list[str]:
    return [line.removeprefix("rm liuhen_").removesuffix("_1") for line in said if line.startswith("rm ")]


def test_the_schema_comes_first_then_who_takes_work_then_a_node_after_the_other(machine: Path) -> None:
    code, said, printed = upgrade(machine)
    assert code == 0, printed
    assert said[0] == "compose --profile upgrade run --rm --no-deps -T upgrade"
    assert replaced(said) == IN_ORDER
    assert said[1:4] == [
        "stop liuhen_sequencer_1",
        "rm liuhen_sequencer_1",
        "compose up --detach --no-build --no-deps sequencer",
    ]
    assert said[-1] == "compose up --detach --no-build --no-deps --no-recreate"
    assert "left as it is, of an older image: postgres" in printed


def test_run_again_it_replaces_what_is_left(machine: Path) -> None:
    (machine / "sick" / "api-a").touch()
    code, said, printed = upgrade(machine)
    assert code == 1
    assert replaced(said) == IN_ORDER[: IN_ORDER.index("api-a") + 1]
    assert "liuhen_api-a_1 is not healthy" in printed
    (machine / "sick" / "api-a").unlink()
    code, said, printed = upgrade(machine)
    assert (code, replaced(said)) == (0, IN_ORDER[IN_ORDER.index("custody-b") :]), printed


def test_nothing_is_replaced_where_the_schema_is_not_brought_up(machine: Path) -> None:
    (machine / "unprepared").touch()
    code, said, _ = upgrade(machine)
    assert (code != 0, replaced(said)) == (True, [])


def test_a_proxy_that_requires_the_nodes_is_made_anew_before_them_and_only_then(machine: Path) -> None:
    (machine / "services" / "proxy").write_text("new\n")
    assert "proxy" not in replaced(upgrade(machine)[1])
    for service in SERVICES:
        (machine / "services" / service).write_text("new\n" if service == "proxy" else "old\n")
    (machine / "required" / "proxy").write_text("2\n")
    assert replaced(upgrade(machine)[1])[0] == "proxy"


def test_a_project_without_containers_is_told(machine: Path) -> None:
    for each in (machine / "services").iterdir():
        each.unlink()
    code, said, printed = upgrade(machine)
    assert (code, said) == (2, [])
    assert "no container of the project liuhen" in printed
