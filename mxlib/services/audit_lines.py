"""Lines of the audit log's files, rendered for thousands of entries at once: shared texts are rendered once."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core.files import writer
from mxlib.store.audit import Block, Label

Mask = npt.NDArray[np.bool_]

#: Seconds within which a year has four digits, so that every time is as long as the next: 1000 to 9999.
_FIRST, _LAST = -30_610_224_000, 253_402_300_799
#: Characters of "2026-05-03T10:20:30.000Z", and milliseconds of a day.
_LONG, _DAY = 24, 86_400_000


@dataclass(frozen=True, slots=True)
class Shape:
    """The format of a line: its texts before the subject, before the run and after it.

    Each text depends on the label of the entry.
    """

    name: str
    head: bytes
    id: bool
    before_time: str
    before_on: Callable[[Label], str]
    before_run: Callable[[Label], str]
    after: Callable[[Label], str]
    no_run: str
    #: Bytes that a plain subject has neither anywhere in it (`signs`) nor at its ends (`end_signs`).
    signs: Mask
    end_signs: Mask


def render(shape: Shape, block: Block, labels: Sequence[Label]) -> tuple[pa.Array, Mask]:
    """Render the lines of a block; the mask marks those that must not be used.

    In a marked line the subject or the time is not plain. `block.labels` are numbers in `labels`.
    """
    of = pa.array(block.labels)
    ons, runs = pa.array(block.ons, pa.large_string()), pa.array(block.runs, pa.int64())
    times, odd = _times(np.asarray(block.ats, np.float64))
    odd |= _not_plain(ons, shape) | (pc.fill_null(pc.less(runs, 0), fill_value=False).to_numpy(zero_copy_only=False))
    parts = [times, *_shared(shape.before_on, labels, of), ons, *_shared(shape.before_run, labels, of)]
    parts += [pc.fill_null(pc.cast(runs, pa.large_string()), shape.no_run), *_shared(shape.after, labels, of)]
    if shape.id:
        ids = pc.cast(pa.array(block.ids), pa.large_string())
        parts = [pa.scalar('{"id": ', pa.large_string()), ids, pa.scalar(shape.before_time, pa.large_string()), *parts]
    return pc.binary_join_element_wise(*parts, pa.scalar("", pa.large_string())), odd


def text(lines: pa.Array, odd: Mask, instead: Sequence[str]) -> bytes:
    """Join the lines as bytes, with the marked ones replaced by `instead`, in their order."""
    if instead:
        lines = pc.replace_with_mask(lines, pa.array(odd), pa.array(instead, pa.large_string()))
    _, offsets, data = lines.buffers()
    ends = np.frombuffer(offsets, np.int64)[lines.offset : lines.offset + len(lines) + 1]
    return bytes(memoryview(data)[ends[0] : ends[-1]]) if len(lines) else b""


def _shared(part: Callable[[Label], str], labels: Sequence[Label], of: pa.Array) -> list[Any]:
    texts = [part(label) for label in labels]
    if len(set(texts)) == 1:
        return [pa.scalar(texts[0], pa.large_string())]
    return [pc.take(pa.array(texts, pa.large_string()), of)]


def _times(ats: npt.NDArray[np.float64]) -> tuple[pa.Array, Mask]:
    """Format times as `datetime.isoformat` writes them: rounded to microseconds, then cut to milliseconds."""
    odd = ~((ats >= _FIRST) & (ats < _LAST))
    part, whole = np.modf(np.where(odd, 0.0, ats))
    micros = whole.astype(np.int64) * 1_000_000 + np.rint(part * 1e6).astype(np.int64)
    days, millis = np.divmod(micros // 1_000, _DAY)
    signs = np.empty((len(ats), _LONG), np.uint8)
    each, of = np.unique(days, return_inverse=True)
    names = np.datetime_as_string(each.astype("datetime64[D]")).astype("S10")
    signs[:, :10] = names.view(np.uint8).reshape(-1, 10)[of]
    signs[:, 10:] = np.frombuffer(b"T00:00:00.000Z", np.uint8)
    seconds, rest = np.divmod(millis.astype(np.int32), 1_000)
    minutes, second = np.divmod(seconds, 60)
    hour, minute = np.divmod(minutes, 60)
    for at, part in ((11, hour), (14, minute), (17, second), (20, rest // 10)):
        signs[:, at] += (part // 10).astype(np.uint8)
        signs[:, at + 1] += (part % 10).astype(np.uint8)
    signs[:, 22] += (rest % 10).astype(np.uint8)
    ends = np.arange(len(ats) + 1, dtype=np.int64) * _LONG
    return pa.Array.from_buffers(pa.large_string(), len(ats), [None, pa.py_buffer(ends), pa.py_buffer(signs)]), odd


def _not_plain(texts: pa.Array, shape: Shape) -> Mask:
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[: len(texts) + 1]
    signs = np.frombuffer(data, np.uint8)[: ends[-1]] if data is not None else np.zeros(0, np.uint8)
    odd = np.zeros(len(texts), np.bool_)
    if not len(signs):
        return odd
    found = shape.signs[signs]
    if found.any():
        odd[np.searchsorted(ends, np.flatnonzero(found), side="right") - 1] = True
    filled = ends[1:] > ends[:-1]
    first, last = signs[np.minimum(ends[:-1], len(signs) - 1)], signs[np.maximum(ends[1:] - 1, 0)]
    odd |= filled & (shape.end_signs[first] | shape.end_signs[last])
    return odd


def _signs(codes: Sequence[int]) -> Mask:
    table = np.zeros(256, np.bool_)
    table[list(codes)] = True
    return table


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _readable(detail: str) -> str:
    """Return JSON as the lines have it: with its letters, not their codes."""
    return json.dumps(json.loads(detail), ensure_ascii=False)


_cell = writer.csv_cell

CSV = Shape(
    "csv", writer.table_csv(("time", "who", "kind", "what", "on", "from", "run", "outcome"), ()), False, "",
    lambda label: f",{_cell(label.who)},{_cell(label.kind)},{_cell(label.what)},",
    lambda label: f",{_cell(label.address)},",
    lambda label: f",{_cell(label.outcome)}\r\n",
    "", _signs(b',;|\t"\r\n'), _signs([*range(0x21), *b"#=+-@", *range(0x80, 0x100)]),
)  # fmt: skip

JSONL = Shape(
    "jsonl", b"", True, ', "time": "',
    lambda label: (
        f'", "who": {_quoted(label.who)}, "kind": {_quoted(label.kind)}, "what": {_quoted(label.what)}, "on": "'
    ),
    lambda label: f'", "from": {_quoted(label.address)}, "run": ',
    lambda label: f', "outcome": {_quoted(label.outcome)}, "detail": {_readable(label.detail)}}}\n',
    "null", _signs([*range(0x20), *b'"\\']), _signs([]),
)  # fmt: skip
