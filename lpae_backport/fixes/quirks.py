# SPDX-License-Identifier: GPL-2.0-only
"""A quirk bit that became a field of its own: every use of it is turned, and the bit is dropped."""

import re
from collections.abc import Iterator

from lpae_backport.declarations import declared_tag, type_tag
from lpae_backport.errors import RefusedError
from lpae_backport.filetree import UnreadableError
from lpae_backport.fixes.initializers import dressed
from lpae_backport.fixes.treewide import opened
from lpae_backport.location import Span
from lpae_backport.masking import without_comments
from lpae_backport.rewriting import (
    Change,
    bodies,
    expression_change,
    line_end,
    line_start,
    own_lines,
    statement_of,
    text_of,
)
from lpae_backport.rule import Edit
from lpae_backport.symbols import Body, CodeFile
from lpae_backport.syntax import Node
from lpae_backport.whitespace import indent_of
from lpae_backport.workplace import Workplace

_DEPTH = 6


def convert(edit: Edit, work: Workplace) -> None:
    """Turn a quirk bit into a field of its own, in every file that uses it, and drop the bit."""
    flag, field = edit.names[0], edit.to
    for path in sorted(_mentioning(flag, edit.paths, work)):
        file = opened(work, path)
        text = text_of(file)
        leaves = [leaf for _, body in bodies(file, ()) for leaf in body.by_label.get(flag, ())]
        local = {n.start for n in leaves if _local_store(n) is not None}
        changes = {
            _converted(n, flag, field, text, work.place(file, n.start))
            for n in leaves
            if n.start not in local
        }
        for _, body in bodies(file, ()):
            _check_owner(body, flag, edit.owner, file, work)
        for name, body in bodies(file, ()):
            stores = [n for n in body.by_label.get(flag, ()) if n.start in local]
            if stores:
                changes |= _by_local(body, stores, field, text, f"{file.path}: {name}")
        if changes:
            work.change(file, changes)
    file = work.file(edit.scope.file)
    work.change(file, _definition(file, flag))
    left = [p for p in work.mentioning(flag) if _in_code(flag, work.draft.read(p))]
    if left:
        code = without_comments(work.draft.read(left[0]))
        line = code[: code.find(flag.encode())].count(b"\n") + 1
        raise RefusedError(f"{flag} is still used", where=f"{left[0]}:{line}")


def _check_owner(body: Body, flag: str, owner: str, file: CodeFile, work: Workplace) -> None:
    """Refuse a use of the bit in a member of another struct, or a store into one not zeroed."""
    for leaf in body.by_label.get(flag, ()):
        parent = leaf.parent
        member = next((k for k in parent.kids if k is not leaf), None) if parent else None
        if parent is None or member is None or not _is_member(member):
            continue
        where = work.place(file, leaf.start)
        base = member.kids[0]
        tag = declared_tag(base.label, body) if base.kind == "identifier" else owner
        if tag not in (owner, None):
            raise RefusedError(f"{flag} is used in a struct {tag}", where=where)
        stored = parent.kind == "assignment_expression" and parent.label == "="
        if stored and not any(_is_of(n, owner) for n in body.nodes if n.kind == "initializer_list"):
            raise RefusedError("the quirks are stored as a whole", where=where)


def _is_of(initializer: Node, tag: str) -> bool:
    for n in initializer.ancestors():
        if n.kind in ("declaration", "compound_literal_expression"):
            return type_tag(n) == tag
    return False


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


def _local_store(leaf: Node) -> Node | None:
    """Return the store of the bit into a plain local, if that is what a use of it is."""
    store = leaf.parent
    if store is None or store.kind != "assignment_expression" or store.label != "|=":
        return None
    return store if store.kids[0].kind == "identifier" and store.kids[-1] is leaf else None


def _by_local(body: Body, stores: list[Node], field: str, text: str, where: str) -> set[Change]:
    """Return the changes for a bit that is gathered in a local, which then sets the quirks.

    The local gets a companion of the field's name, beside it where it is declared, and beside it
    wherever it is what a field is initialized to.
    """
    names = {store.kids[0].label for n in stores if (store := _local_store(n)) is not None}
    if len(names) != 1 or field in body.locals or field in body.params:
        raise RefusedError("the quirks are gathered in more than one local", where=where)
    name = names.pop()
    changes = {Change(n.parent.span, f"{field} = true") for n in stores if n.parent is not None}
    pairs = declared = 0
    for leaf in (n for n in body.by_label.get(name, ()) if n.kind == "identifier"):
        parent = leaf.parent
        assert parent is not None
        if parent.kind == "initializer_pair" and parent.kids[-1] is leaf:
            end = own_lines(text, Span(parent.start, text.find(",", parent.end) + 1)).end
            line = text[line_start(text, parent.start) : end]
            changes.add(Change(Span(end, end), dressed(line, f".{field}", field), lines=True))
            pairs += 1
        elif leaf.role == "declarator" and parent.kind == "init_declarator":
            end = own_lines(text, statement_of(parent).span).end
            lead = text[line_start(text, parent.start) :]
            new = f"{indent_of(lead)}bool {field} = false;\n"
            changes.add(Change(Span(end, end), new, lines=True))
            declared += 1
        elif parent.label != "&" and not (
            parent.kind == "assignment_expression" and parent.kids[0] is leaf
        ):
            raise RefusedError(f"{name} is used in a way that has no counterpart", where=where)
    if not pairs or declared != 1:
        raise RefusedError(f"{name} sets no quirks in an initializer", where=where)
    return changes


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
