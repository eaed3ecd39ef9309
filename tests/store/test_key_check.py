"""A start with another key than that of the database says so, in either database."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mxlib import cli
from mxlib.clock import SystemClock
from mxlib.core.text import store_problems
from mxlib.store import FILE, Store, audit_check
from mxlib.store.database import KEY_FILE
from mxlib.store.errors import StoreNotOpened
from mxlib.store.tables import audit_chain, meta

KEY, OTHER = "a key of the environment", "another key of the environment"


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Any]:
    def open_with(key: str, **more: bool) -> Any:
        return closing(Store.open(tmp_path / FILE, SystemClock(), key, **more))

    with open_with(KEY):
        pass
    return open_with


def refusal(open_with: Callable[..., Any], key: str = OTHER) -> StoreNotOpened:
    with pytest.raises(StoreNotOpened) as caught:
        open_with(key)
    return caught.value


def test_another_key_is_refused_and_the_same_one_is_not(opened: Callable[..., Any]) -> None:
    for _ in range(2):
        problem = refusal(opened)
        assert (problem.code, str(problem)) == ("OTHER_KEY", store_problems.OTHER_KEY)
        with opened(KEY) as store:
            assert audit_check.verify(store).intact


def test_a_database_of_an_earlier_release_gets_its_check_value_at_the_first_start(opened: Callable[..., Any]) -> None:
    with opened(KEY) as store, store.write() as tx:
        tx.execute(meta.delete().where(meta.c.name == "key_check"))
    assert refusal(opened).code == "OTHER_KEY"  # by its audit log
    with opened(KEY) as store, store.read() as tx:
        assert tx.scalar(sa.select(meta.c.value).where(meta.c.name == "key_check")) == store.key.check


def test_the_check_value_counts_where_the_log_has_no_chain(opened: Callable[..., Any]) -> None:
    with opened(KEY) as store, store.write() as tx:
        tx.execute(audit_chain.delete())
    assert refusal(opened).code == "OTHER_KEY"


@pytest.mark.sqlite
def test_a_lost_key_file_is_not_replaced_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    with closing(Store.open(folder / FILE, SystemClock())) as store, store.write() as tx:
        tx.execute(meta.delete().where(meta.c.name == "key_check"))
    for _ in range(2):
        (folder / KEY_FILE).unlink(missing_ok=True)
        with pytest.raises(StoreNotOpened) as caught:
            Store.open(folder / FILE, SystemClock())
        assert (caught.value.code, str(caught.value)) == ("KEY_LOST", store_problems.KEY_LOST)
        assert not (folder / KEY_FILE).exists()
        monkeypatch.setenv("MXM_DATA_DIR", str(folder))
        assert cli.main(["user", "list"]) == 2
        assert capsys.readouterr().err == f"{store_problems.KEY_LOST}\n"
        assert cli.main(["key", "accept"]) == 0
        assert cli.main(["user", "list"]) == 0
        capsys.readouterr()
    with closing(Store.open(folder / FILE, SystemClock())) as store:
        assert audit_check.verify(store).chains == 3


def test_a_key_is_known_by_its_check_value_alone() -> None:
    from mxlib.store.encryption import ServerKey

    assert ServerKey.make(KEY).check == ServerKey.make(KEY).check
    assert len({ServerKey.make(key).check for key in (KEY, OTHER, KEY + " ")}) == 3
