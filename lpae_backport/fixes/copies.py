# SPDX-License-Identifier: GPL-2.0-only
"""Copies definitions from the reference, adapted, to where they belong in the target."""

import re
from collections.abc import Callable

from lpae_backport.errors import RefusedError
from lpae_backport.fixes.adaptation import adapted, piece
from lpae_backport.fixes.losses import lost_units, lost_words
from lpae_backport.location import Span
from lpae_backport.outline import Item, blank_after, blank_before, find, outline
from lpae_backport.pattern import Pattern
from lpae_backport.rewriting import Change, line_end, text_of
from lpae_backport.rule import Edit
from lpae_backport.symbols import CodeFile
from lpae_backport.whitespace import fit, line_limit, realign
from lpae_backport.workplace import Workplace


def copy(edit: Edit, work: Workplace) -> None:
    """Copy functions, macros, objects or declarations that the target lacks.

    With `replacing`, one that the target has in another form is replaced; a function only where
    nothing of the target's own is lost by it.
    """
    for name in edit.names:
        _copy(edit, name, work)


def _copy(edit: Edit, name: str, work: Workplace) -> None:
    target = work.file(edit.scope.file)
    old = find(outline(target), name)
    if old is not None and old.kind != "declaration" and not edit.replacing:
        return
    source, item = _in_reference(edit, name, work)
    text = text_of(source)[item.span.start : item.span.end]
    text = adapted(text, (*edit.adapt, *work.pack.adapt), work)
    text = re.sub(r"\{\n\n+", "{\n", text)
    work.copied[name] = None
    if old is not None and old.kind == item.kind == "function":
        _replace_function(target, name, text, edit, work)
        return
    if old is not None and old.kind != "declaration":
        _check_macro(target, old, edit, work)
        work.change(target, [Change(old.span, "", lines=True)])
        target = work.file(edit.scope.file)
    insert(text, item, source, target, work)


def _check_macro(target: CodeFile, old: Item, edit: Edit, work: Workplace) -> None:
    """Refuse to replace a macro by something else unless the rules know its form."""
    for macro in target.source.macros.get(old.name, ()):
        body = target.macro_body(macro)
        root = body.root if body is not None else None
        if root is None or lost_units([root], [], edit.superseded, target):
            where = work.place(target, macro.span.start)
            raise RefusedError(f"{old.name} has a form of the target's own", where=where)


def text_in_reference(edit: Edit, work: Workplace) -> str:
    """Return what the first name of an edit stands for in the reference, as it stands there."""
    source, item = _in_reference(edit, edit.names[0], work)
    return text_of(source)[item.span.start : item.span.end]


def _in_reference(edit: Edit, name: str, work: Workplace) -> tuple[CodeFile, Item]:
    for file in work.files_of_reference(edit.scope.file):
        item = find(outline(file), name)
        if item is not None and item.kind != "declaration":
            problem = file.source.problem_at(item.span)
            if problem is not None:
                raise RefusedError(f"the reference's {name}: {problem.reason}", where=file.path)
            return file, item
    raise RefusedError(f"the reference has no {name}")


def _replace_function(target: CodeFile, name: str, text: str, edit: Edit, work: Workplace) -> None:
    found = target.functions.get(name, [])
    if len(found) != 1:
        raise RefusedError(f"{len(found)} definitions of {name}", where=target.path)
    old = found[0]
    where = work.place(target, old.span.start)
    if old.problem is not None or target.source.inner_conditionals(old.span):
        raise RefusedError(f"{name} has preprocessor lines of the target's own", where=where)
    new = piece(text).functions[name][0]
    lost = sorted(lost_words(old.entity.node(), new.entity.node(), edit.loses))
    if not lost and edit.superseded:
        lost = lost_units([old.entity.node()], [new.entity.node()], edit.superseded, target)
    if lost:
        text = f"{name} has what the reference's form would lose: {', '.join(lost[:6])}"
        raise RefusedError(text, where=where)
    whole = text_of(target)
    body = text[new.span.start : new.span.end]
    head = _before_name(whole[old.span.start : old.span.end], name)
    first, _, rest = body.partition("\n")
    ours = head + first[len(_before_name(body, name)) :]
    body = f"{ours}\n{realign(first, ours, rest)}" if "\n" not in head else body
    work.change(target, [Change(old.span, fit(body, line_limit(whole)))])


