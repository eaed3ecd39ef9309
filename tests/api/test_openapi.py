"""Generated requests to the API: it never fails, and answers as its OpenAPI document says."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from mxlib.api.app import build, routes
from mxlib.mxroute.errors import Conflict
from tests.support.app import GOOD, App, opened

if TYPE_CHECKING:  # it takes seconds to import, which every worker would pay for
    from schemathesis import Case
    from schemathesis.schemas import APIOperation

DOCUMENT = {**build().openapi(), "servers": [{"url": "/api"}]}
LABELS = [f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods]
APP = Starlette(routes=routes)
#: Existing parameters and a valid body, since without them nearly every case would be refused.
#: None leaves a value as it was generated.
EXISTING = st.fixed_dictionaries(
    {
        "domain": st.sampled_from(["a.nl", "a.nl", "A.NL", None]),
        "user": st.sampled_from(["nina", "nina", "Kim", None]),
        "run": st.sampled_from([1, 1, 1, None]),
    }
)
FITTING = st.none() | st.builds(
    lambda number: {"username": f"user{number}", "password": GOOD, "addresses": ["nina@a.nl", "kim@a.nl"]},
    st.integers(0, 10**6),
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Yield a server with two mailboxes and an ended run."""
    with opened(tmp_path_factory.mktemp("schema")) as made:
        made.have("nina@a.nl", "kim@a.nl")
        run = made.ask("POST", "/imports", {"default_domain": "a.nl", "rows": [{"username": "max", "password": GOOD}]})
        made.ended(run.json()["data"]["id"])
        yield made


@cache
def operations() -> "dict[str, APIOperation]":
    """Return every operation of the document by method and path."""
    import schemathesis

    found = [result.ok() for result in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]
    return {operation.label: operation for operation in found}


def test_the_document_has_operations() -> None:
    assert len(LABELS) >= 22
    assert sorted(operations()) == sorted(LABELS)


def test_no_shape_is_named_by_a_module_of_ours() -> None:
    assert [name for name in DOCUMENT["components"]["schemas"] if "mxlib" in name] == []


@pytest.mark.parametrize("label", LABELS)
def test_every_answer_conforms_to_the_openapi_document(app: App, label: str) -> None:
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi import checks

    every_check = [
        schemathesis.checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]
    operation = operations()[label]
    fitting = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    anything = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    schemas = [body.definition["schema"] for body in operation.body]
    kinds = [kind for schema in schemas for kind in schema.get("oneOf", [schema])]
    known = {name for kind in kinds for name in kind.get("properties", ())}
    cases = fitting | anything if _can_be_wrong(operation) else fitting

    @settings(
        max_examples=15,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, there=EXISTING, fitting=FITTING)
    def call(case: "Case", there: dict[str, object], fitting: dict[str, str] | None) -> None:
        with suppress(Conflict):
            app.have("nina@a.nl")
        case.path_parameters |= {name: it for name in case.path_parameters if (it := there.get(name)) is not None}
        if fitting and isinstance(case.body, dict):
            case.body |= {name: cell for name, cell in fitting.items() if name in known or not known}
        answer = case.call(app=APP, headers={"Authorization": f"Bearer {app.admin}"})
        case.validate_response(answer, checks=every_check)

    call()


def _can_be_wrong(operation: "APIOperation") -> bool:
    """Return whether a request can break the rules of the document at all."""
    return bool(list(operation.query) or list(operation.headers) or list(operation.body))
