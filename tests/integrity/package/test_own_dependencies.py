"""The verifier runs where nothing is installed but what the distribution itself names as its dependencies."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import integrity


def closure(name: str) -> set[str]:
    """A distribution and all it needs without extras, as installed here."""
    wanted, found = [name], set()
    while wanted:
        distribution = importlib.metadata.distribution(wanted.pop())
        key = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        if key in found:
            continue
        found.add(key)
        for requirement in distribution.requires or []:
            if "extra ==" not in requirement and needed_here(requirement):
                wanted.append(re.split(r"[ ;<>=!~\[(]", requirement, maxsplit=1)[0])
    return found


def needed_here(requirement: str) -> bool:
    try:
        importlib.metadata.distribution(re.split(r"[ ;<>=!~\[(]", requirement, maxsplit=1)[0])
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def link_only(names: set[str], folder: Path) -> None:
    """A folder of packages with these distributions' files and no others."""
    for name in names:
        distribution = importlib.metadata.distribution(name)
        tops = {Path(str(file)).parts[0] for file in distribution.files or [] if ".." not in Path(str(file)).parts}
        for top in tops:
            link = folder / top
            if not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(top))))


def test_verifies_with_nothing_but_its_own_dependencies(pristine: Path, tmp_path: Path) -> None:
    dependencies = closure("liuhen") - {"liuhen"}
    assert dependencies <= {
        "asn1crypto",
        "cryptography",
        "cffi",
        "pycparser",
        "rfc3161-client",
        "rfc8785",
        "typing-extensions",
    }
    packages = tmp_path / "packages"
    packages.mkdir()
    link_only(dependencies, packages)
    (packages / "integrity").symlink_to(Path(integrity.__file__).parent)
    program = (
        "import sys; sys.path.append(sys.argv.pop(1)); "
        "import integrity.__main__ as m; code = m.main(sys.argv[1:]); "
        "strangers = {'sqlalchemy', 'fastapi', 'celery', 'minio', 'psycopg', 'api', 'storage'} & set(sys.modules); "
        "assert not strangers, strangers; sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(packages), "verify", str(pristine)],
        capture_output=True,
        text=True,
        env={"LANG": "C.UTF-8", "PATH": os.defpath},
    )
    assert done.returncode == 0, done.stdout + done.stderr
