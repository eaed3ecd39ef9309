"""Webhooks of this project: JSON, signed as Standard Webhooks has it, sent by a guarded request."""

import hmac
import secrets
from base64 import b64decode, b64encode
from hashlib import sha256

from mxlib.core.outgoing import SendFailure, failure_of
from mxlib.outgoing.hosts import NotSent
from mxlib.outgoing.request import Requests

#: What a secret begins with, and its bytes.
PREFIX, _BYTES = "whsec_", 32


def new_secret() -> str:
    """Return a new secret, as receivers enter it."""
    return PREFIX + b64encode(secrets.token_bytes(_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message: HMAC-SHA256 over its id, its time and its body."""
    key = b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.digest(key, signed, sha256)).decode()


def send(requests: Requests, url: str, secret: str, message_id: str, now: float, body: bytes) -> SendFailure | None:
    """Send one message; return what went wrong. A further try has the same id and body, and a new time."""
    timestamp = int(now)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }
    try:
        return failure_of(requests.send("POST", url, headers, body))
    except NotSent as error:
        return error.failure
