# SPDX-License-Identifier: GPL-2.0-only
"""The parts of a mail that may be text: decoded, and where in the input they stand."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

MAX_PARTS = 1000
"""Most parts of one mail that are read: each is looked for in all that is left of it."""
_KINDS = ("text/plain", "text/x-patch", "text/x-diff", "application/octet-stream")
_NAMES = (".patch", ".diff", ".txt")
_BEGINS = 400


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a mail.

    Attributes:
        data: its bytes, decoded.
        at: the line of the input that it begins in.
        charset: what its head says they are; empty if it does not.
        is_flowed: whether it is ``format=flowed``.
        is_delsp: whether the space that a flowed line ends in was added.
        fault: why it is not what was sent; empty if it is.
    """

    data: bytes
    at: int
    charset: str
    is_flowed: bool
    is_delsp: bool
    fault: str


def parts_of(message: "Message[str, str]", chunk: bytes, first: int) -> Iterator[Part]:
    """Yield the parts of a mail that may be text; an empty one tells that there are too many.

    Args:
        message: the mail, parsed.
        chunk: the mail as it stands in the input.
        first: the line of the input that it begins in.
    """
    end, line, count = 0, first, 0
    for part in message.walk():
        if part.is_multipart() or not _may_be_text(part):
            continue
        count += 1
        if count > MAX_PARTS:
            yield Part(b"", line, "", False, False, f"{MAX_PARTS} parts are read, not those behind")
            return
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            continue
        at, size = _place(chunk, part, end)
        if at >= 0:
            line += chunk.count(b"\n", end, at)
            # Two parts may begin alike: the next one stands behind this one.
            yield _part(part, payload, line)
            line += chunk.count(b"\n", at, at + size)
            end = at + size
        else:
            yield _part(part, payload, line)


def _may_be_text(part: "Message[str, str]") -> bool:
    name = str(part.get_filename() or "")
    return part.get_content_type() in _KINDS or name.endswith(_NAMES)


def _part(part: "Message[str, str]", payload: bytes, at: int) -> Part:
    return Part(
        payload,
        at,
        part.get_content_charset("") or "",
        str(part.get_param("format", "")).lower() == "flowed",
        str(part.get_param("delsp", "")).lower() == "yes",
        _fault(part),
    )


def _fault(part: "Message[str, str]") -> str:
    """Return what the library found broken when it decoded a part."""
    broken = [type(d).__name__ for d in part.defects if "Base64" in type(d).__name__]
    return "its base64 is broken: what it says is not what was sent" if broken else ""


def _place(chunk: bytes, part: "Message[str, str]", start: int) -> tuple[int, int]:
    """Return where in a mail a part's body begins, at `start` or behind it, and its least size.

    Returns:
        The offset; -1 if it is not found.
    """
    raw = part.get_payload()
    if not isinstance(raw, str):
        return -1, 0
    begins = raw[:_BEGINS]
    if not begins.isascii():
        # The library has decoded it: 8-bit text stands there as its bytes.
        plain = part.get_payload(decode=True)
        begins = plain[:_BEGINS].decode("latin-1") if isinstance(plain, bytes) else ""
    return chunk.find(begins.encode("latin-1", "replace"), start), len(raw)
