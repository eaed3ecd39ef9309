"""Request bodies: a model for each, which reads it and from which the OpenAPI document is made.

`core.strict_json` parses what comes first. A model knows the shape of a body alone; the rules of validation decide
whether its cells are right. It imports neither services nor the web framework, as large bodies are read in the worker.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from mxlib.core import addresses, headers, strict_json
from mxlib.core.arrow_text import BLANKS
from mxlib.core.format import quoted, readable
from mxlib.core.import_batch import ImportBatch, parse_default_domain
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.mapping import json_rows
from mxlib.core.mapping.json_rows import cell_text
from mxlib.core.mapping.secret_cells import masked_cell
from mxlib.core.plans import change_text
from mxlib.core.plans.changes import (
    Change,
    Deletion,
    LaterDeletion,
    NewLock,
    NewPassword,
    NewQuota,
    NewStored,
    Unlocking,
)
from mxlib.core.schema import COLUMNS
from mxlib.core.text import file_problems
from mxlib.core.vocabulary import CLEAR, HandOverWay, OnExisting

#: Sentences for pydantic's error types; errors with a sentence of their own have a type of this module.
_SENTENCES = {
    "model_type": "The body must be a JSON object.",
    "bool_type": "{field}: write true or false.",
    "int_type": "{field}: write a whole number.",
    "string_type": "{field}: write text.",
    "list_type": "{field}: write a list.",
    "missing": "{field}: give an address, or null to forget the one that is kept.",
}
_NO_CELL = "write text or a number."

#: Domains and usernames that a body may list as existing: as many as one response can carry without delaying others.
_MAX_KNOWN = 100_000

#: Any username that a mailbox may have got outside MXM, as long as it can be quoted on one line.
_NAME = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}")


def _wrong_cell(problem: str) -> PydanticCustomError:
    """Return an error whose sentence begins with the place of the value."""
    return PydanticCustomError("cell", "{problem}", {"problem": problem})


def _wrong(sentence: str, field: str = "") -> PydanticCustomError:
    """Return an error with this sentence. Without a `field` it is about the value that was read."""
    return PydanticCustomError("sentence", "{problem}", {"problem": sentence, "field": field})


class Body(BaseModel):
    """A JSON object with declared names only: a misspelt name is an error, never ignored silently."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    @classmethod
    def parse(cls, body: Any, **context: Any) -> Self:
        """Read a body; raise InvalidBody for the first error."""
        try:
            return cls.model_validate(body, context=context)
        except ValidationError as errors:
            refusal = _refusal(errors.errors(include_url=False, include_input=False)[0])
        raise refusal  # outside the handler, so that it does not carry the body

    @classmethod
    def knows(cls, name: str) -> bool:
        """Return whether a name may be in the body."""
        return name in cls.model_fields or cls.model_config.get("extra") != "forbid"

    @classmethod
    def known(cls) -> Iterable[str]:
        """Return the names to suggest instead of an unknown one."""
        return cls.model_fields

    @model_validator(mode="before")
    @classmethod
    def _must_know_names(cls, body: Any) -> Any:
        """Refuse the first unknown name; many of them would make as many errors."""
        for name in body if isinstance(body, dict) else ():
            if not cls.knows(name):
                name = readable(name)
                raise _wrong(f"{name or 'A blank name'} is not known here; known are {', '.join(cls.known())}.", name)
        return body

    @property
    def given(self) -> dict[str, Any]:
        """Return the fields that were sent, with their values."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


def _refusal(error: ErrorDetails) -> InvalidBody:
    field, context = ".".join(map(str, error["loc"])), error.get("ctx", {})
    match error["type"]:
        case "cell":
            return InvalidBody(field, f"{field}: {context['problem']}")
        case "sentence":
            return InvalidBody(context["field"] or field, context["problem"])
        case "model_type" if field:
            return InvalidBody(field, f"{field}: write a JSON object.")
        case kind:
            return InvalidBody(field, _SENTENCES[kind].format(field=field))


# The document.


def schema_of(model: type[Body], *, without: Iterable[str] = ()) -> dict[str, Any]:
    """Return the JSON schema of a body for the OpenAPI document.

    Names in `without`, which the operation does not use, are removed.
    """
    schema: dict[str, Any] = _plain(model.model_json_schema())
    for name in without:
        del schema["properties"][name]
    return schema


def _plain(schema: Any) -> Any:
    """Return a schema without the titles and defaults that pydantic adds."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _plain(part) for name, part in schema.items() if name not in ("title", "default", "properties")}
    if "properties" in schema:
        plain["properties"] = {name: _plain(part) for name, part in schema["properties"].items()}
    return plain


