# SPDX-License-Identifier: GPL-2.0-only
"""Under which condition does a piece of code run?

Every way C has to say it comes to the same formula here: ``if`` and its branches, ``?:``, the
short circuits, ``switch``, and the early exit (``if (c) return;`` before the code in question).
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lpae_backport.logic import Atom, Formula, conj, disj, negate
from lpae_backport.symbols import Body
from lpae_backport.syntax import Node

_WRAPPERS = frozenset(
    {
        "likely",
        "unlikely",
        "WARN_ON",
        "WARN_ON_ONCE",
        "READ_ONCE",
        "ACCESS_ONCE",
        "__builtin_expect",
    }
)
_ZERO = frozenset({"0", "0U", "0UL", "0ULL", "0L", "0LL", "NULL", "false", "FALSE"})
_ONE = frozenset({"true", "TRUE"})
_LEAVES = frozenset({"return_statement", "goto_statement", "break_statement", "continue_statement"})
_LOOPS = frozenset({"while_statement", "for_statement", "do_statement"})
_PLAIN = frozenset({"expression_statement", "declaration"})
_FLEETING = frozenset({"call_expression", "pointer_expression", "subscript_expression"})
"""Expressions that need not have the same value when they are written a second time."""
_DEPTH = 6


class Library(Protocol):
    """What names defined elsewhere stand for."""

    def predicate(self, use: Node, scope: "Scope") -> Formula | None:
        """Return the condition that a call (or an object-like macro) comes to, if it is one."""

    def statements(self, call: Node, scope: "Scope") -> "Scope | None":
        """Return the scope of the statements that a call of a macro stands for, if it is one."""


class NoLibrary:
    """A library in which nothing stands."""

    def predicate(self, use: Node, scope: "Scope") -> Formula | None:
        """Return nothing."""
        return None

    def statements(self, call: Node, scope: "Scope") -> "Scope | None":
        """Return nothing."""
        return None


@dataclass(eq=False)
class Scope:
    """A body with what its parameters stand for at one place it is called from."""

    body: Body
    library: Library
    arguments: Mapping[str, tuple[Node, "Scope"]] = field(default_factory=dict)
    depth: int = 0
    _assigned: dict[str, list[int]] | None = None

    def assignments(self, name: str) -> list[int]:
        """Return the offsets after which `name` has been given a value, in order."""
        if self._assigned is None:
            self._assigned = _assignments(self.body)
        return self._assigned.get(name, [])

    def deeper(self) -> "Scope":
        """Return this scope one level further down, to bound how far names are followed."""
        return Scope(self.body, self.library, self.arguments, self.depth + 1, self._assigned)

    def key(self, node: Node) -> str:
        """Return text that is equal for expressions with the same value."""
        if node.kind == "identifier":
            if node.label in self.arguments:
                arg, outer = self.arguments[node.label]
                return outer.key(arg)
            version = bisect_right(self.assignments(node.label), node.start)
            return f"{node.label}#{version}" if version else node.label
        if not node.kids:
            return node.label or node.kind
        if node.kind == "cast_expression":
            return self.key(node.kids[-1])
        parts = [self.key(k) for k in node.kids]
        if node.kind == "field_expression":
            whole = ".".join(parts)
            version = bisect_right(self.assignments(node.canon), node.start)
            return f"{whole}#{version}" if version else whole
        if node.label in ("&", "|", "+", "*", "==", "!=") and node.kind == "binary_expression":
            parts.sort()
        return f"{node.kind}{node.label}({','.join(parts)})"


def truth(node: Node, scope: Scope) -> Formula:
    """Return the formula that says `node`, taken as a condition, is not zero."""
    kids = node.kids
    if node.kind == "binary_expression":
        return _binary(node, scope)
    if node.kind == "unary_expression" and node.label == "!":
        return negate(truth(kids[0], scope))
    if node.kind == "conditional_expression" and len(kids) == 3:
        c = truth(kids[0], scope)
        return disj([conj([c, truth(kids[1], scope)]), conj([negate(c), truth(kids[2], scope)])])
    if node.kind in ("cast_expression", "comma_expression") and kids:
        return truth(kids[-1], scope)
    if node.kind == "assignment_expression" and node.label == "=":
        return _stored(kids[0], kids[-1], scope)
    if node.kind in ("number_literal", "true", "false", "null"):
        return node.label not in _ZERO
    if node.kind == "identifier":
        return _name(node, scope)
    if node.kind == "call_expression":
        return _call(node, scope)
    return _atom(node, scope, node)


def _stored(target: Node, value: Node, scope: Scope) -> Formula:
    """Return the truth of a value as it is stored; what a function gives keeps its own name."""
    f = truth(value, scope)
    if isinstance(f, Atom) and f.node[0] == "is" and f.node[1].kind in _FLEETING:
        return Atom(f"{target.canon}@{value.end}", node=("is", value))
    return f


def _atom(node: Node, scope: Scope, shown: Node) -> Atom:
    return Atom(scope.key(node), node=("is", shown))


def _binary(node: Node, scope: Scope) -> Formula:
    left, right = node.kids[0], node.kids[-1]
    op = node.label
    if op == "&&":
        return conj([truth(left, scope), truth(right, scope)])
    if op == "||":
        return disj([truth(left, scope), truth(right, scope)])
    if op in ("==", "!="):
        equal = _equality(left, right, scope)
        return equal if op == "==" else negate(equal)
    if op in ("<", ">=", ">", "<="):
        a, b = (left, right) if op in ("<", ">=") else (right, left)
        less = Atom(f"{scope.key(a)}<{scope.key(b)}", node=("<", a, b))
        return less if op in ("<", ">") else negate(less)
    return _atom(node, scope, node)


_TRUTHS = frozenset({"==", "!=", "<", ">", "<=", ">=", "&&", "||", "!"})


def _equality(left: Node, right: Node, scope: Scope) -> Formula:
    if left.kind == right.kind == "number_literal":
        return left.label == right.label
    for a, b in ((left, right), (right, left)):
        if b.label in _ZERO:
            return negate(truth(a, scope))
        if b.label in _ONE or (b.label == "1" and a.label in _TRUTHS):
            return truth(a, scope)
        # (x & FLAG) == FLAG tests the flag just as (x & FLAG) does.
        masked = a.kind == "binary_expression" and a.label == "&"
        if masked and b.label and b.label in (a.kids[0].label, a.kids[-1].label):
            return truth(a, scope)
    if left.label.isupper() and left.kind == "identifier":
        left, right = right, left
    lhs, rhs = scope.key(_copied(left, scope)), scope.key(right)
    left, right = _shown(left, scope), _shown(right, scope)
    constant = right.kind == "number_literal" or (
        right.kind == "identifier" and right.label.isupper()
    )
    if not constant and rhs < lhs:
        lhs, rhs = rhs, lhs
    key = f"{lhs}=={rhs}"
    return Atom(key, lhs if constant else "", rhs if constant else "", node=("==", left, right))


def _copied(node: Node, scope: Scope) -> Node:
    """Return the member that a local is a plain copy of, or the node itself."""
    given = scope.assignments(node.label) if node.kind == "identifier" else []
    if len(given) != 1 or given[0] > node.start or node.label not in scope.body.locals:
        return node
    value = _value_of(node.label, given[0], scope.body)
    return value if value is not None and value.kind == "field_expression" else node


def _shown(node: Node, scope: Scope) -> Node:
    """Return what a name stands for, where that is a plain expression, to match patterns on."""
    while node.kind == "identifier" and node.label in scope.arguments:
        node, scope = scope.arguments[node.label]
    return _copied(node, scope)


def _value_of(name: str, end: int, body: Body) -> Node | None:
    """Return the value that `name` is given by the assignment ending at `end`."""
    for leaf in body.by_label.get(name, ()):
        parent = leaf.parent
        while parent is not None and parent.kind.endswith("declarator") and parent.end < end:
            parent = parent.parent
        if parent is not None and parent.end == end and _sets(parent, name):
            return parent.kids[-1]
    return None


def _sets(node: Node, name: str) -> bool:
    if node.kind == "init_declarator":
        return any(n.label == name for n in node.kids[0].walk())
    return _assigned_name(node) == name


def _name(node: Node, scope: Scope) -> Formula:
    if node.label in _ONE:
        return True
    if node.label in _ZERO:
        return False
    if node.label in scope.arguments:
        arg, outer = scope.arguments[node.label]
        return truth(arg, outer)
    if scope.depth < _DEPTH:
        if node.label in scope.body.locals:
            f = _held(node, scope)
        else:
            f = scope.library.predicate(node, scope)
        if f is not None:
            return f
    return _atom(node, scope, node)


def _held(node: Node, scope: Scope) -> Formula | None:
    """Return what a local holds where it is read, from the assignments that reach it.

    Args:
        node: the place it is read at.
        scope: the body.

    Returns:
        The truth of its value; `None` where a loop, an address taken or a jump makes it unclear.
    """
    name = node.label
    child = node
    for parent in node.ancestors():
        if parent.kind == "labeled_statement":
            return None
        ends = scope.assignments(name)
        if parent.kind in _LOOPS and any(parent.start < e <= parent.end for e in ends):
            return None
        if parent.kind in ("compound_statement", "declaration") and child in parent.kids:
            before = parent.kids[: parent.kids.index(child)]
            f = _last_value(before, name, scope)
            if f is not _UNSET:
                return f
        child = parent
    return None


_UNSET = Atom("(unset)")


def _last_value(stmts: list[Node], name: str, scope: Scope) -> Formula | None:
    """Return what `name` holds after a run of statements; `_UNSET` if none of them sets it."""
    for i in range(len(stmts) - 1, -1, -1):
        stmt = stmts[i]
        if any(stmt.start <= n.start < stmt.end for n in scope.body.labels):
            return None
        ends = [e for e in scope.assignments(name) if stmt.start < e <= stmt.end]
        if not ends:
            continue
        if stmt.kind in _PLAIN or stmt.kind == "init_declarator":
            value = _value_of(name, ends[-1], scope.body)
            if len(ends) != 1 or value is None or not _is_plain(value, stmt):
                return None
            return _stored(_leaf(name), value, scope.deeper())
        if stmt.kind == "if_statement":
            return _merged(stmt, stmts[:i], name, scope)
        return None
    return _UNSET


def _leaf(name: str) -> Node:
    return Node("identifier", name, "", 0, 0)


def _is_plain(value: Node, stmt: Node) -> bool:
    """Tell whether an assignment is what its statement does, not part of a larger expression."""
    whole = value.parent
    if whole is None:
        return False
    return whole.kind == "init_declarator" or whole.parent is stmt


def _merged(stmt: Node, before: list[Node], name: str, scope: Scope) -> Formula | None:
    """Return what a local holds after an ``if`` that sets it in one branch or both."""
    c = stmt.kid("condition")
    if c is None or any(c.start < e <= c.end for e in scope.assignments(name)):
        return None
    f = truth(c, scope)
    values = []
    for branch in (stmt.kid("consequence"), stmt.kid("alternative")):
        stmts = [] if branch is None else _statements(branch)
        v = _last_value(stmts, name, scope)
        if v is _UNSET:
            v = _last_value(before, name, scope)
        if v is None or v is _UNSET:
            return None
        values.append(v)
    return disj([conj([f, values[0]]), conj([negate(f), values[1]])])


def _statements(branch: Node) -> list[Node]:
    return branch.kids if branch.kind == "compound_statement" else [branch]


def _call(node: Node, scope: Scope) -> Formula:
    callee, args = node.kids[0], node.kids[-1].kids
    if callee.label in _WRAPPERS and args:
        return truth(args[0], scope)
    if scope.depth < _DEPTH:
        f = scope.library.predicate(node, scope)
        if f is not None:
            return f
    return _atom(node, scope, node)


def path_condition(node: Node, scope: Scope) -> Formula:
    """Return the formula under which control reaches `node` from the start of its body.

    Args:
        node: a node of ``scope.body``.
        scope: the body, and what its parameters stand for.

    Returns:
        The formula; `False` for code that can never run.
    """
    return conj([_path(node, scope, frozenset()), _not_overridden(node, scope)])


def branch_condition(node: Node, scope: Scope) -> Formula:
    """Return the condition that the branches around `node` make, early exits left aside.

    It answers "is this done always, or only sometimes?" for a function that runs to its end.
    """
    parts: list[Formula] = []
    child = node
    for parent in node.ancestors():
        if parent.kind not in ("compound_statement", "case_statement"):
            parts.append(_step(parent, child, scope))
        elif parent.parent is not None and parent.parent.kind == "switch_statement":
            parts.append(_case_reached(parent, child, scope))
        child = parent
    return conj(parts)


def _path(node: Node, scope: Scope, visiting: frozenset[int]) -> Formula:
    parts: list[Formula] = []
    child = node
    for parent in node.ancestors():
        siblings = _sequence(parent, child)
        if siblings is None:
            step = _step(parent, child, scope)
        else:
            at = siblings.index(child)
            labels = [i for i in range(at + 1) if siblings[i].kind == "labeled_statement"]
            if labels:
                # Whoever jumps to the label has passed none of the conditions outside.
                last = labels[-1]
                fall = conj(_passes(s, scope, frozenset()) for s in siblings[:last])
                entered = conj([fall, _path(parent, scope, visiting)])
                rest = conj(_passes(s, scope, frozenset()) for s in siblings[last:at])
                jumped = _jumps_to(siblings[last], scope, visiting)
                return conj([*parts, rest, disj([entered, jumped])])
            step = conj(_passes(s, scope, frozenset()) for s in siblings[:at])
        if step is False:
            return False
        parts.append(step)
        child = parent
    return conj(parts)


def _sequence(parent: Node, child: Node) -> list[Node] | None:
    """Return the statements that run one after the other, if `parent` is such a run."""
    if parent.kind == "compound_statement":
        if parent.parent is not None and parent.parent.kind == "switch_statement":
            return None
        return parent.kids
    if parent.kind == "case_statement" and child.role != "value":
        return [k for k in parent.kids if k.role != "value"]
    return None


def _step(parent: Node, child: Node, scope: Scope) -> Formula:
    kind = parent.kind
    if kind in ("if_statement", "conditional_expression"):
        if child.role in ("consequence", "alternative"):
            c = parent.kid("condition")
            f = truth(c, scope) if c is not None else True
            return f if child.role == "consequence" else negate(f)
        return True
    if kind == "binary_expression" and parent.label in ("&&", "||") and child is parent.kids[-1]:
        f = truth(parent.kids[0], scope)
        return f if parent.label == "&&" else negate(f)
    if kind in ("while_statement", "for_statement") and child.role == "body":
        c = parent.kid("condition")
        return truth(c, scope) if c is not None else True
    if kind == "compound_statement":
        return _case_reached(parent, child, scope)
    return True


def _jumps_to(label: Node, scope: Scope, visiting: frozenset[int]) -> Formula:
    """Return the formula under which some ``goto`` brings control to a label.

    A jump back that is only reached from the label itself adds nothing (a least fix-point).
    """
    if label.start in visiting or not label.kids:
        return False
    name = label.kids[0].label
    jumps = [
        n
        for n in scope.body.nodes
        if n.kind == "goto_statement" and n.kids and n.kids[0].label == name
    ]
    return disj(_path(j, scope, visiting | {label.start}) for j in jumps)


def _passes(stmt: Node, scope: Scope, absorbed: frozenset[str]) -> Formula:
    """Return the formula under which control, once at `stmt`, goes on to what follows it."""
    kind = stmt.kind
    if kind in _LEAVES:
        return kind in absorbed
    if kind == "compound_statement":
        return conj(_passes(k, scope, absorbed) for k in stmt.kids)
    if kind == "expression_statement" and stmt.kids and stmt.kids[0].kind == "call_expression":
        inner = scope.library.statements(stmt.kids[0], scope) if scope.depth < _DEPTH else None
        return True if inner is None else _passes(inner.body.root, inner, absorbed)
    if kind == "labeled_statement":
        return conj(_passes(k, scope, absorbed) for k in stmt.kids[1:])
    if kind == "if_statement":
        c, then, other = stmt.kid("condition"), stmt.kid("consequence"), stmt.kid("alternative")
        if c is None or then is None:
            return True
        f = truth(c, scope)
        yes = _passes(then, scope, absorbed)
        no = True if other is None else _passes(other, scope, absorbed)
        if yes is True and no is True:
            return True
        return disj([conj([f, yes]), conj([negate(f), no])])
    if kind == "switch_statement":
        return _passes_switch(stmt, scope, absorbed | {"break_statement"})
    if kind == "do_statement":
        body = stmt.kid("body")
        both = absorbed | {"break_statement", "continue_statement"}
        return True if body is None else _passes(body, scope, both)
    return True


def _passes_switch(stmt: Node, scope: Scope, absorbed: frozenset[str]) -> Formula:
    body = stmt.kid("body")
    if body is None:
        return True
    stuck = []
    for case in (k for k in body.kids if k.kind == "case_statement"):
        stays = conj(_passes(k, scope, absorbed) for k in case.kids if k.role != "value")
        if stays is not True:
            stuck.append(conj([_case_reached(body, case, scope), negate(stays)]))
    return negate(disj(stuck))


def _case_reached(body: Node, case: Node, scope: Scope) -> Formula:
    """Return the formula under which a ``switch`` gets to `case`, falling through included."""
    switch = body.parent
    subject = switch.kid("condition") if switch is not None else None
    if subject is None or case.kind != "case_statement":
        return True
    reached: Formula = False
    for other in (k for k in body.kids if k.kind == "case_statement"):
        value = other.kid("value")
        if value is not None:
            here = _equality(subject, value, scope)
        else:
            values = [k.kid("value") for k in body.kids if k.kind == "case_statement"]
            here = negate(disj(_equality(subject, v, scope) for v in values if v is not None))
        reached = disj([here, reached])
        if other is case:
            return reached
        inside = [k for k in other.kids if k.role != "value"]
        reached = conj([reached, *(_passes(k, scope, frozenset()) for k in inside)])
    return reached


def _not_overridden(node: Node, scope: Scope) -> Formula:
    """Exclude the cases in which a value set here is replaced before anything reads it."""
    inner = node
    for stmt in node.ancestors():
        if stmt.kind in _PLAIN:
            break
        inner = stmt
    else:
        return True
    target = _assigned_name(inner)
    if target is None:
        return True
    parts: list[Formula] = []
    child = stmt
    for block in stmt.ancestors():
        if block.kind in _LOOPS or block.kind in ("labeled_statement", "switch_statement"):
            break
        if block.kind == "compound_statement":
            for later in block.kids[block.kids.index(child) + 1 :]:
                f = _survives(later, target, scope)
                if f is None:
                    return conj(parts)
                parts.append(f)
                if f is False:
                    return False
        child = block
    return conj(parts)


def _survives(later: Node, target: str, scope: Scope) -> Formula | None:
    """Return the condition under which a value outlives a statement; `None` if that reads it."""
    if later.kind == "expression_statement" and later.kids:
        whole = later.kids[0]
        if _assigned_name(whole) == target and target not in _read(whole.kids[-1]):
            return False
    if later.kind == "if_statement":
        c = later.kid("condition")
        branches = [later.kid("consequence"), later.kid("alternative")]
        assigned = [b is not None and _assigns(b, target) for b in branches]
        if c is not None and any(assigned) and target not in _read(c):
            f = truth(c, scope)
            return conj([negate(g) for g, a in zip((f, negate(f)), assigned, strict=True) if a])
    return None if target in _read(later) or _leaves_early(later) else True


def _read(node: Node) -> set[str]:
    return {n.canon for n in node.walk()}


def _leaves_early(stmt: Node) -> bool:
    """Tell whether control may leave here, with the value still standing."""
    leaving = ("return_statement", "goto_statement", "labeled_statement")
    return any(n.kind in leaving for n in stmt.walk())


def _assigned_name(node: Node) -> str | None:
    if node.kind == "assignment_expression" and node.label == "=":
        return node.kids[0].canon
    if node.kind == "init_declarator":
        return node.kids[0].canon
    return None


def _assigns(branch: Node, target: str) -> bool:
    stmts = branch.kids if branch.kind == "compound_statement" else [branch]
    return any(
        s.kind == "expression_statement" and s.kids and _assigned_name(s.kids[0]) == target
        for s in stmts
    )


def _assignments(body: Body) -> dict[str, list[int]]:
    """Collect the offsets after which each name (or member) has been given a value."""
    found: dict[str, list[int]] = {}
    for n in body.nodes:
        name: Node | None = None
        if n.kind == "init_declarator":
            name = next((k for k in n.kids[0].walk() if k.kind == "identifier"), None)
        elif n.kind == "assignment_expression":
            name = n.kids[0]
        elif n.kind == "update_expression" or (n.kind == "pointer_expression" and n.label == "&"):
            name = n.kids[0] if n.kids else None
        if name is not None and name.kind in ("identifier", "field_expression"):
            if name.kind == "field_expression" and n.kind == "pointer_expression":
                continue
            found.setdefault(name.canon, []).append(n.end)
    for ends in found.values():
        ends.sort()
    return found
