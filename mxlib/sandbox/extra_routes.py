"""Responses that only read: domains, quotas, and the rest of the contract in its plainest form."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from mxlib.sandbox.state import Account

MB = 1024 * 1024
USER = "sandbox"


def domain(account: Account, name: str) -> dict[str, Any]:
    """Return one domain, with a `www.` pointer."""
    pointer = f"www.{name}"
    pointers = {pointer: {"type": "alias"}} if account.pointers_as_object else [pointer]
    return {"domain": name, "mail_hosting": True, "ssl_enabled": True, "pointers": pointers}


def quota(account: Account, now: float) -> dict[str, Any]:
    """Return the use of the whole account in bytes."""
    used = int(sum(box.usage for _, box in account.mailboxes()) * MB)
    limit = account.storage_mb * MB
    return {
        "username": USER,
        "total_used": used,
        "total_limit": limit,
        "percent_used": round(100 * used / limit, 2) if limit else 0.0,
        "breakdown": {"email": used, "web": 0, "databases": 0, "backups": 0, "other": 0},
        "grace_period": None,
        "updated_at": _hour(now),
    }


def quota_by_mailbox(account: Account, now: float) -> dict[str, Any]:
    """Return the use of each mailbox in bytes, the largest first."""
    sizes = sorted(((int(box.usage * MB), address) for address, box in account.mailboxes()), reverse=True)
    accounts = [{"email_address": a, "size_bytes": size, "updated_at": _hour(now)} for size, a in sizes]
    return {"username": USER, "accounts": accounts}


def verification_key() -> dict[str, Any]:
    """Return the key that proves the ownership of a domain."""
    key = "_da-verify-" + "0123456789abcdef" * 2
    record = {"type": "TXT", "name": key, "value": "domain-verified"}
    return {"key": key, "record": record, "description": "Add this TXT record to your domain before adding it"}


def _dns(_name: str) -> dict[str, Any]:
    return {
        "mx_records": [
            {"priority": 10, "hostname": "sandbox.example", "description": "Primary"},
            {"priority": 20, "hostname": "sandbox-relay.example", "description": "Backup"},
        ],
        "spf": {"type": "TXT", "name": "@", "value": "v=spf1 include:mxroute.com -all"},
        "dkim": None,
        "verification": None,
    }


def _pointers(name: str) -> list[dict[str, str]]:
    return [{"pointer": f"www.{name}", "type": "alias", "target": name}]


def _nothing(_name: str) -> list[Any]:
    return []


OF_A_DOMAIN: Mapping[tuple[str, ...], Callable[[str], Any]] = {
    ("pointers",): _pointers,
    ("forwarders",): _nothing,
    ("spam", "settings"): lambda _name: {"high_score": 15},
    ("spam", "whitelist"): _nothing,
    ("spam", "blacklist"): _nothing,
    ("dns",): _dns,
    ("catch-all",): lambda _name: {"type": "fail", "address": None, "description": "Reject unknown addresses"},
}


def _hour(now: float) -> str:
    # The host refreshes these figures once an hour.
    return datetime.fromtimestamp(now // 3600 * 3600, UTC).isoformat().replace("+00:00", "Z")
