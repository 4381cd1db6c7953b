"""What a proxy in front says of the client, believed from the addresses that the settings name and from no others."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from api.setting_values import Network
from api.settings import Settings
from ingest.stations.credential import CERTIFICATE
from ingest.uploads.asgi import AsgiApplication, Receive, Scope, Send

_HEX = re.compile(rb"[0-9a-f]{64}")
_RFC_9440 = re.compile(rb":([A-Za-z0-9+/]+={0,2}):")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")


def with_trusted_proxies(application: AsgiApplication, settings: Settings) -> AsgiApplication:
    """`application`, which sees client, scheme and client certificate as a trusted proxy states them.

    Whoever is no such proxy is the client himself, whatever his headers say.
    """
    if not settings.trusted_proxies:
        return application
    certificate_header = (settings.client_certificate_header or "").encode()

    async def behind_proxies(scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if scope["type"] == "http" and client is not None and _is_trusted(client[0], settings.trusted_proxies):
            scope = {**scope, **_stated(scope, settings.trusted_proxies, certificate_header)}
        await application(scope, receive, send)

    return behind_proxies


def certificate_sha256(value: bytes) -> bytes | None:
    """SHA-256 of the certificate that a header holds: RFC 9440, percent-encoded PEM, or the digest itself in hex."""
    value = value.strip()
    digits = value.replace(b":", b"").lower()
    if _HEX.fullmatch(digits):
        return bytes.fromhex(digits.decode())
    match = _RFC_9440.fullmatch(value) or _PEM.fullmatch(unquote_to_bytes(value))
    if match is None:
        return None
    try:
        return hashlib.sha256(base64.b64decode(b"".join(match[1].split()), validate=True)).digest()
    except binascii.Error:
        return None


def _stated(scope: Scope, trusted: Sequence[Network], certificate_header: bytes) -> dict[str, Any]:
    values: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        values.setdefault(name, []).append(value)
    stated: dict[str, Any] = {}
    addresses = b",".join(values.get(b"x-forwarded-for", [])).decode("latin-1").split(",")
    client = _client(addresses, trusted)
    if client is not None:
        stated["client"] = (client, 0)
    if values.get(b"x-forwarded-proto") in ([b"http"], [b"https"]):
        stated["scheme"] = values[b"x-forwarded-proto"][0].decode()
    # Two of them: one was written by somebody else than the proxy.
    if certificate_header and len(values.get(certificate_header, [])) == 1:
        stated[CERTIFICATE] = certificate_sha256(values[certificate_header][0])
    return stated


def _client(addresses: Sequence[str], trusted: Sequence[Network]) -> str | None:
    """The last address that is none of ours: each proxy added the one it saw, and what lies before is hearsay."""
    client = None
    for text in reversed(addresses):
        try:
            client = str(ipaddress.ip_address(text.strip()))
        except ValueError:
            return client
        if not _is_trusted(client, trusted):
            return client
    return client


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    # A socket for both families shows an IPv4 address as an IPv6 one.
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(parsed in network for network in trusted)
