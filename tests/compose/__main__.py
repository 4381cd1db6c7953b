"""`make test-compose`: the images built, the stack started, the demo's story told of it and its recordings watched in
Chromium, all through the TLS proxy; then everything is taken down, also where something failed.

    python -m tests.compose [--broker rabbitmq]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from ingest.trace_context import first_span_of
from tests.compose.machine import ROOT
from tests.compose.prepared import BROKERS, IMAGES_KEPT, Clock, end_in_time, prepared_stack
from tests.compose.stack import PROJECT, Stack, has_health_check, running
from tests.compose.story import play_in_chromium, tell_story

LONGEST_SECONDS = 3000.0
PLACES = ("replica", "cold")
MORE_FILES = (
    *(ROOT / "docker" / f"compose.{name}.yaml" for name in (*PLACES, "otel")),
    ROOT / "tests" / "compose" / "collector.yaml",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=BROKERS, default="valkey")
    parser.add_argument("--folder", type=Path, default=IMAGES_KEPT, help="images are kept in it")
    asked = parser.parse_args()
    end_in_time(LONGEST_SECONDS)
    say = Clock().say
    profiles = ("prometheus", *PLACES)
    with running(prepared_stack(asked.folder, asked.broker, profiles, say, MORE_FILES)) as stack:
        say(f"healthy: {len(stack.inspected())} containers")
        require_closed(stack)
        say("every container: not root, read-only, no capability, no secret in its settings")
        tell_story(stack)
        say("the demo's story holds, an API process killed in the middle of it")
        say(play_in_chromium(stack))
        say(require_second_places(stack))
        say(require_spans(stack))
        say(ask_prometheus(stack))
        require_silent(stack)
    left = stack.containers()
    assert not left, f"left: {left}"
    say("taken down, nothing is left")
    return 0


def require_closed(stack: Stack) -> None:
    """As it runs, whatever compose.yaml says."""
    secrets = {path.name: path.read_text().strip() for path in (ROOT / "docker" / "secrets").iterdir()}
    for each in stack.inspected():
        name, host = each["Name"], each["HostConfig"]
        assert each["Config"]["User"].split(":")[0] not in ("", "0", "root"), name
        assert host["ReadonlyRootfs"], name
        assert not each["EffectiveCaps"], (name, each["EffectiveCaps"])
        assert "no-new-privileges" in host["SecurityOpt"], (name, host["SecurityOpt"])
        assert host["Memory"] > 0, name
        shown = str(each["Config"])
        for secret, text in secrets.items():
            assert text not in shown, f"{secret} stands in the settings of {name}"
        for ports in (host["PortBindings"] or {}).values():
            assert all(port["HostIp"] == "127.0.0.1" for port in ports), (name, ports)


def require_second_places(stack: Stack) -> str:
    """The replica has every object of the store, by what the archive says and by what lies there; the cold place, in
    which nothing is old enough to lie, works."""
    deadline = time.monotonic() + 120
    while True:
        figures = stack.figures("api-a")
        working = all(figures[f'liuhen_check{{check="{place}"}}'] == 1 for place in PLACES)
        if working and figures["liuhen_replica_objects_waiting"] == 0:
            break
        assert time.monotonic() < deadline, {name: figures[name] for name in figures if "replica" in name}
        time.sleep(2)
    volume = stack.machine.podman("volume", "inspect", "--format", "{{.Mountpoint}}", f"{PROJECT}_replica").stdout
    copies = sum(path.is_file() for path in (Path(volume.strip()) / "originals").rglob("*"))
    assert copies > 0, "nothing lies in the replica"
    stack.compose("--profile", "liuhen", "run", "--rm", "--no-deps", "-T", "liuhen", "cold", "--json", seconds=120)
    return f"the replica has every object, {copies} originals among them; the cold place works"


def require_spans(stack: Stack) -> str:
    """What `docker/compose.otel.yaml` promises: the way of an upload from its creation to its receipt, through the two
    containers of its node; the receipt is handed out by either. The demo's station sends no spans of its own."""
    deadline = time.monotonic() + 30
    while not (whole := list(whole_traces(stack))):
        assert time.monotonic() < deadline, stack.logs("collector")
        time.sleep(1)
    for trace in whole:
        assert {span["service"] for span in trace} == {"liuhen-http", "liuhen-custody"}, trace
        nodes = {span["resource"]["liuhen.node"] for span in trace if span["name"] != "receipt.fetch"}
        assert nodes in ({"a"}, {"b"}), trace
        assert {span["parent_id"] for span in trace} <= {"", *(span["span_id"] for span in trace)}, trace
    return f"the collector has {len(whole)} uploads from creation to receipt"


def whole_traces(stack: Stack) -> Iterator[list[dict[str, Any]]]:
    """Of those that begin and end in what the collector was sent: the API process that was killed took spans along."""
    traces: dict[str, list[dict[str, Any]]] = {}
    said = stack.machine.podman("logs", stack.name_of("collector")).stdout
    for span in map(json.loads, said.rpartition("\n")[0].splitlines()):
        traces.setdefault(span["trace_id"], []).append(span)
    for trace_id, trace in traces.items():
        names, first = {span["name"] for span in trace}, first_span_of(trace_id).span_id
        if {"custody.issue_receipt", "receipt.fetch"} <= names and any(span["span_id"] == first for span in trace):
            yield trace


def ask_prometheus(stack: Stack) -> str:
    """Its own scrape of every API process, and our rules in it."""
    asked = f"http://127.0.0.1:{stack.prometheus_port}/api/v1"
    deadline = time.monotonic() + 90
    with httpx.Client(timeout=10, trust_env=False) as client:
        while True:
            found = client.get(f"{asked}/query", params={"query": 'up{job="liuhen"}'}).json()["data"]["result"]
            if found and all(each["value"][1] == "1" for each in found):
                break
            assert time.monotonic() < deadline, found
            time.sleep(2)
        rules = client.get(f"{asked}/rules").json()["data"]["groups"]
    return f"Prometheus asks {len(found)} API processes by {sum(len(group['rules']) for group in rules)} rules"


def require_silent(stack: Stack) -> None:
    """No password in what any container has said; and all that should run is still healthy."""
    secrets = [path.read_text().strip() for path in (ROOT / "docker" / "secrets").iterdir() if "tls" not in path.name]
    for each in stack.inspected():
        done = stack.machine.podman("logs", each["Name"])
        for secret in secrets:
            assert secret not in done.stdout + done.stderr, each["Name"]
        if has_health_check(each):
            stack.machine.podman("healthcheck", "run", each["Name"])


if __name__ == "__main__":
    sys.exit(main())
