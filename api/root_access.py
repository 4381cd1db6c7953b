"""What the settings give of the root key: who is to hold it, and what opens it. docs/keys.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from api.errors import KeysUnusable, UsageRefused
from api.settings import Settings
from storage.key_errors import (
    KeyExposed,
    KeyStoreDamaged,
    KeyStoreError,
    KeyStoreMissing,
    KeyStoreUnusable,
    RootSecretMissing,
    RootSecretUnusable,
    RootSecretWrong,
    RootUnknown,
    ShareDamaged,
    SharesDiffer,
    SharesError,
    SharesGiveNoKey,
    SharesTooFew,
    TokenLocked,
    TokenUnusable,
)
from storage.roots.given_secret import GivenSecret
from storage.roots.holders import RootAccess
from storage.roots.token import TokenAccess

PLAIN = "file"


def root_access(settings: Settings) -> RootAccess:
    """Nothing of it is read yet. Raises UsageRefused where a secret is given twice."""
    return RootAccess(
        passphrase=_given(settings, "root_passphrase"),
        key=_given(settings, "root_key"),
        token=TokenAccess(settings.pkcs11_module, settings.pkcs11_token, _given(settings, "pkcs11_pin")),
    )


def backup_secret(settings: Settings) -> GivenSecret:
    """The passphrase that the keys of a backup are sealed with. Raises UsageRefused where it is given twice."""
    return _given(settings, "backup_passphrase")


def root_secrets(settings: Settings) -> dict[str, str]:
    """What a process needs of the environment to open the root key, and what others are not given."""
    given = {
        "LIUHEN_ROOT_PASSPHRASE": settings.root_passphrase,
        "LIUHEN_ROOT_KEY": settings.root_key,
        "LIUHEN_PKCS11_PIN": settings.pkcs11_pin,
    }
    return {name: value for name, value in given.items() if value is not None}


def _given(settings: Settings, name: str) -> GivenSecret:
    variable = f"LIUHEN_{name.upper()}"
    given = GivenSecret(variable, getattr(settings, name), getattr(settings, f"{name}_file"))
    if given.value is not None and given.file is not None:
        raise UsageRefused(
            f"{variable} 与 {variable}_FILE 只能设置其一", f"set either {variable} or {variable}_FILE, not both"
        )
    return given


@contextmanager
def telling_keys() -> Iterator[None]:
    """Raise what is wrong with the key store as KeysUnusable, in both languages and with what to do."""
    try:
        yield
    except KeyStoreError as error:
        raise KeysUnusable(chinese_of(error), str(error)) from error
    except SharesError as error:
        raise UsageRefused(_chinese_of_shares(error), str(error)) from error


def _chinese_of_shares(error: SharesError) -> str:
    match error:
        case ShareDamaged():
            named = "" if error.number is None else f"（自称第 {error.number} 份）"
            return f"输入的第 {error.place} 个份额{named}有误或不完整，请与纸面逐字核对"
        case SharesDiffer():
            return f"以下份额不属于恢复密钥 {error.recovery_id} 的同一套份额：{'、'.join(error.named)}；请换用其他份额"
        case SharesTooFew():
            return f"只有 {error.found} 份恢复密钥 {error.recovery_id} 的份额，需要 {error.wanted} 份"
        case SharesGiveNoKey():
            return f"份额 {'、'.join(map(str, error.numbers))} 完整，但合不成恢复密钥 {error.recovery_id}：其中有伪造的"
        case _:
            return "此密钥库没有恢复份额，或其 recovery.json 已遗失；请从备份恢复该文件"


def chinese_of(error: KeyStoreError) -> str:
    """What is wrong with the key store, and what to do."""
    match error:
        case KeyStoreMissing():
            return f"{error.path} 中没有密钥库；请从密钥库自己的备份恢复，切勿新建"
        case KeyExposed():
            return (
                f"{error.path} 的权限为 {error.mode}，他人可读取密钥；请执行 chmod go= {error.path}，并查明谁可能读过"
            )
        case KeyStoreUnusable():
            return f"密钥库 {error.path} 无法读写（{error.reason}）；请检查磁盘和权限"
        case KeyStoreDamaged():
            return f"密钥文件 {error.path} 已损坏或不完整；请从密钥库的备份恢复该文件"
        case RootUnknown():
            return f"密钥库缺少根密钥 {error.root_id}；请从备份完整恢复密钥库"
        case RootSecretMissing():
            return (
                f"无法打开根密钥：{error.path} 未设置、为空或无法读取；请设置 {error.variable}_FILE（存放该秘密的文件）"
            )
        case RootSecretWrong():
            return (
                f"{error.path} 给出的不是根密钥 {error.root_id} 的口令、密钥或 PIN；请改正，"
                "确已遗失的，用 liuhen keys recover 以恢复份额恢复"
            )
        case TokenUnusable():
            return (
                f"PKCS#11 设备 {error.path} 不可用（{error.reason}）；请检查设备连接和 LIUHEN_PKCS11_MODULE，"
                "确已损毁的，用 liuhen keys recover 以恢复份额恢复"
            )
        case TokenLocked():
            return f"PKCS#11 设备 {error.path} 因 PIN 多次错误已锁定；请用管理员 PIN 解锁"
        case RootSecretUnusable():
            return f"{error.path} 给出的不能用于保管新的根密钥：口令至少 12 个字符，密钥为 64 位十六进制数字或 base64"
        case _:
            return f"密钥库 {error.path} 不可用"
