# SPDX-License-Identifier: GPL-2.0-only
"""Takes mails apart: mailboxes, their heads, what an encoding or a page made of their text."""

import codecs
import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from html import unescape

from lpae_backport.mailpatch.hardspaces import softened
from lpae_backport.mailpatch.model import Repair
from lpae_backport.mailpatch.parts import parts_of

MAX_LETTERS = 20_000
"""Most mails that are read from one mailbox."""
_FROM_LINE = re.compile(rb"^From [^\n]{1,200}\n(?=[!-9;-~]{1,76}:|>?From )", re.M)
_MADE = re.compile(rb"From (?!0{40})([0-9a-f]{40}) Mon Sep 17 00:00:00 2001\r?\n")
"""What ``git format-patch`` begins with: no other program knows that day."""
_SHOWN = re.compile(
    rb"^commit [0-9a-f]{7,64}\b[^\n]{0,200}\n(?=(?:Merge|Author|AuthorDate):)", re.M
)
_FIRST = re.compile(rb"(?:[!-9;-~]{1,76}:[ \t][^\n]*\n(?:[ \t][^\n]*\n)*)+\r?\n")
_TELLING = re.compile(rb"^(?:From|Subject|Date|Message-ID|Content-Type):", re.M | re.I)
_DIFF = re.compile(r"^(?:> ?)*(?:@@ -\d|diff --git |GIT binary patch)", re.M)
_PARSER = BytesParser(policy=policy.compat32)
_ESCAPED = re.compile(r"^(?:&gt; ?)+(?:@@ -\d|diff --git )", re.M)
_EQUALS = re.compile(r"=(?![0-9A-F]{2}|\s*$)", re.M)
"""An equals sign that is none of quoted-printable's."""
_FULL_LINE = 50
_WITH_NULS = ("utf-16", "utf-32")
"""What would pass for UTF-8."""
_UNREAD = "the mail's parts cannot be told apart: read as it stands, nothing is decoded"


@dataclass(slots=True)
class Letter:
    """A mail, or a text that stands for one.

    Attributes:
        lines: the lines of its body.
        numbers: the lines of the input they are.
        sender, date, subject: from its head, decoded; empty if it has none.
        commit: the id that ``git format-patch`` writes above that; empty if it did not.
        repairs: what was mended.
        problems: what could not be.
    """

    lines: list[str]
    numbers: Sequence[int]
    sender: str = ""
    date: str = ""
    subject: str = ""
    commit: str = ""
    repairs: list[Repair] = field(default_factory=list)
    problems: list[Repair] = field(default_factory=list)


def letters_of(data: bytes) -> Iterator[Letter]:
    """Yield the mails of an input; one that is no mail is yielded as the body of one."""
    data, was = utf8(data)
    for count, (chunk, first, is_boxed) in enumerate(_chunks(data)):
        if count >= MAX_LETTERS:
            return
        for letter in _letters(chunk, first, is_boxed):
            if was and not count:
                letter.repairs.append(Repair(1, f"{was} read as UTF-8"))
            yield letter


def utf8(data: bytes) -> tuple[bytes, str]:
    """Return an input without its byte order mark, in UTF-8, and what it was, if anything else.

    The shell of Windows writes what a program says into a file as UTF-16.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode(), "UTF-16"
    return data.removeprefix(codecs.BOM_UTF8), ""


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, bool]]:
    """Yield the mails of a mailbox, the line each begins in, and whether it was one of many."""
    starts = [m.start() for m in _FROM_LINE.finditer(data)] if b"From " in data else []
    starts = [s for s in starts if s == 0 or data[s - 2 : s] in (b"\n\n", b"\r\n") or s == 1]
    if not starts:
        starts = [m.start() for m in _SHOWN.finditer(data)] if data.startswith(b"commit ") else []
    if not starts or data[: starts[0]].strip():
        starts = [0, *(s for s in starts if s)]
    line = 1 + data.count(b"\n", 0, starts[0])
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        chunk = data[start:end]
        yield chunk, line, chunk.startswith(b"From ")
        line += chunk.count(b"\n")


def _letters(chunk: bytes, first: int, is_boxed: bool) -> Iterator[Letter]:
    made = _MADE.match(chunk)
    for letter in _unpacked(chunk, first, is_boxed):
        if made is not None and not letter.commit:
            letter.commit = made[1].decode()
        yield letter


def _unpacked(chunk: bytes, first: int, is_boxed: bool) -> Iterator[Letter]:
    if is_boxed:
        _, _, chunk = chunk.partition(b"\n")
        first += 1
    head = _FIRST.match(chunk)
    if head is None or _TELLING.search(head[0]) is None:
        yield _text(_decoded(chunk, ""), first, is_boxed)
        return
    message = _PARSER.parsebytes(head[0])
    if not message.is_multipart() and _is_plain(message):
        body = first + head[0].count(b"\n")
        text = _decoded(chunk[head.end() :], message.get_content_charset("") or "")
        yield _headed(_text(text, body, is_boxed), message)
        return
    try:
        parts = list(_parts(_PARSER.parsebytes(chunk), chunk, first))
    except (RecursionError, LookupError, ValueError):
        # Parts within parts within parts, or what the library makes nothing of.
        parts = [_text(_decoded(chunk, ""), first, is_boxed)]
        parts[0].repairs.append(Repair(first, _UNREAD))
    yield from parts


def _is_plain(message: "Message[str, str]") -> bool:
    """Tell whether a mail's body can be read as it stands."""
    kind = message.get_content_type()
    encoding = str(message.get("Content-Transfer-Encoding", "7bit")).strip().lower()
    flowed = "format" in str(message.get("Content-Type", "")).lower()
    return kind == "text/plain" and encoding in ("7bit", "8bit", "binary", "") and not flowed


