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
    """A change that got no answer.

    `outcome` is null until MXM has read back whether it was done.
    """

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
    """List the caller's changes by hand that got no answer, oldest first.

    An admin gets those of everyone.
    """
    return success([_shape(write) for write in services.current().unconfirmed.every(caller)])


@router.post(
    "/{number}/password", responses={200: {"model": common.Success[PasswordShape]}, **error_responses(404, 503)}
)
def password(number: Number, caller: CurrentCaller) -> Response:
    """Return the password that such a change may have set.

    It is for its caller and admins, and the audit log records it.
    """
    return success({"password": services.current().unconfirmed.password(caller, number)})


@router.post(
    "/{number}/forget", responses={200: {"model": common.Success[ForgottenShape]}, **error_responses(404, 503)}
)
def forget(number: Number, caller: CurrentCaller) -> Response:
    """Forget that password, for good."""
    services.current().unconfirmed.forget(caller, number)
    return success({"id": number})


def _shape(write: Unconfirmed) -> UnconfirmedShape:
    shape: UnconfirmedShape = {
        "id": write.id,
        "time": iso_time(write.at),
        "who": write.who,
        "action": write.action.value,
        "email": write.mailbox,
        "outcome": write.outcome or None,
        "has_password": write.has_password,
    }
    return shape | {"readable_until": iso_time(write.readable_until)} if write.has_password else shape
