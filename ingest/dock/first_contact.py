"""Why nothing that could be an archive ever answered at an address: what may be wrong with it, and what to do.

As long as nothing answered it may as well be off. Where an answer shows that another protocol is spoken there, no time
heals it.
"""

from __future__ import annotations

import ssl

import httpcore

from ingest.dock.words import Words, causes

_NO_TLS = "WRONG_VERSION_NUMBER"
_PLAIN = Words(
    "it is no https port, and answers in the clear; where the way is trusted begin the address with http://",
    "该端口不是 https，应答的是明文；线路可信时，地址改以 http:// 开头",
)
_OFF = Words(
    "it may be off or starting; if that lasts, check the address", "它可能未开机或正在重启，长时间如此请核对地址"
)
_UNTRUSTED = Words(
    "it is there, and nobody here vouches for it: name its root certificate with --ca-file (ca_file), or check the "
    "address",
    "对方在线，只是证书不受信任：请用 --ca-file（ca_file）给出其根证书，或核对地址",
)
_PERHAPS_HTTPS = Words(
    "it may be off or starting, or take https alone: try the address with https://",
    "它可能正在重启，也可能只接受 https：请改用 https:// 开头的地址再试",
)
_PERHAPS_HTTP = Words(
    "it may be off or starting, or this may be no https port: check the port",
    "它可能正在重启，也可能该端口不是 https：请核对端口",
)


def spoken_instead(error: Exception) -> Words | None:
    """What is spoken at the address instead of that with which it begins; None where nothing shows it."""
    if any(isinstance(cause, ssl.SSLError) and cause.reason == _NO_TLS for cause in causes(error)):
        return _PLAIN
    return None


def advice_on(url: str, error: Exception) -> Words:
    """What to make of it that nothing answered at `url`."""
    met = tuple(causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in met):
        return _UNTRUSTED
    was_cut = isinstance(error, httpcore.RemoteProtocolError) or any(
        isinstance(cause, ssl.SSLError | ConnectionResetError) for cause in met
    )
    if not was_cut:
        return _OFF
    return _PERHAPS_HTTP if url.startswith("https:") else _PERHAPS_HTTPS
