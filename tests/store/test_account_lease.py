"""The lease of an account and its fence, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.store import FILE, OwnedStore, OwnershipLost, Store, account_lease, ownership
from mxlib.store.account_lease import ACCOUNT
from mxlib.store.tables import meta
from mxlib.store.upsert import put_fact
from tests.support.leases import by_clock
from tests.support.threaded_runs import ShiftedClock


@pytest.fixture
def stores(tmp_path: Path, clock: ShiftedClock) -> Iterator[tuple[Store, Store]]:
    """Yield the store as two processes have it, by the clock of the test."""
    both = [Store.open(tmp_path / FILE, clock) for _ in range(2)]
    for each in both:
        by_clock(each, clock)
    yield both[0], both[1]
    for each in both:
        each.close()


def note(store: Store, name: str) -> None:
    with store.write() as tx:
        put_fact(tx, name, "")


def noted(store: Store) -> set[str]:
    with store.read() as tx:
        return set(tx.execute(meta.select().with_only_columns(meta.c.name)).scalars())


def owned(store: Store, lease_s: float = 10.0) -> OwnedStore:
    """Own the account, whatever the lock of a folder shows."""
    found = OwnedStore.acquire(store, lease_s=lease_s, lost_before=True)
    assert found is not None
    return found


def test_one_process_has_the_lease_until_it_ends(stores: tuple[Store, Store], clock: ShiftedClock) -> None:
    first, second = stores
    one = owned(first)
    assert OwnedStore.acquire(second) is None
    clock.ahead += 9.0
    assert OwnedStore.acquire(second) is None
    clock.ahead += 2.0
    two = owned(second)
    assert two.epoch.number == one.epoch.number + 1
    assert two.epoch.id != one.epoch.id
    assert OwnedStore.acquire(first) is None


def test_every_transaction_of_the_owner_renews_the_lease(stores: tuple[Store, Store], clock: ShiftedClock) -> None:
    one = owned(stores[0])
    for name in ("a", "b", "c"):
        clock.ahead += 9.0
        note(one, name)
        assert OwnedStore.acquire(stores[1]) is None
    assert {"a", "b", "c"} <= noted(stores[1])


def test_an_owner_that_was_late_goes_on_while_nobody_took_over(
    stores: tuple[Store, Store], clock: ShiftedClock
) -> None:
    one = owned(stores[0])
    clock.ahead += 3600.0
    note(one, "late")
    assert OwnedStore.acquire(stores[1]) is None


def test_nothing_of_an_owner_that_was_replaced_is_written(stores: tuple[Store, Store], clock: ShiftedClock) -> None:
    one = owned(stores[0])
    clock.ahead += 11.0
    two = owned(stores[1])
    for act in (lambda: note(one, "too late"), one.check, one.beat, one.release):
        with pytest.raises(OwnershipLost):
            act()
    assert "too late" not in noted(two)
    note(two, "in time")
    assert OwnedStore.acquire(stores[0]) is None


def test_the_next_owner_need_not_wait_for_one_that_ended(stores: tuple[Store, Store]) -> None:
    one = owned(stores[0])
    one.release()
    note(one, "the last words")  # what was on its way is still recorded
    two = owned(stores[1])
    with pytest.raises(OwnershipLost):
        note(one, "too late")
    assert {"the last words"} <= noted(two)


def test_an_owner_of_a_number_that_came_back_is_another_one(stores: tuple[Store, Store], clock: ShiftedClock) -> None:
    one = owned(stores[0])
    with stores[1].write() as tx:  # as after a failover that lost the last transactions
        account_lease.end(tx)
        tx.exec_driver_sql("UPDATE account_lease SET epoch = epoch - 1")
    two = owned(stores[1])
    assert two.epoch.number == one.epoch.number
    with pytest.raises(OwnershipLost):
        note(one, "too late")


def test_a_long_transaction_renews_the_lease_at_its_end(stores: tuple[Store, Store], clock: ShiftedClock) -> None:
    one = owned(stores[0])
    one.lease_s = 0.0  # whatever it takes is long now
    with one.write():
        clock.ahead += 60.0
    assert OwnedStore.acquire(stores[1]) is None


def test_a_lease_far_ahead_is_of_a_clock_that_was_wrong(stores: tuple[Store, Store], clock: ShiftedClock) -> None:
    clock.ahead = account_lease.FURTHEST_S + 60.0
    one = owned(stores[0])
    clock.ahead = 0.0
    owned(stores[1])
    with pytest.raises(OwnershipLost):
        note(one, "too late")


def test_a_copy_of_the_database_has_no_owner(stores: tuple[Store, Store]) -> None:
    one = owned(stores[0])
    with stores[1].write() as tx:
        ownership.forget(tx)
    assert owned(stores[1]).epoch.number == one.epoch.number + 1


def test_a_look_for_the_lease_keeps_nobody_from_writing(stores: tuple[Store, Store]) -> None:
    owned(stores[0])
    before = stores[1].commits
    assert OwnedStore.acquire(stores[1]) is None
    assert stores[1].commits == before


def test_nobody_has_the_lease_of_a_new_database(stores: tuple[Store, Store]) -> None:
    with stores[0].read() as tx:
        assert account_lease.current(tx, ACCOUNT) is None
