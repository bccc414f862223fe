# SPDX-License-Identifier: GPL-2.0-only
"""Checks of what a file declares: types, macros, objects, exports, includes."""

from lpae_backport.answers import (
    Answer,
    absent,
    head_of,
    is_lost,
    met,
    readable,
    same_head,
    unknown,
    unmet,
)
from lpae_backport.checks.definitions import is_under
from lpae_backport.declarations import enumerators, members, whole_of
from lpae_backport.layout import Layout
from lpae_backport.location import Span
from lpae_backport.numbers import constant_value, names_in
from lpae_backport.preprocessor import Macro
from lpae_backport.rule import Check
from lpae_backport.symbols import CodeFile
from lpae_backport.syntax import Node


def enumerator(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether an enum has an enumerator, and the count still comes last."""
    enums = file.type_nodes("enum", check.owner)
    if not enums:
        return absent(file, check.owner, "enum")
    for enum in enums:
        if p := file.source.problem_at(enum.span):
            return unknown(file, p.span, p.reason)
        wrong = _wrong_enumerator(check, [e.kids[0].label for e in enumerators(enum)])
        if wrong:
            return unmet(file, wrong, enum.span)
    node = next(e for e in enumerators(enums[0]) if e.kids[0].label == check.name)
    return met(file, node.span)


def _wrong_enumerator(check: Check, names: list[str]) -> str:
    """Say what is wrong with an enum given by its names, if anything is."""
    if check.name not in names:
        return f"enum {check.owner} has no {check.name}"
    if not check.last:
        return ""
    if check.last not in names or names[-1] != check.last:
        return f"{check.last} is not the last of enum {check.owner}"
    return ""


def field(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether a struct or union has a member."""
    structs = file.type_nodes("struct", check.owner) + file.type_nodes("union", check.owner)
    if not structs:
        return absent(file, check.owner, "struct")
    spans = []
    for struct in structs:
        if p := file.source.problem_at(struct.span):
            return unknown(file, p.span, p.reason)
        nodes = [m.node for m in members(struct, file.type_nodes) if m.path == check.name]
        found = [n.span for n in nodes]
        if not found:
            return unmet(file, f"struct {check.owner} has no {check.name}", struct.kids[0].span)
        if check.head and not any(same_head(check.head, file, whole_of(n)) for n in nodes):
            return unmet(file, f"{check.name} is not declared as {check.head}", *found)
        spans += found
    return met(file, *spans)


def macro(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether a macro is defined, with the value or form of the rule."""
    file = _defining(check.name, file, layout)
    found = file.source.macros.get(check.name, [])
    if not found:
        return absent(file, check.name, "macro")
    for m in found:
        if p := file.source.problem_at(m.span):
            return unknown(file, p.span, p.reason)
        wrong = _wrong_value(check, file, m) or _wrong_form(check, file, m)
        if wrong is not None:
            return wrong
    return met(file, *(m.span for m in found))


def _defining(macro: str, file: CodeFile, layout: Layout) -> CodeFile:
    """Return the file itself, or the private header beside it that defines a macro."""
    if macro in file.source.macros:
        return file
    for header in layout.private_headers(file):
        if macro in header.source.macros:
            return header
    return file


def _wrong_value(check: Check, file: CodeFile, macro: Macro) -> Answer | None:
    if check.value is None:
        return None
    body = file.macro_body(macro)
    stmts = [s for s in body.root.kids if s.kids] if body is not None else []
    value = constant_value(stmts[0], names_in(file)) if len(stmts) == 1 else None
    if value is None:
        return unknown(file, macro.span, f"value of {check.name} cannot be computed")
    if value != check.value:
        return unmet(file, f"{check.name} is {value:#x}, not {check.value:#x}", macro.span)
    return None


def _wrong_form(check: Check, file: CodeFile, macro: Macro) -> Answer | None:
    if not check.patterns:
        return None
    body = file.macro_body(macro)
    if body is None:
        return unknown(file, macro.span, f"replacement of {check.name} is not C on its own")
    whole = [n for s in body.root.kids for n in s.kids]
    if not any(p.match(n) is not None for p in check.patterns for n in whole):
        return unmet(file, f"{check.name} has another form", macro.span)
    return None


def entry(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether an object has a designated initializer."""
    nodes = file.object_nodes(check.owner)
    if not nodes:
        return absent(file, check.owner, "object")
    spans = []
    for node in nodes:
        if p := file.source.problem_at(node.span):
            return unknown(file, p.span, p.reason)
        pairs = [n for n in node.walk() if n.kind == "initializer_pair"]
        pairs = [n for n in pairs if _designates(n, check.name)]
        if not pairs:
            text = f"{check.owner} has no entry {check.name}"
            return unmet(file, text, node.kids[0].span)
        wrong = _wrong_entry(check, file, pairs)
        if wrong is not None:
            return wrong
        spans.append(pairs[-1].span)
    return met(file, *spans)


def _wrong_entry(check: Check, file: CodeFile, pairs: list[Node]) -> Answer | None:
    """Judge the last entry of each arm of a conditional: in C the last one counts."""
    arms = {file.source.conditions_at(p.span): p for p in pairs}
    for conditions, pair in arms.items():
        value = pair.kids[-1]
        if check.patterns and not any(p.match(value) is not None for p in check.patterns):
            text = f"entry {check.name} of {check.owner} has another value"
            return unmet(file, text, pair.span)
        strange = [c for c in conditions if check.config and not is_under(c, check.config)]
        if strange:
            return unmet(file, f"entry {check.name} stands under {strange[0]}", pair.span)
    return None


def _designates(pair: Node, name: str) -> bool:
    """Tell whether an initializer pair is for ``[INDEX]`` or ``.field`` as the rule writes it."""
    designators = [k for k in pair.kids if k.kind in ("subscript_designator", "field_designator")]
    if len(designators) != 1 or not designators[0].kids:
        return False
    word = designators[0].kids[0].canon
    return (
        f"[{word}]" == name if designators[0].kind == "subscript_designator" else f".{word}" == name
    )


def declaration(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether a name is declared."""
    spans = file.declarations(check.name)
    if check.head and spans and not any(same_head(check.head, file, s) for s in spans):
        return unmet(file, f"{check.name} is not declared as {check.head}", *spans)
    return readable(file, spans[0]) if spans else absent(file, check.name, "declaration of")


def export(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether a function is exported to modules."""
    span = file.exports.get(check.name)
    if span is not None:
        return readable(file, span)
    if is_lost(file, check.name):
        return absent(file, check.name, "export of")
    defined = [head_of(f) for f in file.functions.get(check.name, [])]
    return unmet(file, f"{check.name} is not exported to modules", *defined)


def include(check: Check, file: CodeFile, layout: Layout) -> Answer:
    """Decide whether a file includes a header."""
    spans = [i.span for i in file.source.includes if i.header == check.name]
    if spans:
        return readable(file, spans[0])
    if is_lost(file, check.name.rpartition("/")[2].removesuffix(".h")):
        return absent(file, check.name, "include of")
    return unmet(file, f"does not include {check.name}", *_first_include(file))


def _first_include(file: CodeFile) -> list[Span]:
    return [i.span for i in file.source.includes[:1]]
