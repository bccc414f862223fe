# SPDX-License-Identifier: GPL-2.0-only
"""What a patch declares: functions, types, macros, objects, exports, includes, as goals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lpae_backport.answers import head_of
from lpae_backport.declarations import enumerators, members, whole_of
from lpae_backport.learning.lesson import Goal, Rank, Raw
from lpae_backport.learning.wording import Wording, fits
from lpae_backport.location import Span
from lpae_backport.masking import decode
from lpae_backport.numbers import constant_value, names_in
from lpae_backport.preprocessor import Macro
from lpae_backport.symbols import Body, CodeFile, declared_names, label_of
from lpae_backport.syntax import Node


@dataclass(frozen=True, slots=True)
class Pair:
    """One C file on both sides.

    Attributes:
        path: where it is.
        logical: what the pack calls it.
        after: the file with the patch.
        before: the file without; an empty one where there is none.
        weigh: how often the patch adds a word.
    """

    path: str
    logical: str
    after: CodeFile
    before: CodeFile
    weigh: Callable[[str], int]

    def goal(self, entity: str, rank: Rank, word: str, *forms: Raw) -> Goal:
        """Return a goal about something of the file, which is found by a word."""
        given = tuple({**f, "in": self.logical} for f in forms)
        return Goal(self.path, entity, rank, given, weight=self.weigh(word))


def declared_goals(pair: Pair) -> Iterator[Goal]:
    """Yield what the file declares now and did not, or did in another form."""
    yield from _functions(pair)
    yield from _types(pair)
    yield from _macros(pair)
    yield from _entries(pair)
    for name in (n for n in pair.after.exports if n not in pair.before.exports):
        yield pair.goal("exports", Rank.DEFINED, name, {"export": name})
    yield from _declarations(pair)
    yield from _loose(pair)
    had = {i.header for i in pair.before.source.includes}
    for header in dict.fromkeys(i.header for i in pair.after.source.includes):
        if header not in had:
            yield pair.goal("includes", Rank.LINE, header, {"include": header})


def _functions(pair: Pair) -> Iterator[Goal]:
    for name, found in pair.after.functions.items():
        old = pair.before.functions.get(name)
        params = {len(b.params) for f in found for b in f.bodies}
        if old is None:
            forms: list[Raw] = [{"function": name}]
            if len(params) == 1:
                forms.insert(0, {"function": name, "params": str(min(params))})
            yield pair.goal("new functions", Rank.DEFINED, name, *forms)
        elif len(params) == 1 and params != {len(b.params) for f in old for b in f.bodies}:
            raw = {"function": name, "params": str(min(params))}
            yield pair.goal(f"{name}()", Rank.DEFINED, name, raw)
        if old is not None and len(found) == len(old) == 1:
            heads = [_words(f.file, head_of(f)) for f in (found[0], old[0])]
            if heads[0] != heads[1] and fits(heads[0]):
                raw = {"function": name, "head": heads[0]}
                yield pair.goal(f"{name}()", Rank.HEAD, name, raw)


def _words(file: CodeFile, span: Span) -> str:
    return " ".join(decode(file.source.quiet[span.start : span.end]).split()).rstrip("; ")


def _head(file: CodeFile, span: Span) -> str:
    return _words(file, span).partition("=")[0].strip()


def _tagged(file: CodeFile) -> dict[tuple[str, str], list[Node]]:
    """Return the enums, structs and unions that have a tag and a body."""
    found: dict[tuple[str, str], list[Node]] = {}
    for top in file.declared_nodes():
        for n in top.walk():
            keyword, _, rest = n.kind.partition("_")
            if rest == "specifier" and keyword in ("enum", "struct", "union"):
                name = label_of(n.kid("name"))
                if name and n.kid("body") is not None:
                    found.setdefault((keyword, name), []).append(n)
    return found


def _types(pair: Pair) -> Iterator[Goal]:
    after, before = _tagged(pair.after), _tagged(pair.before)
    for (keyword, name), nodes in after.items():
        old = before.get((keyword, name), [])
        found = list(_parts(pair, keyword, name, nodes, old))
        # A new type is told by one part of it; of one that grew, what it grew by.
        yield from found if old else sorted(found, key=lambda g: -g.weight)[:1]


def _parts(
    pair: Pair, keyword: str, name: str, nodes: list[Node], old: list[Node]
) -> Iterator[Goal]:
    """Yield the enumerators or fields that a type did not have."""
    entity = f"{keyword} {name}"
    if keyword == "enum":
        had = {e.kids[0].label for n in old for e in enumerators(n) if e.kids}
        for e in (e for n in nodes for e in enumerators(n) if e.kids):
            word = e.kids[0].label
            if word not in had:
                raw = {"enumerator": word, "of": name}
                yield pair.goal(entity, Rank.DEFINED, word, raw)
        return
    fields = {
        m.path: _words(pair.before, whole_of(m.node))
        for n in old
        for m in members(n, pair.before.type_nodes)
    }
    for m in (m for n in nodes for m in members(n, pair.after.type_nodes)):
        word = m.path.rpartition(".")[2]
        raw = {"field": m.path, "of": name}
        head = _words(pair.after, whole_of(m.node))
        if m.path not in fields:
            yield pair.goal(entity, Rank.DEFINED, word, raw)
        elif fields[m.path] != head and fits(head) and "{" not in head:
            yield pair.goal(entity, Rank.HEAD, word, raw | {"head": head})


def _macros(pair: Pair) -> Iterator[Goal]:
    for name, found in pair.after.source.macros.items():
        old = pair.before.source.macros.get(name)
        if old is None and not is_guard(pair.after, name):
            yield pair.goal("new macros", Rank.DEFINED, name, {"macro": name})
        if old is None or _texts(pair.after, found) == _texts(pair.before, old):
            continue
        forms = list(_macro_forms(pair.after, found[-1]))
        if forms:
            yield pair.goal(f"macro {name}", Rank.DEFINED, name, *forms)


def is_guard(file: CodeFile, name: str) -> bool:
    """Tell whether a macro keeps a header from being read twice: it tells nothing of it."""
    if any(_texts(file, [m])[0] not in ("", "1") for m in file.source.macros[name]):
        return False
    asked = f"!defined({name})"
    heads = (c.branches[0].own for c in file.source.conditionals)
    return any(own == asked or own.startswith(f"{asked} ||") for own in heads)


def _texts(file: CodeFile, macros: list[Macro]) -> list[str]:
    return [" ".join(decode(file.source.quiet[m.body.start : m.body.end]).split()) for m in macros]


def _macro_forms(file: CodeFile, macro: Macro) -> Iterator[Raw]:
    body = file.macro_body(macro)
    stmts = [s for s in body.root.kids if s.kids] if body is not None else []
    if body is None or len(stmts) != 1:
        return
    value = None if macro.params else constant_value(stmts[0], names_in(file))
    if value is not None:
        yield {"macro": macro.name, "value": hex(value) if value >= 0 else str(value)}
    text = Wording(file, body).open(stmts[0].kids[0])
    if fits(text):
        yield {"macro": macro.name, "form": text}


def _entries(pair: Pair) -> Iterator[Goal]:
    for name in pair.after.objects:
        if name not in pair.before.objects or _same(pair, name):
            continue
        had = {
            p.canon
            for n in pair.before.object_nodes(name)
            for p in n.walk()
            if p.kind == "initializer_pair"
        }
        for n in pair.after.object_nodes(name):
            words = Wording(pair.after, Body(n, ()))
            for p in (k for k in n.walk() if k.kind == "initializer_pair"):
                if p.canon not in had:
                    yield from _entry(pair, name, p, words)


def _same(pair: Pair, name: str) -> bool:
    """Tell whether an object is the same on both sides, white space aside."""
    sides = (pair.after, pair.before)
    texts = [[_words(f, s) for s in f.objects[name]] for f in sides]
    return texts[0] == texts[1]


def _entry(pair: Pair, name: str, entry: Node, words: Wording) -> Iterator[Goal]:
    designators = [k for k in entry.kids if k.kind in ("subscript_designator", "field_designator")]
    if len(designators) != 1 or not designators[0].kids:
        return
    word = designators[0].kids[0].canon
    index = designators[0].kind == "subscript_designator"
    raw: Raw = {"entry": f"[{word}]" if index else f".{word}", "of": name}
    forms = [raw]
    value = entry.kids[-1]
    if value.kind != "initializer_list" and fits(words.plain(value)):
        forms.insert(0, raw | {"value": words.plain(value)})
    yield pair.goal(f"object {name}", Rank.STORE, word, *forms)


def _declarations(pair: Pair) -> Iterator[Goal]:
    """Yield objects, and prototypes of what the file does not define itself."""
    had = _declared(pair.before)
    for name, spans in _declared(pair.after).items():
        if name not in had and name not in pair.after.functions:
            yield pair.goal("new declarations", Rank.FORM, name, {"declaration": name})
        elif name in had:
            old = [_head(pair.before, s) for s in had[name]]
            for text in (_head(pair.after, s) for s in spans):
                if text not in old and fits(text):
                    raw = {"declaration": name, "head": text}
                    yield pair.goal(f"declaration {name}", Rank.HEAD, name, raw)


def _declared(file: CodeFile) -> dict[str, list[Span]]:
    """Return where the file declares what, by name."""
    found: dict[str, list[Span]] = {}
    for n in file.declared_nodes():
        if n.kind != "declaration":
            continue
        for name in filter(None, declared_names(n)):
            found.setdefault(name, []).append(n.span)
    return found


def _loose(pair: Pair) -> Iterator[Goal]:
    """Yield what is called at file level: ``MODULE_ALIAS("x");`` and its like."""
    had = {n.canon for n in pair.before.loose_nodes("")}
    for top in pair.after.loose_nodes(""):
        call = top.kids[0] if top.kids else top
        if call.kind != "call_expression" or top.canon in had or not call.kids[0].label:
            continue
        words = Wording(pair.after, Body(top, ()))
        texts = [words.any_call(call), words.loose_call(call), words.plain(call)]
        forms = tuple({"calls": t} for t in texts if fits(t))
        yield pair.goal("calls at file level", Rank.LINE, call.kids[0].label, *forms)
