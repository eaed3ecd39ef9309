"""Clients: which domains belong together, whom to write to, and what new mailboxes get."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.clock import Clock
from mxlib.core import client_lists
from mxlib.core.client_lists import ListedClient, PlannedClient
from mxlib.core.client_versions import changed_parts, version_of
from mxlib.core.clients import ClientDetails, InvalidClient, Terms, checked, key_of
from mxlib.core.files import writer
from mxlib.core.format import count, listed
from mxlib.core.links import LinkEnd, LinkPurpose
from mxlib.core.schema import MAX_CELL_LENGTH
from mxlib.core.vocabulary import AuditAction
from mxlib.services.exports import File, NotFound
from mxlib.store import Store, Tx, audit, clients, links, mailbox_lists, self_service
from mxlib.store.clients import ClientRecord

__all__ = ["Client", "ClientChanged", "ClientExists", "ClientService", "InvalidClient"]


#: The refusal of an import of a list.
_LIST_CHANGED = "Since the list was compared, clients have changed. Here is what it does now: check it again."


class ClientExists(InvalidClient):
    """Another client has this name, or one of these domains."""


class ClientChanged(InvalidClient):
    """A client has changed since it was read; the message names what."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client as a caller may see it: all of it for admins, else name, language and permitted domains."""

    id: int
    details: ClientDetails

    @property
    def version(self) -> str:
        """Return the version of what is seen, to change it later."""
        return version_of(self.details)


@resolves_callers
class ClientService:
    """Lists clients for all who may view their domains; manages them for admins."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def list_all(self, caller: Caller) -> tuple[Client, ...]:
        """Return the clients by name that have a domain which the caller may view."""
        with self._store.read() as tx:
            records = clients.list_clients(tx)
        return tuple(shown for record in records if (shown := _visible(record, caller)) is not None)

    def find(self, caller: Caller, text: str, *, most: int) -> tuple[Client, ...]:
        """Return clients whose name holds `text`; for admins also those whose contacts do."""
        query = key_of(text) if len(text) <= MAX_CELL_LENGTH else ""
        found = (client for client in self.list_all(caller) if query and query in _searched(client.details))
        return tuple(islice(found, most))

    def get(self, caller: Caller, number: int) -> Client:
        """Return one client.

        Raises NotFound for one that does not exist, or that the caller may not see.
        """
        with self._store.read() as tx:
            record = clients.get(tx, number)
        shown = _visible(record, caller) if record is not None else None
        if shown is None:
            raise _not_found(number)
        return shown

    def add(self, caller: Caller, details: ClientDetails) -> int:
        """Add a client and return its number; raises InvalidClient and ClientExists."""
        _must_be_an_admin(caller)
        details = checked(details)
        with self._store.write() as tx:
            _must_be_free(tx, details)
            number = clients.add(tx, details, by=caller.name, at=self._clock.now())
            self._record(tx, caller, AuditAction.CLIENT_ADD, details)
            self._switch(tx, caller, None, details)
        return number

    def change(
        self, caller: Caller, number: int, edit: Callable[[ClientDetails], ClientDetails], *, version: str = ""
    ) -> Client:
        """Change a client to what `edit` makes of it; return it.

        Raises NotFound, InvalidClient and ClientExists; with `version`, ClientChanged when it is another one by now.
        """
        _must_be_an_admin(caller)
        with self._store.write() as tx:
            before = _existing(tx, number)
            if version and (parts := changed_parts(before.details, version)):
                raise ClientChanged("version", _changed(before.details.name, parts))
            details = checked(edit(before.details))
            if details != before.details:
                _must_be_free(tx, details, besides=number)
                clients.change(tx, number, details)
                self._record(tx, caller, AuditAction.CLIENT_CHANGE, details)
                self._switch(tx, caller, before.details, details)
        return Client(number, details)

    def plan_list(self, caller: Caller, listed_clients: Sequence[ListedClient]) -> tuple[PlannedClient, ...]:
        """Return what an import of these clients would do; nothing is changed."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            return _planned(tx, listed_clients)

    def import_list(
        self, caller: Caller, listed_clients: Sequence[ListedClient], seen: tuple[PlannedClient, ...]
    ) -> int:
        """Add and change the ready clients of a list, all or none; return their number.

        Raises ClientChanged when it would do something else than what was `seen`.
        """
        _must_be_an_admin(caller)
        with self._store.write() as tx:
            planned = _planned(tx, listed_clients)
            if planned != seen:
                raise ClientChanged("", _LIST_CHANGED)
            ready = [each for each in planned if each.is_ready]
            clients.release_domains(tx, [each.number for each in ready if each.number is not None])
            for each in ready:
                if each.details is None:
                    continue
                if each.number is None:
                    clients.add(tx, each.details, by=caller.name, at=self._clock.now())
                else:
                    clients.change(tx, each.number, each.details)
                action = AuditAction.CLIENT_ADD if each.number is None else AuditAction.CLIENT_CHANGE
                self._record(tx, caller, action, each.details)
                self._switch(tx, caller, each.before, each.details)
        return len(ready)

    def list_file(self, caller: Caller, kind: str) -> File:
        """Return all clients as a `csv` or `xlsx` file that can be imported again."""
        _must_be_an_admin(caller)
        if kind not in writer.WRITERS:
            raise NotFound("The list of clients is a file: ask for clients.csv or clients.xlsx.")
        with self._store.read() as tx:
            found = [record.details for record in clients.list_clients(tx)]
        content = writer.WRITERS[kind](client_lists.COLUMNS, list(client_lists.rows_of(found)))
        with self._store.write() as tx:
            outcome = f"{count(len(found), 'client')} as {kind}"
            audit.record(tx, caller, AuditAction.EXPORT, at=self._clock.now(), on="clients", outcome=outcome)
        return File(f"clients-{datetime.fromtimestamp(self._clock.now()):%Y-%m-%d}.{kind}", content)

    def delete(self, caller: Caller, number: int) -> Client:
        """Delete a client and return it as it was; raises NotFound.

        Its domains and mailboxes stay, each domain as its own client.
        """
        _must_be_an_admin(caller)
        with self._store.write() as tx:
            before = _existing(tx, number)
            clients.remove(tx, number)
            self._record(tx, caller, AuditAction.CLIENT_DELETE, before.details)
            self._switch(tx, caller, before.details, None)
        return Client(number, before.details)

    def _switch(self, tx: Tx, caller: Caller, before: ClientDetails | None, after: ClientDetails | None) -> None:
        """Record a switch of self-service reset; end the links of domains where it is off."""
        was_on, is_on = bool(before and before.self_service), bool(after and after.self_service)
        now, details = self._clock.now(), after or before
        if details is not None and was_on != is_on:
            action = AuditAction.SELF_SERVICE_ON if is_on else AuditAction.SELF_SERVICE_OFF
            audit.record(tx, caller, action, at=now, on=details.name)
        domains = {name for each in (before, after) if each for name in each.domains}
        if off := domains - self_service.domains(tx):
            links.end_in(tx, off, LinkPurpose.RESET, LinkEnd.RESET_OFF, now)

    def _record(self, tx: Tx, caller: Caller, action: AuditAction, details: ClientDetails) -> None:
        facts = {"domains": list(details.domains), "contacts": len(details.contacts), **_terms(details.terms)}
        outcome = count(len(details.domains), "domain")
        audit.record(tx, caller, action, at=self._clock.now(), on=details.name, outcome=outcome, detail=facts)


