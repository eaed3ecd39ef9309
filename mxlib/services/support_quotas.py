"""Quotas that callers with `support` alone may set: up to the largest quota of the domain's client."""

from collections.abc import Iterable, Mapping

from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.core.clients import DomainTerms


def require(caller: Caller, domains: Iterable[str], terms: Mapping[str, DomainTerms]) -> None:
    """Raise Forbidden where this caller may set no quota, for lack of a largest one.

    Whether a quota is within that limit is checked for all callers alike.
    """
    for domain in domains:
        if caller.may(Permission.IMPORT, domain):
            continue
        caller.require(Permission.SUPPORT, domain)
        own = terms.get(domain)
        if own is None or own.terms.max_quota is None:
            raise Forbidden(
                f"You may set quotas up to the largest quota of a client, and {domain} has none. "
                "Ask an admin to set one on Clients, or to change the quota."
            )