def _parts(message: "Message[str, str]", chunk: bytes, first: int) -> Iterator[Letter]:
    """Yield a mail of several parts: its text with the diff attached to it, and other mails."""
    texts: list[tuple[str, int]] = []
    faults: list[Repair] = []
    for part in parts_of(message, chunk, first):
        if part.fault:
            faults.append(Repair(part.at, part.fault))
        if part.data.startswith(b"From ") and _FROM_LINE.match(part.data):
            for inner, _, is_boxed in _chunks(part.data):
                yield from _letters(inner, part.at, is_boxed)
            continue
        text = _decoded(part.data, part.charset)
        if part.is_flowed:
            text = _unflowed(text, part.is_delsp)
        texts.append((text, part.at))
    for letter in _put_together(texts):
        letter.problems = faults
        yield _headed(letter, message)


def _put_together(texts: list[tuple[str, int]]) -> list[Letter]:
    """Return the letters that the texts of a mail make: each diff with the words before it."""
    diffs = [i for i, (t, _) in enumerate(texts) if _DIFF.search(t)]
    if len(diffs) <= 1 and (not diffs or diffs == [0]):
        return [_text(*texts[diffs[0] if diffs else 0], False)] if texts else []
    found = []
    for i in diffs:
        letter = _text(*texts[i], False)
        words = texts[0] if i else ("", 0)
        if words[0].strip() and 0 not in diffs:
            said = _text(*words, False)
            rule = [] if "---" in said.lines else ["---"]
            letter.numbers = [*said.numbers, *(0 for _ in rule), *letter.numbers]
            letter.lines = [*said.lines, *rule, *letter.lines]
        found.append(letter)
    return found


def _decoded(data: bytes, charset: str) -> str:
    """Return bytes as text: UTF-8 if they are, else what the mail says; nothing is lost."""
    try:
        if charset.startswith(_WITH_NULS):
            return data.decode(charset)
        return data.decode()
    except (UnicodeDecodeError, LookupError):
        if charset not in ("", "utf-8", "us-ascii"):
            try:
                return data.decode(charset)
            except (LookupError, ValueError):
                pass
    return data.decode("utf-8", "surrogateescape")


def _text(text: str, first: int, is_boxed: bool) -> Letter:
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    letter = Letter(lines, range(first, first + len(lines)))
    if "=3D" in text and _EQUALS.search(text) is None and _DIFF.search(text):
        _decode(letter, first)
    if "\r" in text:
        ended = [line for line in letter.lines if line.endswith("\r")]
        if len(ended) * 10 >= len(letter.lines) * 9 or any(_DIFF.match(line) for line in ended):
            letter.lines = [line.removesuffix("\r") for line in letter.lines]
            letter.repairs.append(Repair(first, "lines ended in CR LF"))
    _unmask(letter, text, first)
    if is_boxed and "\n>From " in text:
        for i, line in enumerate(letter.lines):
            if line.startswith(">From "):
                letter.lines[i] = line[1:]
                letter.repairs.append(Repair(first + i, "'>From ' of a mailbox made 'From '"))
    return letter


def _decode(letter: Letter, first: int) -> None:
    """Decode quoted-printable text that a mail's head, or none, says nothing of."""
    lines: list[str] = []
    numbers: list[int] = []
    is_open = False
    for number, line in zip(letter.numbers, letter.lines, strict=True):
        plain = line.rstrip()
        if is_open:
            lines[-1] += plain
        else:
            lines.append(plain)
            numbers.append(number)
        is_open = plain.endswith("=")
        if is_open:
            lines[-1] = lines[-1][:-1]
    raw = (quopri.decodestring(x.encode("utf-8", "surrogateescape")) for x in lines)
    letter.lines, letter.numbers = [_decoded(x, "") for x in raw], numbers
    letter.repairs.append(Repair(first, "quoted-printable decoded, though nothing says it is"))


def _unmask(letter: Letter, text: str, first: int) -> None:
    """Mend what pages in HTML leave behind when they are saved as text."""
    if "&gt; " in text and _ESCAPED.search(text):
        letter.lines = [unescape(line) for line in letter.lines]
        letter.repairs.append(Repair(first, "'&gt;', '&lt;' and '&amp;' made characters again"))
    if "\xa0" in text and softened(letter.lines):
        letter.repairs.append(Repair(first, "no-break spaces made spaces"))


def _unflowed(text: str, deletes: bool) -> str:
    """Return text without the space that ``format=flowed`` puts before some lines.

    What ends in a space may be wrapped, or a line of a patch that ends so: the counts of the hunk
    will tell. With ``DelSp`` a space was added, and lines are put together here.
    """
    lines: list[str] = []
    is_open = False
    for line in text.split("\n"):
        line = line[1:] if line.startswith(" ") else line
        if is_open:
            lines[-1] = lines[-1][:-1] + line
        else:
            lines.append(line)
        plain = line.rstrip("\r")
        is_open = deletes and plain.endswith(" ") and plain != "-- " and len(plain) >= _FULL_LINE
    return "\n".join(lines)


def _headed(letter: Letter, message: "Message[str, str]") -> Letter:
    letter.sender = _field(message, "From")
    letter.date = _field(message, "Date")
    letter.subject = _field(message, "Subject")
    return letter


def _field(message: "Message[str, str]", name: str) -> str:
    """Return a field of a mail's head, decoded and on one line."""
    value = message.get(name)
    if value is None:
        return ""
    try:
        text = str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        text = str(value)
    return " ".join(text.encode("utf-8", "replace").decode().split())