def _planned(tx: Tx, listed_clients: Sequence[ListedClient]) -> tuple[PlannedClient, ...]:
    existing = {key_of(each.details.name): (each.id, each.details) for each in clients.list_clients(tx)}
    account = mailbox_lists.domains(tx)
    return client_lists.plan(listed_clients, existing, frozenset(account.names) if account else None)


def _terms(terms: Terms) -> dict[str, int]:
    figures = {name: getattr(terms, name) for name in ("default_quota", "max_quota", "max_mailboxes")}
    return {name: figure for name, figure in figures.items() if figure is not None}


def _visible(record: ClientRecord, caller: Caller) -> Client | None:
    details = record.details
    if caller.admin:
        return Client(record.id, details)
    domains = tuple(name for name in details.domains if caller.may(Permission.VIEW, name))
    shown = replace(details, domains=domains, contacts=(), notes="")
    return Client(record.id, shown) if domains else None


def _searched(details: ClientDetails) -> str:
    people = (text for contact in details.contacts for text in (contact.name, contact.address))
    return "\n".join(key_of(text) for text in (details.name, *people))


def _must_be_free(tx: Tx, details: ClientDetails, besides: int | None = None) -> None:
    namesake = clients.named(tx, details.name)
    if namesake is not None and namesake.id != besides:
        raise ClientExists("name", f"There is a client {namesake.details.name} already. Change that one.")
    for domain in details.domains:
        owner = clients.of_domain(tx, domain)
        if owner is not None and owner.id != besides:
            raise ClientExists("domains", f"{domain} belongs to {owner.details.name}. Remove it there first.")


def _changed(name: str, parts: tuple[str, ...]) -> str:
    return f"Since you opened {name}, this was changed: {listed(parts)}. Open the client again, then change it."


def _must_be_an_admin(caller: Caller) -> None:
    if not caller.admin:
        raise Forbidden("Only admins manage clients. Ask an admin.")


def _existing(tx: Tx, number: int) -> ClientRecord:
    record = clients.get(tx, number)
    if record is None:
        raise _not_found(number)
    return record


def _not_found(number: int) -> NotFound:
    return NotFound(f"There is no client {number}.")
