"""Which request an read_task or a row becomes."""

from mxlib.core.vocabulary import Action
from mxlib.mxroute import protocol
from mxlib.mxroute.protocol import Request
from mxlib.runs.run_state import ReadTask, RequestPurpose, RunState
from mxlib.store.records import RowRecord


def read_request(state: RunState, read_task: ReadTask) -> Request:
    """The read that an read_task wants; a probe asks for the domains."""
    match read_task.purpose:
        case RequestPurpose.SETTLE if read_task.position is not None:
            return protocol.read_mailbox(read_task.domain, state.unsettled[read_task.position].row.username)
        case RequestPurpose.INSPECT if read_task.position is not None:
            return protocol.read_mailbox(*state.guarded[read_task.position])
        case RequestPurpose.CONFIRM if read_task.position is not None:
            return protocol.read_mailbox(*state.to_confirm[read_task.position])
        case RequestPurpose.LOOK | RequestPurpose.CHECK:
            return protocol.list_mailboxes(read_task.domain)
        case _:
            return protocol.list_domains()


def write_request(row: RowRecord, password: str) -> Request:
    """The request of a row; an update names only what changes, and the limit only where the host may take it."""
    match Action(row.action):
        case Action.CREATE:
            return protocol.create_mailbox(row.domain, row.username, password, row.quota, row.limit)
        case Action.DELETE:
            return protocol.delete_mailbox(row.domain, row.username)
        case Action.UPDATE:
            wanted = {"password": password or None, "quota": row.quota, "limit": row.limit if password else None}
            changes = {name: value for name, value in wanted.items() if value is not None}
            return protocol.update_mailbox(row.domain, row.username, **changes)