# Values.


def _text(value: Any) -> str:
    if isinstance(value, list | dict):
        raise _wrong_cell(_NO_CELL)
    return cell_text(value)


def _text_or_blank(value: Any) -> str:
    """Return a text that may be missing; a number is no text."""
    if not isinstance(value, str | None):
        raise _wrong_cell("write text.")
    return value or ""


def _max_rows(info: ValidationInfo) -> int:
    """Return the maximum number of rows or mailboxes in a body."""
    return int((info.context or {})["max_rows"])


def _true_if_null(value: Any) -> Any:
    return True if value is None else value


def _false_if_null(value: Any) -> Any:
    return False if value is None else value


def schema_type(*kinds: str, **more: Any) -> WithJsonSchema:
    """Return the JSON schema of a value of these types."""
    return _schema(*kinds, **more)


def _schema(*kinds: str, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": list(kinds) if len(kinds) > 1 else kinds[0], **more})


#: A cell of a row, which the rules of validation read.
Cell = Annotated[Any, _schema("string", "number", "null")]
Password = Annotated[Any, _schema("string")]
Flag = Annotated[bool, BeforeValidator(_false_if_null), _schema("boolean", "null")]

_QUOTA, _LIMIT = "MB, 0 = unlimited", "Sends a day, 0 to 9600"
_PASSWORD = "8 or more characters with a capital, a small letter and a digit"  # noqa: S105 - what one must be
_RECOVERY = "Where the owner may reset the password"
_FULL_NAME = "The person's full name"


# One mailbox.


class NewMailbox(Body):
    """The cells of a new mailbox, with any names that import rows may use."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"required": ["username", "password"], "additionalProperties": False},
    )

    username: Annotated[Any, _schema("string")] = Field(None, examples=["nina.berg"])
    password: Password = Field(None, description=_PASSWORD, repr=False)
    quota: Cell = Field(None, description=_QUOTA, examples=[1024])
    limit: Cell = Field(None, description=_LIMIT, examples=[9600])
    recovery_email: Annotated[Any, _schema("string", "null")] = Field(None, description=_RECOVERY)
    name: Annotated[Any, _schema("string", "null")] = Field(None, description=_FULL_NAME)

    @classmethod
    def read(cls, body: Any, domain: str) -> Mapping[str, Any]:
        """Return the cells of a mailbox of `domain`, by the names that were sent. Raises InvalidBody."""
        cls.parse(body)
        cells: Mapping[str, Any] = body
        name = next((name for name in cells if headers.meaning_of(name) == "domain"), "domain")
        value = cells.get(name)
        if isinstance(value, list | dict):
            raise InvalidBody(name, f"{name}: {_NO_CELL}")
        if addresses.domain(cell_text(value)) not in ("", addresses.domain(domain)):
            other = f"this is about {readable(domain)}. Leave it out, or ask for the other domain."
            raise InvalidBody(name, f"{name}: {other}")
        return cells

    @classmethod
    def knows(cls, name: str) -> bool:
        """Return whether a name means a column, by the rules for headers of files."""
        return headers.meaning_of(name) is not None

    @classmethod
    def known(cls) -> Iterable[str]:
        """Return the columns by their own names."""
        return COLUMNS


class ChangedMailbox(Body):
    """Changes to a mailbox; fields that are not given stay as they are."""

    password: Annotated[Any, _schema("string", "null")] = Field(None, description=_PASSWORD, repr=False)
    quota: Cell = Field(None, description=_QUOTA, examples=[1024])
    limit: Cell = Field(None, description=_LIMIT, examples=[9600])
    name: Annotated[Any, _schema("string", "null")] = Field(None, description=f"{_FULL_NAME}; `-` removes it")


class RecoveryEmail(Body):
    """The address where the owner of a mailbox may reset its password."""

    recovery_email: Annotated[Any, _schema("string", "null")] = Field(description=_RECOVERY)


class LockRequest(Body):
    """The reason of a lock."""

    reason: Annotated[str, BeforeValidator(_text_or_blank), _schema("string", "null")] = Field(
        "", description="People who may view the mailbox see it", examples=["Left on 31 October"], repr=False
    )


class UnlockRequest(Body):
    """The new password; without one, MXM generates it. Or a link, by which the owner sets one."""

    password: Annotated[str, BeforeValidator(_text_or_blank), _schema("string", "null")] = Field(
        "", description=_PASSWORD, repr=False
    )
    link: Flag = Field(False, description="Set no password, and send a link to the recovery email")

    @model_validator(mode="after")
    def _must_be_one(self) -> Self:
        if self.link and self.password:
            raise _wrong("link: give either a password or link, not both.", "link")
        return self


# Many mailboxes.


def _address(value: Any, place: str) -> str:
    if isinstance(value, list | dict):
        raise _wrong(f"{place}: {_NO_CELL}", place)
    text = cell_text(value).strip(BLANKS)
    before, _, after = text.lower().rpartition("@")
    domain = addresses.domain(after)
    if not _NAME.fullmatch(before) or not addresses.is_domain(domain):
        address = quoted(masked_cell(text))
        raise _wrong(f"{place}: {address} is no address; write it like jan@clienta.nl.", place)
    return f"{before}@{domain}"


def _addresses(value: Any, info: ValidationInfo) -> tuple[str, ...]:
    """Return each address once, in the form of MXroute's lists. The first invalid one raises an error."""
    if not isinstance(value, list) or not value:
        raise _wrong_cell('a list of mailboxes is needed, ["jan@clienta.nl"] say.')
    if len(value) > (most := _max_rows(info)):
        raise _wrong(change_text.too_many(len(value), most))
    return tuple(dict.fromkeys(_address(item, f"addresses.{number}") for number, item in enumerate(value)))


def _day(value: Any) -> Any:
    """Return the beginning of a day in Unix seconds."""
    if value is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(value), time()).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        raise _wrong_cell("write a day, as 2026-12-27.") from None


