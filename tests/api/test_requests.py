"""The models of request bodies: one sentence for any error, and a schema for the document."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.api.schemas import requests
from mxlib.api.schemas.requests import (
    ChangedMailbox,
    ChangeRequest,
    ImportRequest,
    NewMailbox,
    RecoveryEmail,
    SelectedMailboxes,
    UndoRequest,
)
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.plans.changes import Deletion, NewQuota

READERS: dict[type[requests.Body], Callable[[Any], object]] = {
    NewMailbox: lambda body: NewMailbox.read(body, "a.nl"),
    ChangedMailbox: ChangedMailbox.parse,
    RecoveryEmail: RecoveryEmail.parse,
    SelectedMailboxes: lambda body: SelectedMailboxes.parse(body, max_rows=10),
    ChangeRequest: lambda body: ChangeRequest.parse(body, max_rows=10),
    UndoRequest: UndoRequest.parse,
    ImportRequest: lambda body: ImportRequest.parse(body, max_rows=10).batch(),
}
NAMES = sorted({name for model in READERS for name in model.model_fields} | {"domain", "other"})
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
BODIES = VALUES | st.dictionaries(st.sampled_from(NAMES), VALUES | st.just(["jan@a.nl"]))


def refusal(model: type[requests.Body], body: Any) -> InvalidBody | None:
    try:
        READERS[model](body)
    except InvalidBody as found:
        return found
    return None


@pytest.mark.parametrize("model", READERS)
@given(body=BODIES)
def test_any_body_is_parsed_or_refused_with_a_sentence(model: type[requests.Body], body: Any) -> None:
    if refused := refusal(model, body):
        assert str(refused).endswith(".")
        assert refused.__context__ is None  # an error of pydantic would hold the body


@pytest.mark.parametrize("model", [model for model in READERS if model not in (ImportRequest, UndoRequest)])
def test_a_hundred_thousand_unknown_names_give_one_error(model: type[requests.Body]) -> None:
    refused = refusal(model, {f"n{number}": 1 for number in range(100_000)})
    assert str(refused).startswith("n0 is not known here; known are ")


@pytest.mark.parametrize("model", [model for model in READERS if model not in (ImportRequest, UndoRequest)])
def test_a_blank_name_is_unknown_too(model: type[requests.Body]) -> None:
    assert str(refusal(model, {"": 1})).startswith("A blank name is not known here; known are ")


def test_a_password_is_in_no_repr() -> None:
    secret = "Geheim.2026x"
    bodies = [
        NewMailbox.parse({"username": "jan", "password": secret}),
        ChangedMailbox.parse({"password": secret}),
        ImportRequest.parse({"rows": [{"username": "jan", "password": secret}]}, max_rows=10),
    ]
    assert secret not in repr(bodies)


def test_a_change_is_exactly_one_of_its_kinds() -> None:
    asked = ChangeRequest.parse({"addresses": ["Jan@A.nl", "jan@a.nl"], "quota": "2 GB"}, max_rows=10)
    assert (asked.addresses, asked.change, asked.dry_run) == (("jan@a.nl",), NewQuota(2048), False)
    asked = ChangeRequest.parse({"addresses": ["jan@a.nl"], "delete": True, "confirm": 1}, max_rows=10)
    assert (asked.change, asked.confirm) == (Deletion(), 1)
    with pytest.raises(
        InvalidBody, match="one of quota, generate_password, recovery_email, lock, unlock and delete"
    ) as refused:
        ChangeRequest.parse({"addresses": ["jan@a.nl"], "quota": 7, "delete": True}, max_rows=10)
    assert refused.value.field == "delete"


def test_the_schema_of_a_change_is_a_oneof_of_its_kinds() -> None:
    kinds = requests.schema_of(ChangeRequest)["oneOf"]
    assert [kind["required"][-1] for kind in kinds] == list(ChangeRequest.KINDS)
    assert all(kind["additionalProperties"] is False for kind in kinds)
