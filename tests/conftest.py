"""What tests of several packages stand on: a real PostgreSQL, migrated once, cloned for each test that commits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy.orm import Session

from api.engines.postgres import EmbeddedPostgres
from api.engines.roles import DATABASE, DatabaseAddresses
from api.logs import write_warnings
from storage.database import Database
from storage.migrations.upgrading import upgrade
from tests.ceph import Cluster, running_cluster
from tests.databases import MigratedServer, engines_kept, rolled_back
from tests.memory_folders import memory_folder
from tests.sampling import leave_out_what_takes_long
from tests.scheduling import make_scheduler, put_longest_first
from tests.softhsm import running_softhsm

# How long an example takes says how busy the machine is: nothing is timed in a test.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# A power failure is nothing a test of this kind survives: durability is tested on the archive's own settings.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
# In memory a copy of the template costs 80 ms instead of up to a second on a busy disk, and the suite makes hundreds.
CLUSTER_BYTES = 2 << 30


@pytest.fixture(scope="session")
def cluster_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """In memory where there is room for it, else on disk."""
    with memory_folder("liuhen-test-", CLUSTER_BYTES) as folder:
        yield folder or tmp_path_factory.mktemp("postgres")


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """This process and its children find a token called TOKEN, and may make more."""
    with running_softhsm(tmp_path_factory.mktemp("softhsm")):
        yield


@pytest.fixture(scope="session", autouse=True)
def logs_of_a_command() -> None:
    """Whichever test comes first: one that captures lines leaves behind what prints them on stdout, beside a result."""
    write_warnings()


@pytest.fixture(scope="session", autouse=True)
def kept_engines() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.database.create_engine", engines_kept())
        yield


@pytest.fixture(scope="session")
def server(cluster_folder: Path) -> Iterator[MigratedServer]:
    postgres = EmbeddedPostgres(cluster_folder / "cluster", cluster_folder / "secrets", options=QUICK)
    addresses = postgres.start()
    try:
        upgrade(addresses.owner)
        server = MigratedServer(addresses, postgres.superuser_url())
        yield server
        server.close()
    finally:
        postgres.stop()


@pytest.fixture
def template() -> str:
    """The name of the database that the test's own is a copy of; nobody may be connected to it."""
    return DATABASE


@pytest.fixture
def addresses(server: MigratedServer, template: str) -> Iterator[DatabaseAddresses]:
    """A database of the test's own, with each role's address: for what commits."""
    with server.empty() if template == DATABASE else server.copy_of(template) as addresses:
        yield addresses


@pytest.fixture
def database(addresses: DatabaseAddresses) -> Iterator[Database]:
    """A worker's or a command's way into the test's database: it acts for nobody, and row security lets it through."""
    database = Database(addresses.worker, pool_size=5)
    yield database
    database.close()


@pytest.fixture(scope="session")
def never_committed_to(server: MigratedServer) -> Iterator[DatabaseAddresses]:
    """The database that all tests of a worker share who commit nothing."""
    with server.copy_of(DATABASE) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def uncommitted(never_committed_to: DatabaseAddresses) -> Iterator[Database]:
    """One connection, whose server process knows the tables already when the next test begins."""
    database = Database(never_committed_to.worker, pool_size=1)
    yield database
    database.close()


@pytest.fixture
def session(uncommitted: Database) -> Iterator[Session]:
    """A session as the worker's role whose work is rolled back: for what leaves the commit to its caller."""
    with rolled_back(uncommitted) as session:
        yield session


@pytest.fixture(scope="session")
def ceph() -> Iterator[Cluster]:
    """An S3 server with Object Lock; what needs it is one worker's (tests/scheduling.py), so there is one."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real media that LIUHEN_CORPUS names."""
    import os

    folder = os.environ.get("LIUHEN_CORPUS")
    if not folder:
        pytest.skip("LIUHEN_CORPUS is not set: no real media to try")
    return Path(folder)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out_what_takes_long(config, items)
    put_longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    return make_scheduler(config, log)
