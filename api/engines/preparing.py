"""What an archive needs before any of it serves: done by `liuhen up` on its way, and by `liuhen prepare` alone.

Each step may be done again, and then changes nothing.
"""

from __future__ import annotations

from api.cold_store import require_cold_place_named, require_usable_cold_place
from api.engines.roles import DatabaseAddresses
from api.engines.running import migrate
from api.engines.supervise import Step
from api.object_store import open_store, require_usable_store
from api.replica_store import require_usable_replica
from api.settings import Settings
from api.tracing.opening import require_spans


def steps_before_database(settings: Settings) -> tuple[Step, ...]:
    """Where objects lie can be used, and the keys are there and open."""
    return (
        *([] if settings.otel_url is None else [Step("链路追踪", "tracing", lambda: require_spans(settings))]),
        Step("对象存储", "object store", lambda: require_usable_stores(settings)),
        Step("密钥", "keys", lambda: create_keys(settings)),
        Step("根密钥", "root key", lambda: require_keys(settings)),
    )


def steps_with_database(settings: Settings, database: DatabaseAddresses) -> tuple[Step, ...]:
    """The database has this release's schema, and belongs to that store and those keys."""
    return (
        Step("数据库结构", "database schema", lambda: migrate(database)),
        Step("对象存储归属", "the store is this archive's", lambda: require_store(settings, database)),
        Step("密钥公示入账", "keys in the ledger", lambda: announce_public_keys(settings, database)),
        Step("已销毁的密钥", "destroyed keys", lambda: forget_disposed_keys(settings, database)),
        Step("必备要素规则", "element policies", lambda: load_policies(database)),
    )


def require_usable_stores(settings: Settings) -> None:
    """The one where objects lie, the one where their copies do, and the cold place, if any."""
    require_usable_store(settings)
    require_usable_replica(settings)
    require_usable_cold_place(settings)


def create_keys(settings: Settings) -> None:
    from api.keyring import create_missing_keys

    create_missing_keys(settings)


def require_keys(settings: Settings) -> None:
    from api import keyring

    keyring.require_keys(settings)


def require_store(settings: Settings, database: DatabaseAddresses) -> None:
    """Before anything is written: a disk that is not mounted must not be taken for an empty store."""
    from api.errors import UsageRefused
    from storage.database import Database
    from storage.ledger.errors import StoreLacksLedger
    from storage.ledger.own_store import require_own_store

    connections = Database(database.worker, pool_size=1)
    try:
        require_own_store(connections, open_store(settings))
        require_cold_place_named(settings, connections)
    except StoreLacksLedger as error:
        from api.http.problems import problem_of

        raise UsageRefused(problem_of(error, "zh")["sentences"]["zh-CN"], str(error)) from error
    finally:
        connections.close()


def announce_public_keys(settings: Settings, database: DatabaseAddresses) -> None:
    """And what broke off of changing one is brought to its end."""
    from api.keyring import announce_keys, open_keyring
    from api.root_access import telling_keys
    from api.succeeding import SUCCEEDED, bring_to_end, telling_signing_keys
    from storage.database import Database

    connections, keyring = Database(database.worker, pool_size=1), open_keyring(settings)
    try:
        with telling_keys(), telling_signing_keys():
            bring_to_end(connections, keyring, *SUCCEEDED)
            announce_keys(connections, keyring)
    finally:
        connections.close()


def forget_disposed_keys(settings: Settings, database: DatabaseAddresses) -> None:
    """Before anything is sealed: a backup of the key store may have brought back what was destroyed."""
    from api.keyring import open_keyring
    from retention.key_disposal import forget_disposed
    from storage.database import Database
    from storage.keystore import KeyStore

    connections = Database(database.worker, pool_size=1)
    try:
        with connections.reading() as session:
            forget_disposed(session, KeyStore(open_keyring(settings).key_store_folder, opened=False))
    finally:
        connections.close()


def load_policies(database: DatabaseAddresses) -> None:
    """Versions of rules of every kind, and templates, that this archive has never had."""
    from datetime import UTC, datetime

    from casework.archiving.retention_rules import load_shipped_retention
    from casework.checklists.checklists import load_shipped_checklists
    from casework.deadlines.loading import load_shipped_terms
    from casework.documents.templates import load_shipped_templates
    from casework.elements.policies import load_shipped_policies
    from casework.filereview.sheets import load_shipped_score_sheets
    from casework.notices.rules import load_shipped_notice_rules
    from casework.publication.publicity import load_shipped_publicity
    from casework.retrieval.rules import load_shipped_retrieval_rules
    from casework.returns.rules import load_shipped_returns
    from casework.review.scopes import load_shipped_scopes
    from storage.database import Database

    connections = Database(database.worker, pool_size=1)
    try:
        with connections.transaction() as session:
            load_shipped_policies(session, datetime.now(UTC))
            load_shipped_checklists(session, datetime.now(UTC))
            load_shipped_terms(session, datetime.now(UTC))
            load_shipped_retention(session, datetime.now(UTC))
            load_shipped_templates(session, datetime.now(UTC))
            load_shipped_scopes(session, datetime.now(UTC))
            load_shipped_retrieval_rules(session, datetime.now(UTC))
            load_shipped_publicity(session, datetime.now(UTC))
            load_shipped_score_sheets(session, datetime.now(UTC))
            load_shipped_returns(session, datetime.now(UTC))
            load_shipped_notice_rules(session, datetime.now(UTC))
    finally:
        connections.close()
