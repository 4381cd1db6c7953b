"""What HTTP itself refuses. The tree's trunk is api.errors.ApiError.

HttpRefused
├── BodyTooLarge        more than anything but an upload may send
├── SignInNeeded        no valid session and no valid token
├── SignInFailed        name or password are wrong; which, is not said
├── SignInThrottled     too many failures from here or for this name
│   └── CodeThrottled   too many codes that did not count, from here
├── CsrfRefused         a change without the session's own token
├── RoleRefused         signed in, with a role that may not do this
├── NotFound            nothing of that name that this person may know of
├── RangeUnsatisfiable  a range that the object does not have
├── InputUnusable       a field that cannot be understood
├── OthersToken         a token of somebody else, who signs in and can make it
├── PasswordUnusable    a new password that is too short or too long
├── CodeRefused         a one-time code that does not count, or not any more
├── TokenRevoked        the token has been revoked before
├── CustodyFailed       an upload that could not be sealed, or whose object was lost before its receipt
├── NoCheckpoint        the ledger has no signed head yet
├── VerificationBusy    the archive is being verified already
└── PackageNotThere     the package of an export is not finished, or was removed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from api.errors import ApiError

MOST_BODY_BYTES = 1 << 20
"""Of anything but an upload and a paper, a table that is imported among it."""


class HttpRefused(ApiError):
    """`status` and `code` are what the problem document states, and `members` beside them, for programs."""

    status = 400
    code = "refused"
    members: Mapping[str, str] = MappingProxyType({})


class BodyTooLarge(HttpRefused):
    status, code = 413, "body-too-large"

    def __init__(self, most_bytes: int = MOST_BODY_BYTES) -> None:
        super().__init__(
            f"请求内容超过 {most_bytes} 字节；录像请经上传接口（/uploads）提交",
            f"the request's body has more than {most_bytes} bytes; footage goes to /uploads",
        )


class SignInNeeded(HttpRefused):
    status, code = 401, "sign-in-needed"

    def __init__(self) -> None:
        super().__init__("请先登录，或提供有效的访问令牌", "sign in first, or send a valid bearer token")


class SignInFailed(HttpRefused):
    status, code = 401, "sign-in-failed"

    def __init__(self) -> None:
        super().__init__("用户名或密码不正确", "the name or the password is not right")


class SignInThrottled(HttpRefused):
    status, code = 429, "sign-in-throttled"

    def __init__(self, retry_after_seconds: int) -> None:
        minutes = -(-retry_after_seconds // 60)
        super().__init__(
            f"登录失败次数过多，请约 {minutes} 分钟后再试；忘记密码请联系管理员重设",
            f"too many failed sign-ins: try again in about {minutes} min; an administrator can set a new password",
        )
        self.retry_after_seconds = retry_after_seconds


class CodeThrottled(SignInThrottled):
    code = "code-throttled"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(retry_after_seconds)
        minutes = -(-retry_after_seconds // 60)
        self.chinese = f"一次性代码多次不正确，请约 {minutes} 分钟后再试"
        self.english = f"too many one-time codes that did not count: try again in about {minutes} min"


class CsrfRefused(HttpRefused):
    status, code = 403, "csrf"

    def __init__(self) -> None:
        super().__init__(
            "请求未携带本次登录的校验码；请刷新页面后重试",
            "the request does not carry this session's token: reload the page and try again",
        )


class RoleRefused(HttpRefused):
    status, code = 403, "role"

    def __init__(self, role: str, allowed: Sequence[str]) -> None:
        super().__init__(
            f"您的角色（{role}）无权进行此操作；需要：{'、'.join(allowed)}",
            f"your role ({role}) may not do this; it takes one of: {', '.join(allowed)}",
        )
        self.role, self.allowed = role, tuple(allowed)


class NotFound(HttpRefused):
    status, code = 404, "not-found"

    def __init__(self, what: str) -> None:
        super().__init__(f"找不到：{what}", f"not found: {what}")


class RangeUnsatisfiable(HttpRefused):
    status, code = 416, "range"

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"请求的范围超出文件（{size_bytes} 字节）", f"the range lies outside the {size_bytes} bytes")
        self.size_bytes = size_bytes


class OthersToken(HttpRefused):
    status, code = 403, "others-token"

    def __init__(self) -> None:
        super().__init__(
            "能够登录的人员只能由本人签发自己的令牌；请本人登录后签发，或为程序另建一个没有密码的身份",
            "whoever signs in makes their own tokens; for a program make an identity without a password",
        )


class InputUnusable(HttpRefused):
    status, code = 422, "input"

    def __init__(self, field: str, chinese: str, english: str) -> None:
        super().__init__(f"“{field}”无效：{chinese}", f"“{field}” is not usable: {english}")
        self.field = field


class FormUnusable(HttpRefused):
    """A page's form, in whole sentences that say what to do: who sees it knows no field by its name."""

    status, code = 422, "input"


class PasswordUnusable(HttpRefused):
    status, code = 422, "password"

    def __init__(self, least: int, most: int) -> None:
        super().__init__(
            f"密码长度须为 {least} 至 {most} 个字符，请另选",
            f"a password has {least} to {most} characters: choose another",
        )


class CodeRefused(HttpRefused):
    status, code = 403, "code"

    def __init__(self) -> None:
        super().__init__(
            "一次性代码不正确、已使用或已过期；请核对输入，仍不行时用 liuhen admin first-admin-code 获取新代码",
            "the one-time code is mistyped, used or expired: check it, or get a new one: liuhen admin first-admin-code",
        )


class TokenRevoked(HttpRefused):
    status, code = 409, "token-revoked"

    def __init__(self) -> None:
        super().__init__("该令牌已被吊销，无需再办", "the token was revoked before; nothing more to do")


class CustodyFailed(HttpRefused):
    """`failure` is the code of ingest's error, such as ClaimedDigestDiffers: docs/stations.md has them all."""

    status, code = 409, "custody-failed"

    def __init__(self, upload_id: str, failure: str) -> None:
        super().__init__(
            f"上传 {upload_id} 未能封存，或封存后其对象缺失（{failure}）；请保留设备上的原件并联系管理员",
            f"upload {upload_id} was not sealed, or its object was lost since ({failure}): keep the original on the "
            "device, call the administrator",
        )
        self.members = {"failure": failure}


class NoCheckpoint(HttpRefused):
    status, code = 503, "no-checkpoint"

    def __init__(self) -> None:
        super().__init__("账本尚无签署的检查点，请稍后重试", "the ledger has no signed checkpoint yet: try again later")


class VerificationBusy(HttpRefused):
    status, code = 409, "verification-busy"

    def __init__(self) -> None:
        super().__init__("核验正在进行，请等待其完成", "the archive is being verified: wait until that is done")


class PackageNotThere(HttpRefused):
    status, code = 404, "package"

    def __init__(self) -> None:
        super().__init__(
            "该导出的数据包尚未完成或已清除；请重新导出", "the package is not finished, or was removed: export again"
        )
