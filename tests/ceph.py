"""A real S3 server with Object Lock: Ceph (one monitor, one OSD, one gateway) from Debian's packages, for one test run.

What was found out about it: its standalone back end refuses Object Lock, so it takes a cluster; `auth none` hangs the
gateway; `osd_class_dir` has to be absolute; no manager is needed.
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from minio import Minio

from storage.objects.s3_address import Patience, S3Address
from tests.memory_folders import memory_folder
from tests.ports import find_free_port

ACCESS_KEY, SECRET_KEY, REGION = "devkey", "dev/secret+key", "us-east-1"
_WITHIN_SECONDS = 90.0
_STORE_BYTES = 8 << 30
_ROOM_BYTES = 6 << 30


class Cluster:
    """Daemons in the foreground, children of this process, which end with it; all that they write is in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = find_free_port()
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._write_configuration()
        self._make_monitor()
        self._begin("mon", "ceph-mon", "-i", "a")
        self._make_disk()
        self._begin("osd", "ceph-osd", "-i", "0")
        self.start_gateway()
        user = ("--uid=dev", "--display-name=dev", f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")
        self._run("radosgw-admin", "-n", "client.admin", "user", "create", *user)

    def start_gateway(self) -> None:
        """Start the gateway, again perhaps, and wait until it answers."""
        self._begin("rgw", "radosgw", "-n", "client.rgw")
        deadline = time.monotonic() + _WITHIN_SECONDS
        while not _answers(self.url):
            if time.monotonic() > deadline or self._daemons["rgw"].poll() is not None:
                raise RuntimeError(f"the gateway did not start: {(self.folder / 'client.rgw.log').read_text()[-3000:]}")
            time.sleep(0.1)

    def stop_gateway(self) -> None:
        self._end("rgw")

    def stop(self) -> None:
        for name in reversed(list(self._daemons)):
            self._end(name)

    def bucket(self, name: str, *, lock: bool = True, url: str | None = None) -> S3Address:
        """Make a bucket, and give its address: straight, or by `url`, which leads here."""
        client = Minio(self.url.removeprefix("http://"), ACCESS_KEY, SECRET_KEY, secure=False, region=REGION)
        client.make_bucket(name, object_lock=lock)
        return self.address(name, url=url)

    def address(self, bucket: str, *, url: str | None = None, patience: Patience | None = None) -> S3Address:
        return S3Address(url or self.url, bucket, REGION, ACCESS_KEY, SECRET_KEY, patience=patience or Patience())

    def admin(self, *words: str) -> None:
        self._run("radosgw-admin", "-n", "client.admin", *words)

    def _write_configuration(self) -> None:
        for name in ("mon", "osd", "run"):
            (self.folder / name).mkdir()
        libraries = f"/usr/lib/{platform.machine()}-linux-gnu"
        self._monitor = f"[v2:127.0.0.1:{find_free_port()},v1:127.0.0.1:{find_free_port()}]"
        self._fsid = str(uuid.uuid4())
        folder = self.folder
        (folder / "ceph.conf").write_text(f"""[global]
fsid = {self._fsid}
mon_host = {self._monitor}
ms_bind_ipv6 = false
public_network = 127.0.0.0/8
cluster_network = 127.0.0.0/8
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_data_avail_crit = 1
osd_crush_chooseleaf_type = 0
osd_class_dir = {libraries}/rados-classes
plugin_dir = {libraries}/ceph
erasure_code_dir = {libraries}/ceph/erasure-code
osd_objectstore = bluestore
bluestore_block_size = {_STORE_BYTES}
osd_memory_target = 939524096
admin_socket = {folder}/run/$name.asok
pid_file = {folder}/run/$name.pid
log_file = {folder}/$name.log
keyring = {folder}/keyring
mon_data = {folder}/mon
osd_data = {folder}/osd
auth_allow_insecure_global_id_reclaim = false
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:{self.port} tcp_nodelay=1
rgw_data = {folder}
rgw_enable_usage_log = false
""")

    def _make_monitor(self) -> None:
        keyring = str(self.folder / "keyring")
        self._run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        for name, monitor, disk in (
            ("client.admin", "allow *", "allow *"),
            ("client.rgw", "allow rw", "allow rwx"),
            ("osd.0", "allow profile osd", "allow *"),
        ):
            caps = ("--cap", "mon", monitor, "--cap", "osd", disk)
            self._run("ceph-authtool", keyring, "--gen-key", "-n", name, *caps)
        made = str(self.folder / "monmap")
        self._run("monmaptool", "--create", "--addv", "a", self._monitor, "--fsid", self._fsid, made)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", made, "--keyring", keyring, *self._as_root())

    def _make_disk(self) -> None:
        disk = str(uuid.uuid4())
        self._run("ceph", "osd", "new", disk)
        with (self.folder / "osd" / "block").open("wb") as file:
            file.truncate(_STORE_BYTES)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk, *self._as_root())

    def _begin(self, name: str, *command: str) -> None:
        words = ("setpriv", "--pdeathsig", "KILL", *command, "-f", *self._as_root())
        with (self.folder / f"{name}.out").open("ab") as out:
            self._daemons[name] = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self._environment()
            )

    def _end(self, name: str) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is None:
            return
        # A test's cluster has nothing that it would have to put away.
        daemon.kill()
        daemon.wait()

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env=self._environment(), timeout=_WITHIN_SECONDS
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')[-2000:]}")

    def _as_root(self) -> tuple[str, ...]:
        return ("--setuser", "root", "--setgroup", "root") if os.geteuid() == 0 else ()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "CEPH_CONF": str(self.folder / "ceph.conf")}


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """In memory where there is room for it: a disk that others use as well makes every request wait."""
    with ExitStack() as stack:
        folder = stack.enter_context(memory_folder("liuhen-ceph-", _ROOM_BYTES))
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="liuhen-ceph-")))
        cluster = Cluster(folder)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def _answers(url: str) -> bool:
    with suppress(OSError, urllib.error.URLError):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    return False
