"""What leaves the archive and outlives it: packages, the trust folder, and its ledger's checkpoints."""

from __future__ import annotations

import hashlib
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from api.demo.cast import MAIN_CASE, REVIEWER, SUPERVISOR
from api.demo.client import ApiClient
from integrity.checkpoint import open_checkpoint
from integrity.merkle import consistency_proof, verify_consistency
from integrity.tiles import hash_reader
from integrity.trust import load_trust
from tests.compose.machine import ROOT
from tests.compose.stack import PROJECT, Stack

_EXPORTS = "/var/lib/liuhen/exports"


@contextmanager
def signed_in(stack: Stack, sign_in_name: str) -> Iterator[ApiClient]:
    issued = stack.command("admin", "token", "create", "--person", sign_in_name, "--name", "test-backup", "--json")
    with ApiClient(stack.url, str(issued["token"]), sign_in_name, stack.authority) as client:
        yield client


def hand_over_trust(stack: Stack, target: Path) -> None:
    stack.command("admin", "trust", f"{_EXPORTS}/trust", "--json")
    _take_out(stack, "trust", target)


def export(stack: Stack, name: str, target: Path) -> None:
    """The main case under a new grant, as a package that is taken out of the archive."""
    with signed_in(stack, SUPERVISOR.key) as asker, signed_in(stack, REVIEWER.key) as reviewer:
        purpose, why = "移送法院", "法院须核验原件"
        asked = {"case_id": _main_case(asker), "kind": "copy", "purpose": purpose, "unredacted_reason": why}
        request = asker.post("/api/v1/requests", asked)
        consent = {"hours": 8, "consent_reason": "同意提供原件"}
        grant = reviewer.post(f"/api/v1/requests/{request['id']}/approve", consent)
    stack.command("export", MAIN_CASE.number, "--grant", str(grant["id"]), "--out", f"{_EXPORTS}/{name}", "--json")
    _take_out(stack, name, target)


def require_verified(package: Path, trust: Path) -> None:
    """By the verifier alone, with what was handed over before."""
    argv = (sys.executable, "-m", "integrity", "verify", str(package), "--trust", str(trust))
    subprocess.run(argv, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def digest_originals(stack: Stack) -> dict[str, str]:
    """SHA-256 of each original of the main case, which the supervisor may copy, by id, as it is served."""
    with signed_in(stack, SUPERVISOR.key) as viewer:
        found: dict[str, str] = {}
        for each in viewer.items("/api/v1/recordings", case=_main_case(viewer)):
            size = int(each["size_bytes"])
            content = viewer.fetch_span(f"/api/v1/recordings/{each['id']}/original", 0, size - 1)
            found[str(each["id"])] = hashlib.sha256(content).hexdigest()
    return found


def checkpoint_of(stack: Stack) -> bytes:
    with _public(stack) as client:
        return client.get("/ledger/checkpoint").raise_for_status().content


def require_backup_known(stack: Stack) -> None:
    """To each API process, although it was made in another container, which is gone."""
    for node in ("api-a", "api-b"):
        age = stack.figures(node).get("liuhen_backup_age_seconds", 0)
        assert 0 < age < 600, (node, age)


def require_one_ledger(stack: Stack, earlier: bytes, trust: Path) -> tuple[int, int]:
    """The checkpoint of the archive that was lost is a beginning of what this one signs; the sizes of both."""
    vkey = load_trust(trust).ledger_vkey
    with _public(stack) as client:

        def fetch(path: str) -> bytes | None:
            answer = client.get(f"/ledger/{path}")
            return None if answer.status_code == 404 else answer.raise_for_status().content

        old, new = open_checkpoint(earlier, vkey), open_checkpoint(checkpoint_of(stack), vkey)
        assert new.size > old.size, (old.size, new.size)
        proof = consistency_proof(old.size, new.size, hash_reader(new.size, fetch))
        verify_consistency(old.size, new.size, proof, old.root, new.root)
    return old.size, new.size


def _main_case(client: ApiClient) -> str:
    return next(str(each["id"]) for each in client.items("/api/v1/cases") if each["number"] == MAIN_CASE.number)


@contextmanager
def _public(stack: Stack) -> Iterator[httpx.Client]:
    trusted = ssl.create_default_context(cafile=str(stack.authority))
    with httpx.Client(base_url=stack.url, timeout=30, trust_env=False, verify=trusted) as client:
        yield client


def _take_out(stack: Stack, name: str, target: Path) -> None:
    volume = stack.machine.podman("volume", "inspect", "--format", "{{.Mountpoint}}", f"{PROJECT}_exports").stdout
    shutil.copytree(Path(volume.strip()) / name, target)
