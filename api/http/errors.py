"""What HTTP itself refuses. The tree's trunk is api.errors.ApiError.

HttpRefused
├── SignInNeeded        no valid session and no valid token
├── SignInFailed        name or password are wrong; which, is not said
├── SignInThrottled     too many failures from here or for this name
├── CsrfRefused         a change without the session's own token
├── RoleRefused         signed in, with a role that may not do this
├── NotFound            nothing of that name that this person may know of
├── RangeUnsatisfiable  a range that the object does not have
└── InputUnusable       a field that cannot be understood
"""

from __future__ import annotations

from collections.abc import Sequence

from api.errors import ApiError


class HttpRefused(ApiError):
    """`status` and `code` are what the problem document states."""

    status = 400
    code = "refused"


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
        super().__init__(
            f"登录失败次数过多，请在 {retry_after_seconds} 秒后再试",
            f"too many failed sign-ins: try again in {retry_after_seconds} seconds",
        )
        self.retry_after_seconds = retry_after_seconds


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


class InputUnusable(HttpRefused):
    status, code = 422, "input"

    def __init__(self, field: str, chinese: str, english: str) -> None:
        super().__init__(f"“{field}”无效：{chinese}", f"“{field}” is not usable: {english}")
        self.field = field