def _whole_number(value: Any) -> Any:
    if value is not None and type(value) is not int:
        raise _wrong_cell("the number of mailboxes is needed, as dry_run shows it.")
    return value


def _small_number(value: Any) -> Any:
    if value is not None and (type(value) is not int or not 0 < value < 2**63):
        raise _wrong_cell("write a whole number over 0.")
    return value


#: A day, as Unix seconds of its beginning.
Day = Annotated[float | None, BeforeValidator(_day), _schema("string", "null", format="date")]
#: Marks a whole number over 0, or null.
WholeNumber = BeforeValidator(_small_number, json_schema_input_type=int | None)


Addresses = Annotated[
    tuple[str, ...], PlainValidator(_addresses), WithJsonSchema({"type": "array", "items": {"type": "string"}})
]


class SelectedMailboxes(Body):
    """Mailboxes by their addresses."""

    addresses: Addresses = Field(examples=[["nina.berg@clienta.nl"]])

    @model_validator(mode="before")
    @classmethod
    def _must_name_mailboxes(cls, body: Any) -> Any:
        return {"addresses": None, **body} if isinstance(body, dict) and "addresses" not in body else body


def _one_of_kinds(schema: dict[str, Any]) -> None:
    """Describe a change as one of six kinds, each with its own fields."""
    cells = schema.pop("properties")
    for name in ("type", "required", "additionalProperties"):
        schema.pop(name, None)
    for name in ("generate_password", "delete", "lock", "unlock"):
        cells[name] = {"const": True, "description": cells[name]["description"]}
    schema["oneOf"] = [
        {
            "type": "object",
            "properties": {name: cells[name] for name in ("addresses", kind, *besides, "dry_run")},
            "required": ["addresses", kind],
            "additionalProperties": False,
        }
        for kind, besides in ChangeRequest.KINDS.items()
    ]


