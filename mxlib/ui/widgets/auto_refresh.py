"""Parts of a page that renew themselves, and how they stop."""

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState


def stop() -> None:
    """Stop the current fragment from refreshing itself; the rest of the page stays as drawn."""
    context = get_script_run_ctx()
    fragment = ThreadState.get().fragment_id if context is not None else None
    if context is None or fragment is None:
        return
    message = ForwardMsg()
    message.stop_auto_rerun.fragment_ids.append(fragment)
    context.enqueue(message)
