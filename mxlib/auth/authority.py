"""The rights of a caller at the moment of an act: services resolve them again.

A page is drawn once and clicked on for hours, and a request may take minutes to arrive. So a service never decides by
the rights that a `Caller` came with, but by those that the store holds when the service is called.
"""

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from mxlib.auth.permissions import Caller, Forbidden, NotRecent

Service = TypeVar("Service")

#: The caller of the outermost service call of this thread; calls inside it need not ask the store again.
_acting: ContextVar[Caller | None] = ContextVar("acting", default=None)

#: Records that a service refused a caller; set by `report_refusals`.
_report: Callable[[Caller, str], None] | None = None

#: Marks a method that resolves its caller.
MARK = "__resolves_caller__"


def report_refusals(report: Callable[[Caller, str], None] | None) -> None:
    """Let `report` know of each caller whom a service of this process refuses, and why."""
    global _report
    _report = report


def current(caller: Caller) -> Caller:
    """Return the same caller with the rights of this moment.

    Raises Forbidden or InvalidToken for one who may do nothing now. A service that waits calls this once more after the
    wait, right before its effect: reading lists may take minutes.
    """
    fresh = caller if caller.source is None else caller.source()
    if _acting.get() is caller:
        _acting.set(fresh)
    return fresh


def resolves_callers(service: type[Service]) -> type[Service]:
    """Make public methods of `service` that take a Caller use the caller's present rights."""
    for name, method in list(vars(service).items()):
        if not name.startswith("_") and inspect.isfunction(method) and (place := _place(method)):
            setattr(service, name, _resolving(method, *place))
    return service


def resolves(method: Callable[..., Any]) -> bool:
    """Return whether a method resolves its caller."""
    return getattr(method, MARK, False)


def has_caller_parameter(method: Callable[..., Any]) -> bool:
    """Return whether a parameter of a method is a Caller."""
    return _place(method) is not None


def _place(method: Callable[..., Any]) -> tuple[int, str] | None:
    """Return the position and the name of the parameter that is a Caller."""
    parameters = inspect.signature(method).parameters.values()
    return next(((at, each.name) for at, each in enumerate(parameters) if each.annotation is Caller), None)


def _resolving(method: Callable[..., Any], at: int, name: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def act(*given: Any, **named: Any) -> Any:
        caller: Caller = named[name] if name in named else given[at]
        if caller is _acting.get():
            return method(*given, **named)
        caller = current(caller)
        if name in named:
            named[name] = caller
        else:
            given = (*given[:at], caller, *given[at + 1 :])
        outermost, before = _acting.get() is None, _acting.set(caller)
        try:
            return method(*given, **named)
        except NotRecent:  # no refusal: after a confirmation the same act goes on
            raise
        except Forbidden as refusal:
            if outermost and _report is not None:
                _report(caller, str(refusal))
            raise
        finally:
            _acting.reset(before)

    setattr(act, MARK, True)
    return act