class ChangeRequest(SelectedMailboxes):
    """A change and the mailboxes that it applies to. For a deletion, `confirm` is the number that was agreed to."""

    model_config = ConfigDict(json_schema_extra=_one_of_kinds)

    #: The kinds of changes, with the other fields of each.
    KINDS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "quota": ("below_use",),
        "generate_password": (),
        "recovery_email": (),
        "lock": ("reason",),
        "unlock": (),
        "delete": ("confirm", "on"),
    }

    quota: Annotated[Any, _schema("string", "number")] = Field(
        None,
        description="MB, 0 = unlimited; or calculated from what each has: `× 2`, `+ 1024`",
        examples=[2048, "2 GB", "× 2"],
    )
    generate_password: Flag = Field(False, description="A new one for each, in the results")
    recovery_email: Annotated[Any, _schema("string", "null")] = Field(
        None, description="The same for all; `-` and null forget it", repr=False
    )
    lock: Flag = Field(False, description="Set passwords that nobody knows")
    reason: Annotated[str, BeforeValidator(_text_or_blank), _schema("string", "null")] = Field(
        "", description="Why they are locked; people who may view the mailboxes see it", repr=False
    )
    unlock: Flag = Field(False, description="A new password for each that is locked, in the results")
    delete: Flag = Field(False, description="Gone with all mail")
    on: Annotated[float | None, BeforeValidator(_day), _schema("string", "null", format="date")] = Field(
        None,
        description="A later day, as 2026-12-27: they are locked now, and deleted on that day",
        examples=["2026-12-27"],
    )
    confirm: Annotated[int | None, BeforeValidator(_whole_number), _schema("integer", "null")] = Field(
        None, description="The number that `dry_run` shows"
    )
    below_use: Flag = Field(False, description="Set quotas below what mailboxes hold, too: they get no more mail")
    dry_run: Flag = Field(False, description="Say what would be done, and send nothing")
    _change: Change = PrivateAttr()

    @property
    def change(self) -> Change:
        """Return the one change that was requested."""
        return self._change

    @model_validator(mode="after")
    def _must_be_one_change(self) -> Self:
        requested = {
            "quota": self.quota is not None,
            "generate_password": self.generate_password,
            "recovery_email": "recovery_email" in self.model_fields_set,
            "lock": self.lock,
            "unlock": self.unlock,
            "delete": self.delete,
        }
        kinds = [name for name, is_requested in requested.items() if is_requested]
        if len(kinds) != 1:
            *names, last = self.KINDS
            raise _wrong(f"Say what to do by one of {', '.join(names)} and {last}.", kinds[1] if kinds else "")
        match kinds[0]:
            case "quota":
                self._change = self._new_quota()
            case "generate_password":
                self._change = NewPassword()
            case "recovery_email":
                email = _own_text(self.recovery_email, "recovery_email").strip(BLANKS)
                self._change = NewStored(dict.fromkeys(self.addresses, "" if email == CLEAR else email))
            case "lock":
                self._change = NewLock(self.reason)
            case "unlock":
                self._change = Unlocking()
            case _:
                self._change = Deletion() if self.on is None else LaterDeletion(self.on)
        return self

    def _new_quota(self) -> NewQuota:
        quota = None if isinstance(self.quota, bool) else NewQuota.read(_own_text(self.quota, "quota"))
        if quota is None:
            raise _wrong(f"quota: {change_text.NOT_A_QUOTA}", "quota")
        return quota


def _own_text(value: Any, field: str) -> str:
    """Return a cell as text, for fields whose errors have to name the field themselves."""
    if isinstance(value, list | dict):
        raise _wrong(f"{field}: {_NO_CELL}", field)
    return cell_text(value)


# Runs.


def _way(value: Any) -> Any:
    if value is not None and value not in _WAYS:
        raise _wrong_cell(f"write {', '.join(_WAYS[:-1])} or {_WAYS[-1]}.")
    return HandOverWay.OTHER if value is None else HandOverWay(value)


#: The ways that a mark may name.
_WAYS = [way.value for way in HandOverWay if way is not HandOverWay.RESULTS]


class MarksRequest(SelectedMailboxes):
    """People to mark as having their password, or whose marks to take away."""

    handed_over: Annotated[bool, BeforeValidator(_true_if_null), _schema("boolean", "null")] = Field(
        True, description="`false` takes the marks away"
    )
    way: Annotated[HandOverWay, PlainValidator(_way), WithJsonSchema({"enum": [*_WAYS, None]})] = Field(
        HandOverWay.OTHER, description="How the password reached them"
    )


class UndoRequest(Body):
    """Agreement to an undo, by the number that its preview showed. Other names are ignored."""

    model_config = ConfigDict(extra="ignore")

    confirm: int = Field(description="The number that `GET` of this path shows")

    @model_validator(mode="before")
    @classmethod
    def _must_have_number(cls, body: Any) -> Any:
        if not isinstance(body, dict) or type(body.get("confirm")) is not int:
            raise _wrong("confirm: the number that GET of this path shows is needed.", "confirm")
        return body


# Imports.


