"""The largest quota of a client holds when a run starts, whatever held when its rows were made."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core.plans.changes import NewQuota
from mxlib.core.plans.plan import PlannedRow
from mxlib.core.text import reasons
from mxlib.core.vocabulary import Action
from mxlib.runs.manager import InvalidState
from tests.support.app import App, opened
from tests.support.simulation import plan, row

KIM = Caller("kim", domains={"a.nl": frozenset({Permission.IMPORT, Permission.DELETE})})
BOTH = ("user0@a.nl", "user1@a.nl")
REFUSED = "@a.nl: Mailboxes of A may have up to 1,024 MB. Lower the quota, or ask an admin to raise it."


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path) as made:
        made.have(*BOTH)
        body = {"name": "A", "domains": ["a.nl"], "caps": {"quota": 4096}}
        assert made.ask("POST", "/clients", body).status_code == 201
        made.ask("GET", "/domains/a.nl/email-accounts")
        yield made


def cap(app: App, megabytes: int) -> None:
    assert app.ask("PATCH", "/clients/1", {"caps": {"quota": megabytes}}).status_code == 200


def update(position: int, quota: int, **changes: Any) -> PlannedRow:
    return row(position, action=Action.UPDATE, quota=quota, limit=None, **({"password": ""} | changes))


def quotas(app: App) -> set[int]:
    return {box.quota for box in app.host.sandbox.account.domains["a.nl"].values()}


@pytest.mark.parametrize("again", [update(0, 4096), row(7, quota=4096)])
def test_a_retry_sets_no_quota_over_a_lowered_cap(app: App, again: PlannedRow) -> None:
    app.host.goes_wrong("plan_full")
    run = app.services.runs.start(KIM, plan(again), days=7)
    assert app.ended(run)["counts"]["failed"] == 1
    cap(app, 1024)

    with pytest.raises(InvalidState) as refusal:
        app.services.runs.retry(KIM, run)

    assert str(refusal.value) == f"{again.username}{REFUSED}"
    cap(app, 4096)
    app.ended(app.services.runs.retry(KIM, run))
    assert 4096 in quotas(app)


def test_no_run_sets_an_unlimited_quota_under_a_cap(app: App) -> None:
    with pytest.raises(InvalidState, match=r"user7@a\.nl: .* up to 4,096 MB"):
        app.services.runs.start(KIM, plan(row(7, quota=0)), days=7)


def test_a_confirmed_change_sets_no_quota_over_a_lowered_cap(app: App) -> None:
    proposed = app.services.changes.plan(KIM, BOTH, NewQuota(4096))
    cap(app, 1024)
    with pytest.raises(InvalidState) as refusal:
        app.services.changes.carry_out(KIM, proposed, days=7)
    assert str(refusal.value) == f"user0{REFUSED}"
    assert 4096 not in quotas(app)


def test_an_undo_keeps_the_mailboxes_whose_quotas_are_over_a_lowered_cap(app: App) -> None:
    app.ended(app.services.runs.start(KIM, plan(update(0, 4096), update(1, 768)), days=7))
    run = app.services.runs.start(KIM, plan(update(0, 512), update(1, 512), name="less.csv"), days=7)
    app.ended(run)
    cap(app, 1024)

    looked = app.services.undo.look(KIM, run)
    assert "1 is kept: 1 had a quota over the largest of its client." in looked.sentence
    assert [(row.address, row.left_out) for row in looked.kept] == [("user0@a.nl", reasons.QUOTA_OVER_CAP)]
    app.ended(app.services.undo.start(KIM, run, 1))
    assert quotas(app) == {512, 768}


def test_a_quota_over_a_lowered_cap_may_stay(app: App) -> None:
    app.ended(app.services.runs.start(KIM, plan(update(0, 4096)), days=7))
    cap(app, 1024)
    same = plan(update(0, 4096, password="Geheim.2026x"), update(1, 1024), name="same.csv")
    assert app.ended(app.services.runs.start(LOCAL, same, days=7))["counts"]["updated"] == 2
