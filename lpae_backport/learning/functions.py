# SPDX-License-Identifier: GPL-2.0-only
"""What a patch does within a function, as goals for checks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lpae_backport.learning.lesson import Goal, Rank, Raw
from lpae_backport.learning.readings import Inventory, Reading, adjacent, pair_of
from lpae_backport.learning.wording import Wording, fits, is_constant
from lpae_backport.syntax import Node

_TELLING = frozenset(
    {
        "binary_expression",
        "unary_expression",
        "conditional_expression",
        "update_expression",
        "field_expression",
        "subscript_expression",
        "pointer_expression",
        "cast_expression",
        "sizeof_expression",
        "compound_literal_expression",
    }
)
_LEAVES = frozenset({"return_statement", "goto_statement", "break_statement", "continue_statement"})
_OPTION = re.compile(r"\bCONFIG_\w+")
_NEAR = 3
"""Statements behind an early exit that are looked at for what it guards."""


@dataclass(frozen=True, slots=True)
class _View:
    """A body of one side, as the other side shows what is new in it.

    Attributes:
        kind: the check that tells it: ``contains``, or ``lacks`` for the side before.
        words: the words for its code.
        mine: its side.
        other: what the other side has.
    """

    kind: str
    words: Wording
    mine: Reading
    other: Inventory

    def is_new(self, n: Node) -> bool:
        """Tell whether the other side has nothing that looks like a node."""
        return self.mine.of(n) not in self.other.present


class CodeGoals:
    """The goals that a change of code gives.

    Args:
        entity: what the code is: ``f()``, ``macro m``, ``object o``.
        place: where the rules find it: ``file:name``.
        path: its file.
        after: the code with the patch.
        before: the code without.
    """

    def __init__(self, entity: str, place: str, path: str, after: Reading, before: Reading) -> None:
        self._entity = entity
        self._in = place
        self._path = path
        self._after = after
        self._before = before

    def goals(self) -> Iterator[Goal]:
        """Yield what is new, then what is gone."""
        yield from self._added(self._after, self._before, "contains")
        yield from self._guards()
        yield from self._order()
        for goal in self._added(self._before, self._after, "lacks"):
            yield Goal(goal.path, goal.entity, Rank.ABSENCE, goal.forms, goal.place)

    def _goal(self, rank: Rank, forms: list[Raw], at: Node) -> Iterator[Goal]:
        kept = [f for i, f in enumerate(forms) if f not in forms[:i] and _is_short(f)]
        if kept:
            place = _statement(at).start
            yield Goal(self._path, self._entity, rank, tuple(kept), place)

    def _code(self, kind: str, *texts: str, at: Node | None = None) -> list[Raw]:
        """Return checks for some code, each with the option that it stands under, if any."""
        found: list[Raw] = [{kind: t, "in": self._in} for t in texts]
        option = self._option(at) if at is not None and kind == "contains" else ""
        return [f | {"config": option} for f in found] if option else found

    def _option(self, n: Node) -> str:
        """Return the Kconfig symbol that code stands under within its function, if it is one."""
        if self._after.of(n) in self._after.everywhere.present:
            return ""
        around = self._after.file.source.conditions_at(n.span)
        found = {w for c in around if c not in self._after.outer for w in _OPTION.findall(c)}
        return found.pop() if len(found) == 1 else ""

    def _added(self, mine: Reading, theirs: Reading, kind: str) -> Iterator[Goal]:
        seen: set[str] = set()
        for body in mine.bodies:
            words = Wording(mine.file, body)
            for n in body.nodes:
                form = mine.of(n)
                # What stands in each reading has to be in each; what does not, in any at all.
                whole = kind == "contains" and form in mine.everywhere.present
                other = theirs.everywhere if whole else theirs.somewhere
                if form in other.present or form in seen:
                    continue
                seen.add(form)
                yield from self._fresh(n, _View(kind, words, mine, other))

    def _fresh(self, n: Node, view: _View) -> Iterator[Goal]:
        """Yield goals for one node that the other side has not."""
        kind, words = view.kind, view.words
        if n.kind == "call_expression":
            yield from self._goal(Rank.CALL, self._call(n, view), n)
        elif n.kind == "assignment_expression":
            yield from self._goal(Rank.STORE, self._store(n, view), n)
        elif n.kind == "return_statement":
            rank = Rank.FORM if kind == "contains" else Rank.LINE
            yield from self._goal(rank, self._code(kind, words.open(n), words.plain(n), at=n), n)
        elif n.kind in _TELLING and not any(view.is_new(k) for k in _inner(n)):
            rank = Rank.FORM if _tells(n, words) else Rank.LINE
            yield from self._goal(rank, self._code(kind, words.open(n), words.plain(n), at=n), n)
        elif n.kind in ("identifier", "field_identifier") and n.label not in view.other.words:
            if not words.is_own(n):
                yield from self._goal(Rank.LINE, self._code(kind, n.label, at=n), n)
        elif n.kind in ("string_literal", "number_literal"):
            yield from self._goal(Rank.LINE, self._code(kind, words.plain(n), at=n), n)

    def _call(self, n: Node, view: _View) -> list[Raw]:
        words = view.words
        callee = n.kids[0].label
        if callee and callee not in view.other.callees:
            return self._every(view.kind, words.any_call(n), n)
        # A call within this one tells more than this one does.
        if any(view.is_new(k) for k in n.walk() if k is not n and k.kind == "call_expression"):
            return []
        fresh = frozenset(i for i, a in enumerate(n.kids[-1].kids) if view.is_new(a))
        texts = [words.loose_call(n), words.loose_call(n, fresh), words.open(n), words.plain(n)]
        found = self._code(view.kind, *texts, at=n)
        return [*found, *self._every(view.kind, texts[1], n)[-1:]]

    def _every(self, kind: str, text: str, n: Node) -> list[Raw]:
        """Return checks of one call here, and of all such calls of the file."""
        found = self._code(kind, text, at=n)
        if kind == "contains" and n.kids[0].kind == "identifier":
            found.append({"calls": text, "in": self._in.partition(":")[0]})
        return found

    def _store(self, n: Node, view: _View) -> list[Raw]:
        words = view.words
        # What is called tells more than where its result goes.
        if any(k.kind == "call_expression" and view.is_new(k) for k in n.kids[-1].walk()):
            return []
        target = words.open(n.kids[0])
        texts = [f"{target} {n.label} $_", words.open(n), words.plain(n)]
        return self._code(view.kind, *(texts[1:] if words.is_own(n.kids[0]) else texts), at=n)

    def _guards(self) -> Iterator[Goal]:
        for body in self._after.bodies:
            words = Wording(self._after.file, body)
            for n in body.nodes:
                condition = n.kid("condition") if n.kind == "if_statement" else None
                if (
                    condition is None
                    or self._after.of(condition) in self._before.everywhere.present
                ):
                    continue
                told = _names_something(condition, words)
                text = words.open(condition) if told else words.plain(condition)
                yield from self._guarded(n, text, words)

    def _guarded(self, n: Node, condition: str, words: Wording) -> Iterator[Goal]:
        """Yield goals for what an ``if`` decides: its branches, and what an early exit spares."""
        then, other = n.kid("consequence"), n.kid("alternative")
        negated = f"!({condition})"
        for branch, text in ((then, condition), (other, negated)):
            for subject in _subjects(branch)[:_NEAR]:
                yield from self._guard(subject, text, words)
        if then is None or not _last_leaves(then):
            return
        block = n.parent
        if block is None or n not in block.kids:
            return
        for stmt in block.kids[block.kids.index(n) + 1 :][:_NEAR]:
            for subject in _subjects(stmt)[:1]:
                yield from self._guard(subject, negated, words)

    def _guard(self, subject: Node, condition: str, words: Wording) -> Iterator[Goal]:
        raw = {"guard": words.brief(subject), "in": self._in}
        forms: list[Raw] = [raw | {"when": condition}, raw | {"only-when": condition}]
        yield from self._goal(Rank.GUARD, forms, subject)

    def _order(self) -> Iterator[Goal]:
        """Yield goals for statements that now stand behind each other and did not."""
        for body in self._after.bodies:
            words = Wording(self._after.file, body)
            for block, a, b in adjacent(body):
                text = pair_of(words.outline, a, b)
                if not text or text in self._before.everywhere.neighbours:
                    continue
                if text in self._after.everywhere.neighbours:
                    texts = [text, pair_of(words.plain, a, b)]
                    raws = self._code("contains", *texts)
                    yield from self._goal(Rank.ORDER, raws, b or a or block)


def _is_short(raw: Raw) -> bool:
    return all(fits(v) for v in raw.values() if isinstance(v, str))


def _inner(n: Node) -> Iterator[Node]:
    """Yield what is below a node and would tell more than the node itself."""
    wanted = (*_TELLING, "call_expression", "assignment_expression")
    return (k for k in n.walk() if k is not n and k.kind in wanted)


def _tells(n: Node, words: Wording) -> bool:
    return _names_something(n, words) and n.kind != "pointer_expression"


def _names_something(n: Node, words: Wording) -> bool:
    """Tell whether some code names anything but locals and plain numbers."""
    return any(
        k.kind == "field_identifier"
        or (k.kind == "identifier" and not words.is_own(k) and k.label != "NULL")
        for k in n.walk()
    )


def _statement(n: Node) -> Node:
    """Return the statement that a node is part of."""
    if n.kind.endswith("_statement") or n.kind == "declaration":
        return n
    for a in n.ancestors():
        if a.kind.endswith("_statement") or a.kind == "declaration":
            return a
    return n


def _subjects(branch: Node | None) -> list[Node]:
    """Return what a branch does: calls and stores first, then how it leaves."""
    if branch is None:
        return []
    nodes = list(branch.walk())
    found = [n for n in nodes if n.kind == "call_expression" and n.kids[0].kind == "identifier"]
    found += [n for n in nodes if n.kind == "assignment_expression"]
    leaving = [n for n in nodes if n.kind == "return_statement" and n.kids]
    return found + [n for n in leaving if not is_constant(n.kids[0]) or n.kids[0].kids]


def _last_leaves(branch: Node) -> bool:
    last = branch.kids[-1] if branch.kind == "compound_statement" and branch.kids else branch
    return last.kind in _LEAVES
