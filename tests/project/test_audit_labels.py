"""Labels of the audit log: every action has one."""

import pytest

from mxlib.core.vocabulary import AuditAction
from mxlib.services import audit_labels
from mxlib.store.audit import ABOUT_DOMAINS


def test_every_action_has_a_label_and_every_label_an_action() -> None:
    assert set(audit_labels.ACTION_LABELS) == set(AuditAction)
    assert len(set(audit_labels.ACTION_LABELS.values())) == len(AuditAction)


@pytest.mark.parametrize("family", [*audit_labels.ACTION_FAMILIES, *ABOUT_DOMAINS])
def test_every_family_has_actions(family: str) -> None:
    assert any(action == family or action.startswith(f"{family}.") for action in AuditAction)


def test_an_action_of_another_version_is_spelled_out() -> None:
    assert audit_labels.action_label("mailbox.put_to_sleep") == "Mailbox: put to sleep"
