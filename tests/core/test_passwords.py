"""Passwords that are generated, and which rows get one."""

import string

import pandas as pd
import pytest

from mxlib.core import passwords
from mxlib.core.schema import COLUMNS, MASK, ROW_METADATA, make_rows
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate
from mxlib.core.vocabulary import Verdict

ACCOUNT = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset({"info"})})
MANY = [passwords.generate() for _ in range(500)]


def judged(cells: dict[str, list[str]], **besides: object) -> pd.DataFrame:
    return validate(make_rows(cells, **besides), ACCOUNT, Defaults("a.nl"))


def test_generated_passwords_satisfy_the_published_rule_and_the_live_one():
    rows = judged({"username": [f"row{n}" for n in range(len(MANY))], "password": MANY})
    assert set(rows["verdict"]) == {Verdict.READY}
    assert set(rows["warnings"]) == {""}


def test_generated_passwords_survive_spreadsheets_and_being_read_out():
    allowed = set(string.ascii_letters + string.digits + "-+=") - set("O0Il1|,;'\" ")
    for password in MANY:
        assert len(password) == 16
        assert password[0] in string.ascii_letters
        assert password[-1].isalnum()
        assert set(password) <= allowed
        assert sum(not sign.isalnum() for sign in password) == 1


def test_generated_passwords_differ_and_use_every_sign_everywhere():
    assert len(set(MANY)) == len(MANY)
    assert set("".join(MANY)) == set(string.ascii_letters + string.digits + "-+=") - set("O0Il1")
    assert {next(at for at, sign in enumerate(word) if not sign.isalnum()) for word in MANY} == set(range(1, 15))


def test_a_longer_password_may_be_asked_for_and_a_shorter_one_not():
    assert len(passwords.generate(40)) == 40
    with pytest.raises(ValueError, match="16 characters or more"):
        passwords.generate(15)


def test_only_secrets_are_drawn_from(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("random is predictable")

    for name in ("random", "choice", "choices", "randrange", "sample", "shuffle"):
        monkeypatch.setattr(f"random.{name}", refuse)
    passwords.generate()


def test_rows_without_a_password_get_one_each_and_become_ready():
    filled = passwords.fill(judged({"username": ["a", "b", "c", "d"], "password": ["", "  ", "****", MASK]}))
    assert filled["generated"].all()
    assert filled["password"].is_unique
    assert (validate(filled, ACCOUNT, Defaults("a.nl"))["verdict"] == Verdict.READY).all()


def test_typed_passwords_and_existing_mailboxes_are_left_alone():
    rows = judged({"username": ["a", "info", "b"], "password": ["Winter-2026", "", "weak"]})
    filled = passwords.fill(rows)
    assert list(filled["password"]) == ["Winter-2026", "", "weak"]
    assert not filled["generated"].any()


def test_a_row_that_is_invalid_for_another_reason_is_ready_once_it_is_mended():
    filled = passwords.fill(judged({"username": ["jan jansen"], "password": [""]}))
    mended = filled.assign(username="jan.jansen")
    assert list(validate(mended, ACCOUNT, Defaults("a.nl"))["verdict"]) == [Verdict.READY]


def test_filling_gives_rows_without_verdicts_and_with_their_types():
    filled = passwords.fill(judged({"username": ["a"]}))
    assert list(filled.columns) == [*COLUMNS, *ROW_METADATA]
    assert filled.dtypes.equals(make_rows({"username": ["a"]}).dtypes)


@pytest.mark.parametrize("cell", [MASK, f" {MASK} ", f"{MASK}x", f"x{MASK}", MASK[:4] + "!", "•"])
def test_what_is_left_of_a_mask_is_known_as_one(cell: str):
    assert passwords.is_masked(cell)


@pytest.mark.parametrize("cell", ["", "****", "Winter-2026", "a•b"])
def test_what_was_typed_is_not_taken_for_a_mask(cell: str):
    assert not passwords.is_masked(cell)
