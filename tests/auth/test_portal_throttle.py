"""Limits of the public pages: each kind of try on its own, apart from sign-ins, and a wait that ends."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from mxlib.auth.portal_throttle import PortalThrottle, PortalTry
from mxlib.auth.throttle import Throttle, TooManyAttempts
from mxlib.store import Store
from mxlib.store.database import MEMORY
from tests.support.sign_in import ManualClock

HERE = "203.0.113.7"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> Iterator[Store]:
    opened = Store.open(MEMORY, clock)
    yield opened
    opened.close()


def tries(throttle: PortalThrottle, kind: PortalTry, number: int) -> None:
    for _ in range(number):
        with suppress(TooManyAttempts):
            throttle.count(kind, HERE)


def test_each_kind_of_try_is_counted_on_its_own(store: Store, clock: ManualClock) -> None:
    throttle = PortalThrottle(store, clock)
    tries(throttle, PortalTry.UNKNOWN_LINK, 60)
    with pytest.raises(TooManyAttempts):
        throttle.ask(PortalTry.UNKNOWN_LINK, HERE)
    tries(throttle, PortalTry.REFUSED_FORM, 150)
    throttle.ask(PortalTry.REFUSED_FORM, HERE)


def test_nobody_who_signs_in_waits_for_tries_of_the_public_pages(store: Store, clock: ManualClock) -> None:
    tries(PortalThrottle(store, clock), PortalTry.UNKNOWN_LINK, 60)
    assert Throttle(store, clock).ask("kim", HERE) == 0


def test_tries_during_a_wait_make_it_no_longer(store: Store, clock: ManualClock) -> None:
    throttle = PortalThrottle(store, clock)
    tries(throttle, PortalTry.UNKNOWN_LINK, 600)
    clock.at += 1.5
    throttle.ask(PortalTry.UNKNOWN_LINK, HERE)
