"""The audit trail in plain words: every doing that the code writes down has its own."""

import ast
import re
from pathlib import Path

import pytest

from mxlib.core.vocabulary import AT_AN_END, Action
from mxlib.services import audit_labels
from mxlib.store.audit import ABOUT_DOMAINS

CODE = Path(__file__).parents[1] / "mxlib"
WRITERS = {"append", "_note", "_steer"}
DOING = re.compile(r"(export|sign_in|sign_out|[a-z_]+\.[a-z_]+)")


def written() -> set[str]:
    """Every doing that is handed to the audit trail as it stands."""
    found = set()
    for path in CODE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and _name(call.func) in WRITERS:
                told = [*call.args, *(word.value for word in call.keywords if word.arg == "what")]
                found |= {str(each.value) for each in told if isinstance(each, ast.Constant)}
    return {each for each in found if DOING.fullmatch(each)}


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_every_doing_has_plain_words() -> None:
    composed = {f"mailbox.{action}" for action in Action}
    composed |= {f"run.{status}" for status in AT_AN_END}
    assert len(written()) > 20
    assert written() | composed <= audit_labels.ACTION_LABELS.keys()


def test_no_words_are_kept_for_what_is_never_done() -> None:
    text = "\n".join(path.read_text() for path in CODE.rglob("*.py") if path.name != "audit_labels.py")
    never = [what for what in audit_labels.ACTION_LABELS if what not in written() and f'"{what}"' not in text]
    assert all(what.startswith(("mailbox.", "run.")) for what in never), never


@pytest.mark.parametrize("family", [*audit_labels.ACTION_FAMILIES, *ABOUT_DOMAINS])
def test_every_family_has_doings(family: str) -> None:
    assert any(what == family or what.startswith(f"{family}.") for what in audit_labels.ACTION_LABELS)


def test_a_doing_of_another_version_reads_as_it_is_written() -> None:
    assert audit_labels.action_label("mailbox.put_to_sleep") == "Mailbox: put to sleep"
