"""Response headers that protect the operator from other sites, and cookies that need https."""

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from mxlib.auth.page_scripts import content_security_hashes

_SET_COOKIE = b"set-cookie"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Streamlit's index.html has one inline script, which sets a flag, and its HTML cleaner compiles no code.
        # The pages add scripts of their own, each by its hash.
        f"script-src 'self' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA=' {content_security_hashes()}",
        "style-src 'self' 'unsafe-inline'",  # its style sheets are written while the page runs
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

#: Only for this host and not its subdomains, which may be another owner's. Browsers obey it over https alone.
STRICT_TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}


def with_security_headers(send: Send, shield: dict[str, str]) -> Send:
    """Wrap `send` to add the security headers; a header that the route set itself stays."""

    async def send_shielded(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in shield.items():
                headers.setdefault(name, value)
        await send(message)

    return send_shielded


def with_secure_cookies(send: Send) -> Send:
    """Wrap `send` to keep every cookie to https, also one that Streamlit sets.

    Streamlit marks its own only when it has the certificate itself, not behind a proxy that terminates TLS.
    """

    async def send_secured(message: Message) -> None:
        if "headers" in message:
            message = {**message, "headers": [_secured(name, value) for name, value in message["headers"]]}
        await send(message)

    return send_secured


def _secured(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    attributes = {part.strip().lower() for part in value.split(b";")[1:]}
    return name, value + b"; Secure" if name.lower() == _SET_COOKIE and b"secure" not in attributes else value
