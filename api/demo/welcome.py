"""What `liuhen up` says once it is ready: on an empty archive, how the first person gets in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from api.engines.run_record import ArchiveAddresses
from api.settings import Settings

Say = Callable[[str], None]


def welcome(settings: Settings, addresses: ArchiveAddresses, *, demo: bool, say: Say) -> None:
    """Say that the archive is ready, and print the first administrator's one-time code where there are no people.

    An empty archive that is to be a demo is not called ready, but begun to be filled in: as long as nobody has a
    password, nobody can do anything with it. The filling calls it ready, and who can sign in.
    """
    # Here and not at the top: only now, with the database up, are they wanted.
    from sqlalchemy.exc import SQLAlchemyError

    from api.demo.filling import fill_empty_archive
    from api.signin import issue_first_administrator_code, needs_first_administrator
    from storage.database import Database

    database = Database(addresses.database.worker, pool_size=1, application_name="liuhen-up")
    try:
        with database.transaction() as session:
            empty = needs_first_administrator(session)
            code = issue_first_administrator_code(session, datetime.now(UTC)) if empty and not demo else None
    except SQLAlchemyError as error:
        # Not worth an archive that runs: whoever needs the code asks for it again.
        say_ready(addresses.http, say)
        reason = f"{type(error).__name__}: liuhen admin first-admin-code"
        say(f"未能查看是否需要首位管理员 / whether a first administrator is needed is not known ({reason})")
        return
    finally:
        database.close()
    if demo and empty:
        say(
            "已启动，正在建立演示的登录账号，稍候在此列出 / it runs; the demo's sign-ins are being made, and shown here"
        )
        fill_empty_archive(settings, addresses.http)
        return
    say_ready(addresses.http, say)
    if code is not None:
        say(f"首位管理员的一次性代码 / one-time code for the first administrator: {code}")
        say(f"在此使用，24 小时内有效 / use it within 24 hours at: {addresses.http}/first-administrator")
    elif demo:
        _explain_full(say)


def say_ready(address: str, say: Say) -> None:
    say(f"留痕已就绪 / ready: {address}")


def _explain_full(say: Say) -> None:
    say("档案不是空的，未填入演示内容 / this archive is not empty: nothing was filled in")
    say("忘记密码时：liuhen admin person password 用户名（最后一位管理员的亦可）；或另设 LIUHEN_DATA 重新开始")
    say(
        "a password is forgotten, the last administrator's too: liuhen admin person password NAME; "
        "or start afresh with another LIUHEN_DATA"
    )
