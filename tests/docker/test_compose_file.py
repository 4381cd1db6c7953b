"""What docker/ promises before anything of it is built: closed containers, secrets in files, settings that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import setting_names
from api.tasks.queues import QUEUES

DOCKER = Path(__file__).parents[2] / "docker"
FILES = ("compose.yaml", "compose.rabbitmq.yaml")
# What names a second place to those of compose.yaml that need it, with the profile of whoever carries objects there.
PLACES = ("replica", "cold")
# They end by themselves; whoever waits for them goes by their exit code.
ONE_SHOT = {"backup", "demo", "liuhen", "restore", "upgrade"}
ROLES = ("app", "owner", "sequencer", "worker")
ONE_BASE = "docker.io/library/debian:trixie-slim"


def parsed(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((DOCKER / name).read_text(encoding="utf-8")))


SERVICES = [
    pytest.param(service, name, id=f"{file}-{name}")
    for file in FILES
    for name, service in parsed(file)["services"].items()
    if "image" in service
]


@pytest.mark.parametrize(("service", "name"), SERVICES)
def test_a_container_is_closed(service: dict[str, Any], name: str) -> None:
    user = str(service["user"])
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), name
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    # The trial store's disk needs a system call that not every list has; nobody else is let off.
    unlisted = ["seccomp=unconfined"] if name == "rgw" else []
    assert service["security_opt"] == ["no-new-privileges:true", *unlisted]
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & set(service)
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["stop_grace_period"]
    assert service["restart"]
    for port in service.get("ports", ()):
        assert re.match(r"\$\{[A-Z]+_ADDRESS:-127\.0\.0\.1:\d+\}:\d+$", str(port)), "only this machine, unless asked"


@pytest.mark.parametrize(("service", "name"), SERVICES)
def test_what_goes_on_running_is_asked_after(service: dict[str, Any], name: str) -> None:
    check = service["healthcheck"]
    if name in ONE_SHOT:
        assert check == {"disable": True}
        assert service["restart"] != "unless-stopped"
    else:
        assert check["test"][0] in ("CMD", "CMD-SHELL")
        assert {"interval", "timeout", "retries", "start_period"} <= set(check)


@pytest.mark.parametrize(("service", "name"), SERVICES)
def test_its_variables_are_settings_and_its_secrets_files(service: dict[str, Any], name: str) -> None:
    known, mounted = set(setting_names()), {f"/run/secrets/{each}" for each in service.get("secrets", ())}
    for variable, value in service.get("environment", {}).items():
        if variable.startswith("LIUHEN_"):
            assert variable in known, f"{name}: there is no setting {variable}"
        if not variable.endswith("_FILE"):
            assert not re.search(r"PASS|SECRET|TOKEN|PIN$|KEY$", variable), f"{name}: {variable} in the open"
        assert not re.search(r"://[^/@]*:[^/@]*@", str(value)), f"{name}: a password in {variable}"
        if str(value).startswith("/run/secrets/"):
            assert value in mounted, f"{name}: {variable} names a secret that it is not given"
            assert variable.endswith("_FILE")


def test_a_process_is_given_the_way_into_the_database_that_its_work_needs() -> None:
    """As api/engines/plan.py hands them out."""
    services = parsed("compose.yaml")["services"]
    given = {
        name: {each for each in service.get("secrets", ()) if each.startswith("database-")}
        for name, service in services.items()
        if str(service["image"]).endswith("/liuhen:latest")
    }
    for name in [each for each in given if each.startswith("api-")]:
        assert given.pop(name) == {"database-app"}
    for name in [each for each in given if each.startswith(("custody-", "staging-"))]:
        assert given.pop(name) == {"database-worker"}
    assert given.pop("sequencer") == {"database-sequencer"}
    for name in ("media", "encoding", "housekeeping", "replica", "cold"):
        assert given.pop(name) == {"database-worker"}
    assert given.pop("beat") == given.pop("tsa") == set()
    four = {f"database-{role}" for role in ROLES}
    for name in ("prepare", "upgrade", "restore"):
        assert given.pop(name) == four | {"database-shipper", "database-superuser"}
    assert given.pop("backup") == four | {"database-shipper"}
    assert given == {"demo": four, "liuhen": four}


def test_what_opens_the_root_key_is_given_to_who_seals_makes_copies_or_answers() -> None:
    services = parsed("compose.yaml")["services"]
    have = {name for name, service in services.items() if "root-passphrase" in service.get("secrets", ())}
    named = {re.sub(r"-[a-z]$", "", name) for name in have}
    serving = {"api", "custody", "media", "encoding"}
    assert named == serving | {"prepare", "upgrade", "liuhen", "demo", "backup", "restore"}


def test_no_container_is_named_as_what_podman_compose_replaces_as_a_whole() -> None:
    """It merges what several files say of a service, and goes by the key alone where it does not: in
    compose.replica.yaml a service `command` would be all that is left of it."""
    assert not {"command", "entrypoint"} & set(parsed("compose.yaml")["services"])


def test_each_queue_has_a_container_that_takes_it() -> None:
    commands = [service.get("command", []) for service in parsed("compose.yaml")["services"].values()]
    assert {words[-1] for words in commands if words[1:2] == ["worker"]} == set(QUEUES)


@pytest.mark.parametrize("place", PLACES)
def test_a_second_place_is_named_to_whoever_opens_it_and_mounted_there(place: str) -> None:
    """As api/engines/plan.py tells who does."""
    services, added = parsed("compose.yaml")["services"], parsed(f"compose.{place}.yaml")
    folder, setting = f"/var/lib/liuhen-{place}", f"LIUHEN_{place.upper()}_FOLDER"
    assert setting in setting_names()
    assert services[place]["profiles"] == [place]
    writing, reading = set(), set()
    for name, more in added["services"].items():
        assert name in services, "nothing but what compose.yaml has"
        assert more["environment"] == {setting: folder}, name
        if name == "beat":
            assert set(more) == {"environment"}
            continue
        assert set(more) == {"environment", "volumes"}, name
        (mount,) = more["volumes"]
        assert mount in (f"{place}:{folder}", f"{place}:{folder}:ro"), name
        (reading if mount.endswith(":ro") else writing).add(name)
    looking_after = {place, "housekeeping", "prepare", "upgrade", "liuhen", "demo"}
    if place == "cold":
        assert writing == looking_after | {"custody-a", "custody-b", "restore"}
        assert reading == {"api-a", "api-b", "media", "encoding", "replica", "backup"}
    else:
        assert writing == looking_after
        assert reading == {"api-a", "api-b", "backup", "restore"}
        assert {name for name, queue in QUEUES.items() if queue.reaches_replica} == {place, "housekeeping"}
    assert "beat" in added["services"], "or it would wake nobody"
    assert set(added["volumes"]) == {place}
    image = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(rf"^RUN for folder in (?:.*\\\n)*?.*\bliuhen-{place}\b", image, re.MULTILINE), "its owner is ours"


def test_who_takes_uploads_and_who_seals_them_sends_spans_where_a_collector_is_named() -> None:
    """As api/http/app.py and api/tasks/custody.py open them. The image has what sends them: docker/Dockerfile."""
    services, added = parsed("compose.yaml")["services"], parsed("compose.otel.yaml")["services"]
    assert set(added) == {name for name in services if name.startswith(("api-", "custody-"))}
    for name, more in added.items():
        ((setting, value),) = more.pop("environment").items()
        assert setting == "LIUHEN_OTEL_URL"
        assert re.fullmatch(r"\$\{OTEL_URL:\?.+\}", value), "without an address nothing is started"
        networks = more.pop("networks")
        assert list(networks) == ["outside"]
        assert type(networks) is type(services[name]["networks"]), "podman-compose adds like to like alone"
        assert more == {}
    (lock,) = re.findall(r"-r (\S+)", (DOCKER / "Dockerfile").read_text(encoding="utf-8"))
    assert "\nopentelemetry-exporter-otlp-proto-http==" in (DOCKER.parent / lock).read_text("ascii")
    assert f"!{lock}\n" in (DOCKER.parent / ".dockerignore").read_text("ascii")


@pytest.mark.parametrize("file", FILES)
def test_every_secret_is_made_by_the_script(file: str, tmp_path: Path) -> None:
    made = tmp_path / "secrets"
    for _ in range(2):  # again: what is there stays
        subprocess.run([DOCKER / "make-secrets", made, "archive.example"], check=True, capture_output=True)
        contents = {path.name: path.read_bytes() for path in made.iterdir()}
        assert contents == {path.name: path.read_bytes() for path in made.iterdir()}
    assert made.stat().st_mode & 0o777 == 0o700
    for secret in parsed(file)["secrets"].values():
        path = made / Path(secret["file"]).name
        assert path.read_text().strip()
        assert path.stat().st_mode & 0o777 == 0o444


def test_every_image_is_built_on_the_one_base_and_runs_as_nobody_special() -> None:
    found = sorted(DOCKER.rglob("Dockerfile"))
    built = {
        service["build"]["dockerfile"]
        for file in FILES
        for service in parsed(file)["services"].values()
        if "build" in service
    }
    assert {f"docker/{path.relative_to(DOCKER)}" for path in found} == built
    for path in found:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert f"ARG BASE={ONE_BASE}" in lines
        assert all(line.split()[1] == "${BASE}" for line in lines if line.startswith("FROM ")), path
        last = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]
        assert not any(re.search(r"\b(gcc|g\+\+|build-essential|python3-pip)\b", line) for line in last), path
        users = [line.split()[1] for line in last if line.startswith("USER ")]
        assert users
        assert users[-1].split(":")[0].isdecimal(), path
        assert users[-1].split(":")[0] != "0", path


def test_python_packages_are_what_the_lock_says() -> None:
    for path in DOCKER.rglob("Dockerfile"):
        for line in re.findall(r"pip (?:\S+ )*?install.*", path.read_text(encoding="utf-8").replace("\\\n", " ")):
            assert "--require-hashes" in line or "/wheels/*.whl" in line, f"{path}: {line}"
            assert "--no-deps" in line


def test_no_container_requires_another_that_is_replaced_by_itself() -> None:
    """docker/upgrade: podman removes none that is required. `prepare` is what all of ours wait for, and goes last."""
    for name, service in parsed("compose.yaml")["services"].items():
        assert set(service.get("depends_on", ())) <= {"prepare", "postgres", "rgw"}, name
