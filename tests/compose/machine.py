"""podman with a configuration, a store and networks of its own, below one folder: what the machine has stays as it is.

What took time to find out: crun refuses a machine with both kinds of cgroups, runc does not; podman's own limits may be
above what may be set here, so ours are named; without systemd nobody runs health checks, so whoever waits has to.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BASE = "docker.io/library/debian:trixie-slim"
IMAGES = {
    "liuhen": "docker/Dockerfile",
    **{
        f"liuhen-{name}": f"docker/{name}/Dockerfile"
        for name in ("postgres", "valkey", "rgw", "proxy", "rabbitmq", "prometheus")
    },
}
_BUILD_SECONDS = 1500.0
_PULL_SECONDS = 60.0


@dataclass(frozen=True)
class Machine:
    """`folder` keeps images from one run to the next; nothing else of a run stays in it."""

    folder: Path

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")}
        return {
            **kept,
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        }

    def configure(self) -> None:
        for name in ("store", "networks", "run", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        limits = ", ".join(
            f'"{name}={resource.getrlimit(number)[1]}:{resource.getrlimit(number)[1]}"'
            for name, number in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))
            if resource.getrlimit(number)[1] != resource.RLIM_INFINITY
        )
        (self.folder / "containers.conf").write_text(
            f'[containers]\ndefault_ulimits = [{limits}]\nlog_driver = "k8s-file"\n'
            '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
            f'tmp_dir = "{self.folder}/run/libpod"\n'
            f'[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "{self.folder}/networks"\n'
        )
        storage = (
            f'[storage]\ndriver = "overlay"\nrunroot = "{self.folder}/run/storage"\ngraphroot = "{self.folder}/store"\n'
        )
        kept = self.folder / "storage.conf"
        if kept.exists() and kept.read_text() != storage:
            # podman goes by the folders it was first started with: of one that was moved it has to forget them.
            (self.folder / "store" / "db.sql").unlink(missing_ok=True)
        kept.write_text(storage)

    def podman(
        self, *words: str, seconds: float = 120.0, check: bool = True, shown: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """`podman WORDS`. Raises CalledProcessError with what it said on stderr as a note, TimeoutExpired."""
        return self.run(("podman", *words), seconds=seconds, check=check, shown=shown)

    def run(
        self, words: Sequence[str], *, seconds: float, check: bool = True, shown: bool = False, **more: str
    ) -> subprocess.CompletedProcess[str]:
        out = None if shown else subprocess.PIPE
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            text=True,
            env=self.environment() | more,
            cwd=ROOT,
            timeout=seconds,
        )
        if check and done.returncode != 0:
            error = subprocess.CalledProcessError(done.returncode, words)
            error.add_note((done.stderr or "")[-3000:] + (done.stdout or "")[-3000:])
            raise error
        return done

    def take_base(self) -> None:
        """Debian's own image where a registry answers, else one that debootstrap makes of the packages."""
        if self.podman("image", "exists", BASE, check=False).returncode == 0:
            return
        try:
            pulled = self.podman("pull", "--quiet", BASE, seconds=_PULL_SECONDS, check=False).returncode == 0
        except subprocess.TimeoutExpired:
            pulled = False
        if pulled:
            return
        print(f"no registry answers: {BASE} is made by debootstrap", flush=True)
        with tempfile.TemporaryDirectory(dir=self.folder / "tmp") as folder:
            root, archive = Path(folder) / "root", Path(folder) / "root.tar"
            self.run(("debootstrap", "--variant=minbase", "trixie", str(root)), seconds=_BUILD_SECONDS)
            shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
            self.run(("tar", "-C", str(root), "-cf", str(archive), "."), seconds=300)
            self.podman("import", str(archive), BASE, seconds=300)

    def build(self, image: str, source: Path = ROOT, tag: str = "latest") -> None:
        """One of IMAGES, with the package sources of this machine lent to it: nothing of them stays in the image."""
        lent = tuple(word for each in self._lent() for word in ("--volume", each))
        self.podman(
            *("build", "--pull=never", "--network=host", "--quiet", *lent),
            *("--tag", f"localhost/{image}:{tag}", "--file", str(source / IMAGES[image]), str(source)),
            seconds=_BUILD_SECONDS,
        )

    def _lent(self) -> list[str]:
        """Where apt and pip of this machine look for packages, and whom they trust, as read-only mounts."""
        lent = self.folder / "lent"
        shutil.rmtree(lent, ignore_errors=True)
        lists = lent / "sources.list.d"
        lists.mkdir(parents=True)
        # A folder of this machine's own packages is none of the image's.
        for source in (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")):
            if source.is_file() and "file:" not in source.read_text():
                shutil.copy(source, lists / (source.name if source.name != "sources.list" else "main.list"))
        mounts = [f"{lists}:/etc/apt/sources.list.d:ro"]
        for name in ("apt.conf.d", "auth.conf.d", "keyrings", "trusted.gpg.d"):
            if (Path("/etc/apt") / name).is_dir():
                mounts.append(f"/etc/apt/{name}:/etc/apt/{name}:ro")
        authorities = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
        if authorities and Path(authorities).is_file():
            mounts.append(f"{Path(authorities).resolve()}:/run/authorities.pem:ro")
        return [*mounts, f"{self._pip_configuration(lent, bool(authorities))}:/etc/pip.conf:ro"]

    def _pip_configuration(self, lent: Path, authorities: bool) -> Path:
        """What pip is told here by file or variable of indexes and proxies."""
        kept = {"cert": "/run/authorities.pem"} if authorities else {}
        asked = ("config", "list", "--disable-pip-version-check")
        listed = self.run((sys.executable, "-m", "pip", *asked), seconds=60, check=False).stdout or ""
        listed = listed or self.run(("python3", "-m", "pip", *asked), seconds=60, check=False).stdout or ""
        for line in listed.splitlines():
            name, _, value = line.partition("=")
            name = name.rpartition(".")[2]
            if name in ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "default-timeout"):
                kept[name] = value.strip("'\"").replace("\\n", " ")
        file = lent / "pip.conf"
        file.write_text("[global]\nbreak-system-packages = true\n" + "".join(f"{a} = {b}\n" for a, b in kept.items()))
        file.chmod(0o600)
        return file
