"""Saved views of Email accounts: each person keeps their own."""

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.clock import Clock
from mxlib.core.mailbox_filter import MailboxFilter
from mxlib.core.saved_views import MAX_VIEWS, InvalidView, SavedView, checked, checked_name, key_of
from mxlib.core.text import saved_views as texts
from mxlib.store import Store, saved_views

__all__ = ["InvalidView", "SavedView", "SavedViewService"]


@resolves_callers
class SavedViewService:
    """Keeps the views of each person; nobody sees those of others.

    They change nothing but what their own person finds quickly, so that the audit log has no entry of them. Opening
    one asks for the rights of that moment, as its address does.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def list_own(self, caller: Caller) -> tuple[SavedView, ...]:
        """Return the views of the caller by name."""
        with self._store.read() as tx:
            return tuple(saved_views.of(tx, caller.name))

    def save(self, caller: Caller, name: str, chosen: MailboxFilter) -> SavedView:
        """Save a filter under a name, in place of a view of that name.

        Raises InvalidView when the name, the filter or one more view is too much.
        """
        _must_view(caller)
        view = checked(name, chosen)
        with self._store.write() as tx:
            others = [each for each in saved_views.of(tx, caller.name) if each.key != view.key]
            if len(others) >= MAX_VIEWS:
                raise InvalidView(texts.too_many(len(others)))
            saved_views.put(tx, caller.name, view, self._clock.now())
        return view

    def rename(self, caller: Caller, name: str, new: str) -> None:
        """Give a view another name.

        Raises InvalidView when another view has that name, or the view does not exist.
        """
        _must_view(caller)
        new = checked_name(new)
        with self._store.write() as tx:
            taken = {each.key: each.name for each in saved_views.of(tx, caller.name) if each.key != key_of(name)}
            if other := taken.get(key_of(new)):
                raise InvalidView(texts.name_taken(other))
            if not saved_views.rename(tx, caller.name, name, new):
                raise InvalidView(texts.gone(name))

    def delete(self, caller: Caller, name: str) -> None:
        """Delete a view; raises InvalidView when it does not exist."""
        _must_view(caller)
        with self._store.write() as tx:
            if not saved_views.remove(tx, caller.name, name):
                raise InvalidView(texts.gone(name))


def _must_view(caller: Caller) -> None:
    if not caller.may_anywhere(Permission.VIEW, caller.domains):
        raise Forbidden(texts.NO_PERMISSION)
