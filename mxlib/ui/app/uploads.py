"""Streamlit's uploads for the middleware, and the release of one that was read."""

from collections.abc import Mapping
from typing import cast

from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from mxlib import services
from mxlib.auth.middleware import SESSION
from mxlib.auth.permissions import Caller, Permission


class StreamlitUploads:
    """The files in Streamlit's memory; empty while there is no Streamlit."""

    def may_import(self, caller: Caller) -> bool:
        """Return whether a user may import into any domain of the account now."""
        return services.current().lists.may_anywhere(caller, Permission.IMPORT, unread=True)

    def opened_by(self, page: str) -> str | None:
        """Return the session in which a page was opened, as named by the middleware. None when the page is closed."""
        client = Runtime.instance().get_client(page) if Runtime.exists() else None
        if client is None:
            return None
        headers = dict(client.client_context.headers) if client.client_context else {}
        return headers.get(SESSION.decode(), "")

    def files(self, page: str) -> Mapping[str, int]:
        """Return the bytes of each file of a page, oldest first."""
        manager = _manager()
        if manager is None:
            return {}
        with manager._lock:
            return {name: len(file.data) for name, file in manager.file_storage.get(page, {}).items()}

    def total(self) -> int:
        """Return the bytes of all files."""
        manager = _manager()
        if manager is None:
            return 0
        with manager._lock:
            return sum(len(file.data) for files in manager.file_storage.values() for file in files.values())

    def drop(self, page: str, file: str) -> None:
        """Forget a file."""
        if (manager := _manager()) is not None:
            manager.remove_file(page, file)

    def sweep(self) -> None:
        """Forget the files of pages that are closed."""
        manager = _manager()
        if manager is None:
            return
        for page in list(manager.file_storage):
            if not Runtime.instance().is_active_session(page):
                manager.remove_session_files(page)


def let_go(upload: UploadedFile | None) -> None:
    """Forget a file of this page that was read."""
    context = get_script_run_ctx()
    if upload is not None and context is not None and (manager := _manager()) is not None:
        manager.remove_file(context.session_id, upload.file_id)


def _manager() -> MemoryUploadedFileManager | None:
    return cast(MemoryUploadedFileManager, Runtime.instance().uploaded_file_mgr) if Runtime.exists() else None
