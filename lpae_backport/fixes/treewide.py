# SPDX-License-Identifier: GPL-2.0-only
"""Edits of more than one file: a header that moves, a flag that changes its name, Kconfig."""

import posixpath
import re
from collections.abc import Iterator

from lpae_backport.errors import RefusedError
from lpae_backport.fixes.includes import add_include
from lpae_backport.kconfig import config_entry
from lpae_backport.layout import Unreadable
from lpae_backport.location import Span
from lpae_backport.masking import without_comments
from lpae_backport.rewriting import (
    Change,
    bodies,
    expression_change,
    line_end,
    line_start,
    text_of,
)
from lpae_backport.rule import Edit
from lpae_backport.symbols import CodeFile
from lpae_backport.syntax import Node
from lpae_backport.tree import UnreadableError
from lpae_backport.workplace import Workplace

_DEPTH = 6


def move(edit: Edit, work: Workplace) -> None:
    """Move a header below include/, and rewrite every ``#include`` of it."""
    old, new = edit.names[0], edit.to
    layout = work.draft.layout
    if work.draft.is_file(old):
        if work.draft.is_file(new):
            raise RefusedError(f"{new} is there already; which of the two counts?", where=old)
        header = opened(work, old)
        if any(not i.is_system for i in header.source.includes):
            raise RefusedError("it includes headers beside it, which would not move", where=old)
    users = layout.includers((old,), edit.paths)
    if users.unread:
        raise RefusedError(
            f"{users.unread[0].reason}; it may include {old}", where=users.unread[0].path
        )
    if work.draft.is_file(old):
        work.draft.move(old, new)
    for path in dict.fromkeys(p for p, _ in users.places):
        lines = {n for p, n in users.places if p == path}
        _include_instead(new.removeprefix("include/"), path, lines, work)
    _check_left(posixpath.basename(old), new, work)


def _check_left(name: str, new: str, work: Workplace) -> None:
    """Refuse to leave behind anything in the whole tree that may still mean the old place."""
    header = new.removeprefix("include/").encode()
    for path in work.mentioning(name):
        code = without_comments(work.draft.read(path))
        rest = re.sub(rb"<%b>" % re.escape(header), b"", code)
        if re.search(rb"(?<![\w.-])%b\b" % re.escape(name.encode()), rest):
            line = code[: code.find(name.encode())].count(b"\n") + 1
            raise RefusedError(
                f"names {name} in a way that is not rewritten", where=f"{path}:{line}"
            )


def opened(work: Workplace, path: str) -> CodeFile:
    """Return one file of the target by its path.

    Raises:
        RefusedError: it cannot be read.
    """
    found = work.draft.layout.open(path)
    if isinstance(found, Unreadable):
        raise RefusedError(found.reason, where=path)
    return found


def _include_instead(header: str, path: str, lines: set[int], work: Workplace) -> None:
    file = opened(work, path)
    text = text_of(file)
    starts = [file.source.lines.start_of(n) for n in sorted(lines)]
    changes = [Change(Span(s, line_end(text, s)), "", lines=True) for s in starts]
    only = len(file.source.includes) == len(lines)
    if only:
        changes[0] = Change(changes[0].span, f"#include <{header}>\n", lines=True)
    work.change(file, changes)
    if not only:
        add_include(header, opened(work, path), work)


def kconfig(edit: Edit, work: Workplace) -> None:
    """Replace a word in what a Kconfig symbol depends on."""
    for path in work.draft.layout.plain_paths(edit.scope.file):
        try:
            data = work.draft.read(path)
        except UnreadableError as e:
            raise RefusedError(e.message, where=path) from None
        found = config_entry(data, edit.names[0])
        if found is None:
            continue
        lines = data.decode("latin-1").split("\n")
        hits = 0
        for i in range(found.line - 1, found.end_line):
            if re.match(r"\s*(?:help|---help---)\s*$", lines[i]):
                break
            if lines[i].split()[:2] == ["depends", "on"]:
                lines[i], n = re.subn(rf"\b{edit.to}\b", lambda _: edit.template, lines[i])
                hits += n
        if hits != 1:
            text = f"{edit.to} stands {hits} times in what {edit.names[0]} depends on"
            raise RefusedError(text, where=f"{path}:{found.line}")
        work.draft.write(path, "\n".join(lines))
        return
    raise RefusedError(f"no config {edit.names[0]}")


def convert(edit: Edit, work: Workplace) -> None:
    """Turn a quirk bit into a field of its own, in every file that uses it, and drop the bit."""
    flag, field = edit.names[0], edit.to
    for path in sorted(_mentioning(flag, edit.paths, work)):
        file = opened(work, path)
        text = text_of(file)
        leaves = [leaf for _, body in bodies(file, ()) for leaf in body.by_label.get(flag, ())]
        changes = {_converted(n, flag, field, text, work.place(file, n.start)) for n in leaves}
        if changes:
            work.change(file, changes)
    file = work.file(edit.scope.file)
    work.change(file, _definition(file, flag))
    left = [p for p in work.mentioning(flag) if _in_code(flag, work.draft.read(p))]
    if left:
        raise RefusedError(f"{flag} is still used", where=left[0])