class ImportRow(Body):
    """`username`, or one of `email`, `mailbox` and `address`; other keys come back in the results."""

    model_config = ConfigDict(extra="allow")

    username: Cell = None
    email: Cell = None
    mailbox: Cell = None
    address: Cell = None
    password: Cell = Field(None, repr=False)
    quota: Cell = None
    limit: Cell = None
    recovery_email: Cell = None
    domain: Cell = None
    name: Cell = None
    line: Cell = Field(None, description="What errors call this row; its number in the list otherwise")


_ROW = _plain(ImportRow.model_json_schema())


def _rows(value: Any, info: ValidationInfo) -> list[dict[str, Any]]:
    """Return rows as objects, unless there are too many.

    `json_rows` reads them by whole columns, since a model for each row would be slow.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong_cell("a list of objects is needed.")
    if len(value) > (most := _max_rows(info)):
        raise _wrong(file_problems.too_many_rows(len(value), most))
    for number, item in enumerate(value):
        if not isinstance(item, dict):
            place = f"rows.{number}"
            raise _wrong(f'{place}: an object is needed, {{"username": "jan"}} say.', place)
    return value


def _existing(value: Any) -> dict[str, frozenset[str]]:
    """Return usernames by domain; an entry that is not a list of names is ignored."""
    if not isinstance(value, dict):
        return {}
    if len(value) + sum(len(names) for names in value.values() if isinstance(names, list)) > _MAX_KNOWN:
        raise _wrong_cell(f"over {_MAX_KNOWN:,} names; leave it out, and MXM looks itself.")
    return {
        addresses.domain(cell_text(domain)): frozenset(
            cell_text(name).strip(BLANKS).lower().partition("@")[0] for name in names if isinstance(name, str)
        )
        for domain, names in value.items()
        if isinstance(names, list)
    }


def _on_existing(value: Any) -> OnExisting:
    try:
        return OnExisting.SKIP if value is None else OnExisting(value)
    except ValueError:
        raise _wrong_cell("write skip or update.") from None


DEFAULT_DOMAIN = "Where rows without a domain go"
GENERATE = "Make a password for every row without one that makes a mailbox"
SET_BY_OWNERS = (
    "Make passwords that nobody ever sees for these rows: MXM keeps none, and links let people set their own"
)
LEAVE_OUT = "Send no mail to former recovery emails, where self-service reset is on; the audit log records it"
ON_EXISTING = "What becomes of rows whose mailbox exists: they are left out, or change it; blank cells keep what it has"


class ImportRequest(Body):
    """Rows to import, and how to import them; other names are ignored."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "required": ["rows"],
            "examples": [
                {
                    "default_domain": "clienta.nl",
                    "rows": [{"line": 2, "username": "nina.berg", "quota": 2048, "password": "Geheim.2026x"}],
                }
            ],
        },
    )

    rows: Annotated[list[dict[str, Any]], PlainValidator(_rows), _schema("array", items=_ROW)] = Field(
        default=[], repr=False
    )
    default_domain: Annotated[str, BeforeValidator(_text), _schema("string", "null")] = Field(
        "", description=DEFAULT_DOMAIN
    )
    existing_by_domain: Annotated[
        dict[str, frozenset[str]],
        PlainValidator(_existing),
        _schema("object", "null", additionalProperties={"type": "array", "items": {"type": "string"}}),
    ] = Field(
        default={},
        description="Usernames by domain; MXM looks itself for a domain that is not in it, and for all to update them",
        repr=False,
    )
    generate_passwords: Flag = Field(False, description=GENERATE)
    on_existing: Annotated[
        OnExisting, PlainValidator(_on_existing), WithJsonSchema({"enum": [*map(str, OnExisting), None]})
    ] = Field(OnExisting.SKIP, description=ON_EXISTING)
    set_by_owners: Flag = Field(False, description=SET_BY_OWNERS)
    leave_out_notices: Flag = Field(False, description=LEAVE_OUT)

    def batch(self) -> ImportBatch:
        """Return the batch to validate; raise InvalidBody when its rows or domain are malformed."""
        rows, source = json_rows.read_rows(self.rows)
        return ImportBatch(
            rows,
            parse_default_domain(self.default_domain),
            self.on_existing,
            self.generate_passwords,
            source,
            self.existing_by_domain,
            set_by_owners=self.set_by_owners,
            without_notices=self.leave_out_notices,
        )


def read_import(data: bytes, max_rows: int) -> ImportBatch:
    """Read the body of a preview or an import; raise InvalidBody when it is malformed."""
    return ImportRequest.parse(strict_json.parse(data), max_rows=max_rows).batch()
