"""Files as responses that browsers save and no cache keeps."""

from urllib.parse import quote

from starlette.responses import Response

from mxlib.core.format import readable
from mxlib.services.exports import File

#: Characters of remarks in a header; proxies refuse headers that are much longer. The file has them in full.
_LONGEST_REMARKS = 2_000

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
    "pdf": "application/pdf",
}


def attached(file: File) -> Response:
    """Return a file as a response that browsers save and no cache keeps."""
    name = file.name.encode("ascii", "replace").decode().replace('"', "")
    return Response(
        file.content,
        media_type=_TYPES[file.name.rsplit(".", 1)[-1]],
        headers={
            "Content-Disposition": f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(file.name)}",
            "Cache-Control": "no-store",
        }
        | ({"X-MXM-Remarks": _header_text(" ".join(file.remarks))} if file.remarks else {}),
    )


def _header_text(text: str) -> str:
    """Make text fit a header: one line, ASCII, bounded; it may contain text of MXroute."""
    return readable(text, _LONGEST_REMARKS).encode("ascii", "replace").decode()