def _in_code(word: str, data: bytes) -> bool:
    return re.search(rb"\b%b\b" % word.encode(), without_comments(data)) is not None


def _mentioning(word: str, folders: tuple[str, ...], work: Workplace) -> Iterator[str]:
    for path in (p for f in folders for p in work.draft.walk(f, _DEPTH)):
        if path.endswith((".c", ".h")):
            try:
                if word.encode() in work.draft.read(path):
                    yield path
            except UnreadableError:
                continue


def _converted(leaf: Node, flag: str, field: str, text: str, where: str) -> Change:
    """Return the change for one use of the bit: a test, a store, an initializer, a mask."""
    parent = leaf.parent
    if parent is None:
        raise RefusedError(f"{flag} is used in a way that has no counterpart", where=where)
    other = next((k for k in parent.kids if k is not leaf), None)
    if parent.kind == "binary_expression" and parent.label == "&" and _is_member(other):
        assert other is not None
        new = text[other.start : _dot(other, text)] + field
        return expression_change(text, parent, new)
    if parent.kind == "assignment_expression" and _is_member(other) and parent.kids[-1] is leaf:
        assert other is not None
        if parent.label in ("=", "|="):
            _check_store(parent, other, flag, where)
            new = f"{text[other.start : _dot(other, text)]}{field} = true"
            return Change(parent.span, new)
    if parent.kind == "binary_expression" and parent.label == "|" and _is_entry(parent):
        assert other is not None and parent.parent is not None
        pair = parent.parent
        lead = text[line_start(text, pair.start) : pair.start]
        name = re.sub(r"\.\w+", f".{field}", text[pair.start : parent.start], count=1)
        own = text[pair.start : parent.start] + text[other.start : other.end]
        return Change(pair.span, f"{own},\n{lead}{name}true")
    if parent.kind == "initializer_pair":
        new = re.sub(r"\.\w+", f".{field}", text[parent.start : leaf.start], count=1)
        return Change(parent.span, f"{new}true")
    if parent.kind == "binary_expression" and parent.label == "|" and _is_mask(parent):
        assert other is not None
        return expression_change(text, parent, text[other.start : other.end])
    above = parent.parent
    if (
        parent.label == "~"
        and above is not None
        and above.label == "&"
        and above.kids[-1] is parent
    ):
        kept = above.kids[0]
        return expression_change(text, above, text[kept.start : kept.end])
    raise RefusedError(f"{flag} is used in a way that has no counterpart", where=where)


def _check_store(store: Node, member: Node, flag: str, where: str) -> None:
    """Refuse a store of the bit that does more than set it, or whose target is copied on."""
    function = next((n for n in store.ancestors() if n.kind == "function_definition"), None)
    for n in function.walk() if function is not None else ():
        if n.kind != "assignment_expression" or n is store:
            continue
        last = n.kids[-1]
        again = n.kids[0].canon == member.canon and n.start < store.start
        if again and store.label == "=":
            raise RefusedError(f"{flag} is stored over other quirks", where=where)
        if last.kind == "field_expression" and last.canon == member.canon:
            raise RefusedError("what holds the quirks is copied as a whole", where=where)


def _is_member(node: Node | None) -> bool:
    return node is not None and node.kind == "field_expression"


def _dot(member: Node, text: str) -> int:
    """Return where the last name of a member expression begins."""
    return member.start + len(text[member.start : member.end].rstrip()) - len(member.kids[-1].label)


def _is_entry(value: Node) -> bool:
    """Tell whether a set of bits is what a field is initialized to."""
    return value.parent is not None and value.parent.kind == "initializer_pair"


def _is_mask(node: Node) -> bool:
    """Tell whether a set of bits is only masked out: it stands under ``~``."""
    return any(n.kind == "unary_expression" and n.label == "~" for n in node.ancestors())


def _definition(file: CodeFile, flag: str) -> list[Change]:
    """Return the changes that take out the bit and the paragraph that tells of it."""
    text = text_of(file)
    changes = [
        Change(Span(line_start(text, m.span.start), line_end(text, m.span.end - 1)), "", lines=True)
        for m in file.source.macros.get(flag, ())
    ]
    told = re.search(
        rf"^[ \t]*\*[ \t]*{flag}:(?:[^\n]*\n)"
        r"(?:[ \t]*\*[ \t]+[^\n]*\S[^\n]*\n)*(?:[ \t]*\*[ \t]*\n)?",
        text,
        re.MULTILINE,
    )
    if told:
        span = Span(told.start(), told.end())
        last = not re.search(r"\*[ \t]*\n\Z", told[0])
        if last:
            span = Span(_paragraph_gap(text, told.start()), told.end())
        changes.append(Change(span, "", lines=True))
    return changes


def _paragraph_gap(text: str, at: int) -> int:
    """Return where the empty comment line above begins, if there is one."""
    above = line_start(text, max(at - 1, 0))
    return above if re.fullmatch(r"[ \t]*\*[ \t]*\n", text[above:at]) else at
