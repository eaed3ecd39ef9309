"""Generated passwords, and the rows that get one."""

import string

import pandas as pd
import pytest

from mxlib.core import passwords
from mxlib.core.schema import COLUMNS, MASK, ROW_METADATA, make_rows
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate
from mxlib.core.vocabulary import Verdict

ACCOUNT = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset({"info"})})
MANY = [passwords.generate() for _ in range(500)]


def validated(cells: dict[str, list[str]], **metadata: object) -> pd.DataFrame:
    return validate(make_rows(cells, **metadata), ACCOUNT, Defaults("a.nl"))


def test_generated_passwords_pass_the_published_and_the_live_rule():
    rows = validated({"username": [f"row{n}" for n in range(len(MANY))], "password": MANY})
    assert set(rows["verdict"]) == {Verdict.READY}
    assert set(rows["warnings"]) == {""}


def test_generated_passwords_are_safe_in_spreadsheets_and_read_aloud():
    allowed = set(string.ascii_letters + string.digits + "-+=") - set("O0Il1|,;'\" ")
    for password in MANY:
        assert len(password) == 16
        assert password[0] in string.ascii_letters
        assert password[-1].isalnum()
        assert set(password) <= allowed
        assert sum(not sign.isalnum() for sign in password) == 1


def test_generated_passwords_are_unique_and_use_every_character_anywhere():
    assert len(set(MANY)) == len(MANY)
    assert set("".join(MANY)) == set(string.ascii_letters + string.digits + "-+=") - set("O0Il1")
    assert {next(at for at, sign in enumerate(word) if not sign.isalnum()) for word in MANY} == set(range(1, 15))


def test_a_generated_password_may_be_longer_but_not_shorter():
    assert len(passwords.generate(40)) == 40
    with pytest.raises(ValueError, match="16 characters or more"):
        passwords.generate(15)


def test_passwords_never_use_the_predictable_random_module(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("random is predictable")

    for name in ("random", "choice", "choices", "randrange", "sample", "shuffle"):
        monkeypatch.setattr(f"random.{name}", refuse)
    passwords.generate()


def test_rows_without_a_password_get_one_each_and_become_ready():
    filled = passwords.fill(validated({"username": ["a", "b", "c", "d"], "password": ["", "  ", "****", MASK]}))
    assert filled["generated"].all()
    assert filled["password"].is_unique
    assert (validate(filled, ACCOUNT, Defaults("a.nl"))["verdict"] == Verdict.READY).all()


def test_typed_passwords_and_existing_mailboxes_are_left_alone():
    rows = validated({"username": ["a", "info", "b"], "password": ["Winter-2026", "", "weak"]})
    filled = passwords.fill(rows)
    assert list(filled["password"]) == ["Winter-2026", "", "weak"]
    assert not filled["generated"].any()


def test_an_invalid_row_gets_a_password_and_is_ready_once_fixed():
    filled = passwords.fill(validated({"username": ["jan jansen"], "password": [""]}))
    fixed = filled.assign(username="jan.jansen")
    assert list(validate(fixed, ACCOUNT, Defaults("a.nl"))["verdict"]) == [Verdict.READY]


def test_filling_returns_rows_without_verdicts_and_with_their_types():
    filled = passwords.fill(validated({"username": ["a"]}))
    assert list(filled.columns) == [*COLUMNS, *ROW_METADATA]
    assert filled.dtypes.equals(make_rows({"username": ["a"]}).dtypes)


@pytest.mark.parametrize("cell", [MASK, f" {MASK} ", f"{MASK}x", f"x{MASK}", MASK[:4] + "!", "•"])
def test_an_edited_mask_is_recognised_as_a_mask(cell: str):
    assert passwords.is_masked(cell)


@pytest.mark.parametrize("cell", ["", "****", "Winter-2026", "a•b"])
def test_a_typed_password_is_not_mistaken_for_a_mask(cell: str):
    assert not passwords.is_masked(cell)