def _before_name(definition: str, name: str) -> str:
    """Return storage class and type as the definition has them, up to the name."""
    return definition[: definition.index(name)]


def insert(text: str, item: Item, source: CodeFile, target: CodeFile, work: Workplace) -> None:
    """Put a definition into the target where the order of the reference wants it.

    Args:
        text: the definition as the target needs it, whole lines.
        item: where it stands in the reference.
        source: that file of the reference.
        target: the file of the target.
        work: what to change.

    Raises:
        RefusedError: nothing that stands near it there stands in the target.
    """
    here, there = outline(target), outline(source)
    at = there.index(item)
    whole, theirs = text_of(target), text_of(source)
    above = next(
        (i for i in map(_counterpart(here, target, item, source), reversed(there[:at])) if i), None
    )
    below = next(
        (i for i in map(_counterpart(here, target, item, source), there[at + 1 :]) if i), None
    )
    if above is None and below is None:
        raise RefusedError(
            f"nothing around {item.name} in the reference stands here", where=target.path
        )
    body = text.rstrip("\n") + "\n"
    if above is not None:
        offset = _behind(whole, above, item)
        gap = "\n" if blank_before(theirs, item) else ""
        behind = whole[offset : line_end(whole, offset)].strip()
        close = "\n" if behind and blank_after(theirs, item) else ""
        new = gap + body + close
    else:
        assert below is not None
        offset = below.span.start
        new = body + ("\n" if blank_after(theirs, item) else "")
    work.change(target, [Change(Span(offset, offset), new, lines=True)])


def _behind(whole: str, above: Item, item: Item) -> int:
    """Return the offset behind an item, its ``EXPORT_SYMBOL`` included."""
    offset = above.span.end
    while above.kind == "function" and item.kind != "macro":
        end = line_end(whole, offset)
        if not whole[offset:end].startswith("EXPORT_SYMBOL"):
            break
        offset = end
    return offset


def _counterpart(
    here: list[Item], target: CodeFile, item: Item, source: CodeFile
) -> Callable[[Item], Item | None]:
    """Return what finds, for an item of the reference, the one of the target in its place."""
    wanted = source.source.conditions_at(Span(item.span.start, item.span.end))

    def counterpart(other: Item) -> Item | None:
        found = [i for i in here if i.name == other.name and _alike(i, other)]
        same = [i for i in found if target.source.conditions_at(i.span) == wanted]
        return same[0] if len(found) == 1 and same else None

    return counterpart


def _alike(a: Item, b: Item) -> bool:
    """Tell whether two things of one name can stand for each other as a place."""
    return a.kind == b.kind or {a.kind, b.kind} <= {"function", "macro"}


def declaration(edit: Edit, work: Workplace) -> None:
    """Copy declarations (``extern`` objects, prototypes) that the target lacks."""
    for name in edit.names:
        target = work.file(edit.scope.file)
        if find(outline(target), name) is not None:
            continue
        for source in work.files_of_reference(edit.scope.file):
            item = find(outline(source), name)
            if item is not None and item.kind == "declaration":
                insert(text_of(source)[item.span.start : item.span.end], item, source, target, work)
                work.copied[name] = None
                break
        else:
            raise RefusedError(f"the reference does not declare {name}")


def remove(edit: Edit, work: Workplace) -> None:
    """Take out definitions that nothing in the file uses any more."""
    for name in edit.names:
        drop_if_unused(edit.scope.file, name, work)


def drop_if_unused(file: str, name: str, work: Workplace, forms: tuple[Pattern, ...] = ()) -> None:
    """Take out a function if its own text is all that names it.

    Args:
        file: the logical file.
        name: the function.
        work: what to change.
        forms: all that it may consist of; one with more in it stays. None allows anything.
    """
    target = work.file(file)
    if name not in target.functions:
        return
    items = [i for i in outline(target) if i.name == name]
    code = target.source.quiet
    uses = [m.start() for m in re.finditer(rb"\b%b\b" % name.encode(), code)]
    free = [u for u in uses if not any(i.span.start <= u < i.span.end for i in items)]
    nodes = [f.entity.node() for f in target.functions.get(name, ())]
    if not items or free or (forms and lost_units(nodes, [], forms, target)):
        return
    work.change(target, [Change(i.span, "", lines=True) for i in items])
