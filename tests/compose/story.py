"""The demo's story told of the containers, with an API process killed in the middle of it; and its films watched."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import signal
import ssl
import subprocess
import threading
import time
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import sync_playwright

from tests.compose.machine import ROOT
from tests.compose.stack import Stack
from tests.corpus.watching import watch
from tests.journeys.browsing import ARGUMENTS, CHROMIUM, desk_of

VIEWER = "demo-supervisor"
_DEMO_SECONDS = 900.0
_AGENT_DEAD = "SIGKILL has ended the agent"


def tell_story(stack: Stack) -> None:
    """`liuhen demo --at` in a container of its own; once its agent was killed, an API process dies as well."""
    telling = ("run", "--rm", "--no-deps", "-T", "demo")
    argv = (*stack.words, "--profile", "demo", *telling)
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
    return str(stack.command("admin", "person", "password", VIEWER, "--json")["password"])


def recordings(stack: Stack, password: str) -> list[dict[str, Any]]:
    trusted = ssl.create_default_context(cafile=str(stack.authority))
    with httpx.Client(base_url=stack.url, timeout=30, trust_env=False, verify=trusted) as client:
        answer = client.post("/api/v1/session", json={"sign_in_name": VIEWER, "password": password})
        answer.raise_for_status()
        listed = client.get("/api/v1/recordings", params={"limit": "200"}).raise_for_status().json()["items"]
        return [client.get(f"/api/v1/recordings/{each['id']}").raise_for_status().json() for each in listed]
