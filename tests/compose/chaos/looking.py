"""What the archive itself says at the end: its rows, its keys, `liuhen verify`, and `liuhen reconcile` on each node."""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx
import psycopg

from api.demo.client import trusting
from integrity.keys import PublicKey
from tests.commands import Ran
from tests.compose.machine import ROOT
from tests.compose.stack import PROJECT, Stack
from tests.torture.rows import ArchiveRows, read_rows

NODES = ("a", "b")
_SECONDS = 900.0


def rows_now(stack: Stack) -> ArchiveRows:
    """As the superuser sees them, from this machine, which stands in the containers' network."""
    secret = (ROOT / "docker" / "secrets" / "database-superuser").read_text().strip()
    address = secret.replace("@postgres:", f"@{_address_of(stack, 'postgres')}:").removesuffix("postgres") + "liuhen"
    with psycopg.connect(address, connect_timeout=10) as connection:
        return read_rows(connection)


def public_keys(stack: Stack) -> tuple[Sequence[PublicKey], str]:
    """Those that receipts are signed with, and the ledger's."""
    with httpx.Client(base_url=stack.url, timeout=30, trust_env=False, verify=trusting(stack.authority)) as client:
        told = client.get("/api/v1/keys").raise_for_status().json()
    keys = [PublicKey(bytes.fromhex(each["public_key"])) for each in told["keys"] if each["purpose"] == "receipt"]
    return keys, str(told["ledger_vkey"])


def verify(stack: Stack) -> Ran:
    done = _command(stack, (), "verify", "--json")
    return Ran(done.code, done.stdout[done.stdout.find("{") :], done.stderr)


def reconcile(stack: Stack, node: str) -> Ran:
    """Where that node's staging disk is."""
    disk = f"{PROJECT}_staging-{node}:/var/lib/liuhen/staging"
    return _command(stack, ("--volume", disk, "-e", f"LIUHEN_NODE={node}"), "reconcile", "--json")


def _command(stack: Stack, options: Sequence[str], *words: str) -> Ran:
    run = ("--profile", "liuhen", "run", "--rm", "--no-deps", "-T", *options, "liuhen", *words)
    done = stack.compose(*run, seconds=_SECONDS, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


def _address_of(stack: Stack, service: str) -> str:
    (inspected,) = json.loads(stack.machine.podman("inspect", stack.name_of(service)).stdout)
    return str(inspected["NetworkSettings"]["Networks"][f"{PROJECT}_inside"]["IPAddress"])
