"""Changes by hand that got no answer, and the passwords that they may have set."""

from typing import Annotated, NotRequired

from fastapi import APIRouter, Path
from starlette.responses import Response
from typing_extensions import TypedDict

from mxlib import services
from mxlib.api.dependencies import CurrentCaller, error_responses
from mxlib.api.responses import success
from mxlib.api.schemas import common
from mxlib.api.schemas.common import iso_time
from mxlib.services.unconfirmed import Unconfirmed

router = APIRouter(prefix="/unconfirmed", tags=["unconfirmed"])

Number = Annotated[int, Path(ge=1, lt=2**63, description="The number of a change")]


class UnconfirmedShape(TypedDict):
    """A change that got no answer. `outcome` is null until MXM has read back what became of it."""

    id: int
    time: str | None
    who: str
    action: str
    email: str
    outcome: str | None
    has_password: bool
    readable_until: NotRequired[str | None]


class PasswordShape(TypedDict):
    """A password that may have been set."""

    password: str


class ForgottenShape(TypedDict):
    """The change whose password was forgotten."""

    id: int


@router.get("", responses={200: {"model": common.Success[list[UnconfirmedShape]]}, **error_responses()})
def every(caller: CurrentCaller) -> Response:
    """Changes by hand that got no answer, oldest first: the caller's own; all of them, for an admin."""
    return success([_shape(write) for write in services.current().unconfirmed.every(caller)])


@router.post(
    "/{number}/password", responses={200: {"model": common.Success[PasswordShape]}, **error_responses(404, 503)}
)
def password(number: Number, caller: CurrentCaller) -> Response:
    """The password that such a change may have set, for its caller and admins. It is noted in the audit trail."""
    return success({"password": services.current().unconfirmed.password(caller, number)})


@router.post(
    "/{number}/forget", responses={200: {"model": common.Success[ForgottenShape]}, **error_responses(404, 503)}
)
def forget(number: Number, caller: CurrentCaller) -> Response:
    """Forget that password, for good."""
    services.current().unconfirmed.forget(caller, number)
    return success({"id": number})


def _shape(write: Unconfirmed) -> UnconfirmedShape:
    told: UnconfirmedShape = {
        "id": write.id,
        "time": iso_time(write.at),
        "who": write.who,
        "action": write.action.value,
        "email": write.mailbox,
        "outcome": write.outcome or None,
        "has_password": write.has_password,
    }
    return told | {"readable_until": iso_time(write.readable_until)} if write.has_password else told
