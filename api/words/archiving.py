"""Words of archives of cases: secrecy, how long kept, what is in them."""

from __future__ import annotations

from collections.abc import Mapping

from api.i18n import mark

SECRECY_CLASSES: Mapping[str, str] = {
    "ordinary": mark("一般"),
    "privacy": mark("个人隐私"),
    "business_secret": mark("商业秘密"),
    "state_secret": mark("国家秘密"),
}
RETENTION_CLASSES: Mapping[str, str] = {
    "general": mark("一般（六个月）"),
    "two_years": mark("短期（二年）"),
    "extended": mark("长期（五年）"),
    "permanent": mark("永久"),
}
CONTENT_KINDS: Mapping[str, str] = {"recording": mark("音像记录"), "document": mark("文书"), "note": mark("说明")}
