"""`make test-compose`: the images built, the stack started, the demo's story told of it and its recordings watched in
Chromium, all through the TLS proxy; then everything is taken down, also where something failed.

    python -m tests.compose [--broker rabbitmq]
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import sync_playwright

from tests.compose.machine import ROOT
from tests.compose.prepared import BROKERS, IMAGES_KEPT, Clock, end_in_time, prepared_stack
from tests.compose.stack import PROJECT, Stack, has_health_check, running
from tests.corpus.watching import watch
from tests.journeys.browsing import ARGUMENTS, CHROMIUM, desk_of

VIEWER = "demo-supervisor"
LONGEST_SECONDS = 3000.0
_DEMO_SECONDS = 900.0
_AGENT_DEAD = "SIGKILL has ended the agent"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broker", choices=BROKERS, default="valkey")
    parser.add_argument("--folder", type=Path, default=IMAGES_KEPT, help="images are kept in it")
    asked = parser.parse_args()
    end_in_time(LONGEST_SECONDS)
    say = Clock().say
    with running(prepared_stack(asked.folder, asked.broker, ("prometheus",), say)) as stack:
        say(f"healthy: {len(stack.inspected())} containers")
        require_closed(stack)
        say("every container: not root, read-only, no capability, no secret in its settings")
        tell_story(stack)
        say("the demo's story holds, an API process killed in the middle of it")
        say(play_in_chromium(stack))
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


def tell_story(stack: Stack) -> None:
    """`liuhen demo --at` in a container of its own; once its agent was killed, an API process dies as well."""
    telling = ("run", "--rm", "--no-deps", "-T", "demo")
    files = tuple(word for each in stack.files for word in ("--file", str(each)))
    argv = (
        "podman-compose",
        "--project-name",
        PROJECT,
        "--in-pod",
        "false",
        *files,
        "--profile",
        "demo",
        *telling,
    )
    environment = stack.machine.environment() | stack.addresses
    process = subprocess.Popen(
        argv, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    late = threading.Timer(_DEMO_SECONDS, process.terminate)
    late.start()
    lines: list[str] = []
    killed = False
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            print(f"    {line}", end="", flush=True)
            if not killed and _AGENT_DEAD in line:
                killed = True
                # Its node has the uploads that are under way: the proxy says 503 until it is back.
                kill_and_start(stack, node_at_work(stack))
        code = process.wait()
    finally:
        late.cancel()
        if process.poll() is None:
            process.terminate()
    assert code == 0, f"the demo ended with {code}"
    assert killed, "the agent was never killed"
    assert any("every check held" in line for line in lines)


def node_at_work(stack: Stack) -> str:
    """The API process of the node that the station's uploads are on: by what the proxy has passed on last."""
    deadline = time.monotonic() + 15
    while True:
        done = stack.machine.podman("logs", stack.name_of("proxy"))
        nodes = re.findall(r" /uploads/([ab])/", done.stdout + done.stderr)
        if nodes:
            return f"api-{nodes[-1]}"
        assert time.monotonic() < deadline, "no upload went through the proxy"
        time.sleep(0.2)


def kill_and_start(stack: Stack, service: str) -> None:
    """SIGKILL to the process itself, as the kernel would send it: the restart policy has to bring it back."""
    name = stack.name_of(service)
    pid = int(stack.machine.podman("inspect", "--format", "{{.State.Pid}}", name).stdout)
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        now = stack.machine.podman("inspect", "--format", "{{.State.Running}} {{.State.Pid}}", name).stdout.split()
        if now[0] == "true" and int(now[1]) != pid:
            return
        time.sleep(0.5)
    raise AssertionError(f"{service} was not started again by its restart policy")


def play_in_chromium(stack: Stack) -> str:
    """The supervisor of the story, who has a grant, watches every film there is through the proxy."""
    password = new_password(stack)
    films = [each for each in recordings(stack, password) if any(copy["name"] == "proxy" for copy in each["copies"])]
    assert films, "there is nothing to play"
    sandboxes = {str(each["findings"].get("sandbox")) for each in films}
    certificate = x509.load_pem_x509_certificate(stack.authority.read_bytes())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    # This one certificate is trusted, and no other.
    pin = f"--ignore-certificate-errors-spki-list={base64.b64encode(hashlib.sha256(key).digest()).decode()}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, pin])
        with desk_of(browser, stack.url, VIEWER, password) as desk:
            for film in films:
                desk.open(f"/recordings/{film['id']}")
                seen = watch(
                    desk.page, f"{stack.url}/api/v1/recordings/{film['id']}/renditions/proxy", sound_only=False
                )
                complaints = seen.complaints(picture=True, sound=False, silent=True)
                assert not complaints, f"{film['original_name']}: {complaints}"
        browser.close()
    return f"{len(films)} films play in Chromium through the proxy, looked at in the sandbox {', '.join(sandboxes)}"


def new_password(stack: Stack) -> str:
    words = ("admin", "person", "password", VIEWER, "--json")
    done = stack.compose("--profile", "command", "run", "--rm", "--no-deps", "-T", "command", *words, seconds=240)
    return str(json.loads(done.stdout[done.stdout.index("{") :])["password"])


def recordings(stack: Stack, password: str) -> list[dict[str, Any]]:
    trusted = ssl.create_default_context(cafile=str(stack.authority))
    with httpx.Client(base_url=stack.url, timeout=30, trust_env=False, verify=trusted) as client:
        answer = client.post("/api/v1/session", json={"sign_in_name": VIEWER, "password": password})
        answer.raise_for_status()
        listed = client.get("/api/v1/recordings", params={"limit": "200"}).raise_for_status().json()["items"]
        return [client.get(f"/api/v1/recordings/{each['id']}").raise_for_status().json() for each in listed]


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
