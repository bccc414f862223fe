# SPDX-License-Identifier: GPL-2.0-only
"""When is an expression of C true? The answer is a formula over what is not looked into further.

Flags that were computed earlier, copies, predicates and macros are followed to what they mean.
"""

from lpae_backport.logic import Atom, Formula, conj, disj, negate
from lpae_backport.scope import LOOPS, PLAIN, Scope, assigned_name
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
_FLEETING = frozenset({"call_expression", "pointer_expression", "subscript_expression"})
"""Expressions that need not have the same value when they are written a second time."""
DEPTH = 6
_UNSET = Atom("(unset)")
_TRUTHS = frozenset({"==", "!=", "<", ">", "<=", ">=", "&&", "||", "!"})


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
        equal = equality(left, right, scope)
        return equal if op == "==" else negate(equal)
    if op in ("<", ">=", ">", "<="):
        a, b = (left, right) if op in ("<", ">=") else (right, left)
        less = Atom(f"{scope.key(a)}<{scope.key(b)}", node=("<", a, b))
        return less if op in ("<", ">") else negate(less)
    return _atom(node, scope, node)


def equality(left: Node, right: Node, scope: Scope) -> Formula:
    """Return the formula that two expressions are equal."""
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
    expanded = scope.library.expansion(right.label) if right.kind == "identifier" else None
    if expanded is not None and expanded.kind == "binary_expression":
        right = expanded
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
        if parent is not None and parent.end == end and _gives(parent, name):
            return parent.kids[-1]
    return None


def _gives(node: Node, name: str) -> bool:
    if node.kind == "init_declarator":
        return any(n.label == name for n in node.kids[0].walk())
    return assigned_name(node) == name


def _name(node: Node, scope: Scope) -> Formula:
    if node.label in _ONE:
        return True
    if node.label in _ZERO:
        return False
    if node.label in scope.arguments:
        arg, outer = scope.arguments[node.label]
        return truth(arg, outer)
    if scope.depth < DEPTH:
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
        if parent.kind in LOOPS and any(parent.start < e <= parent.end for e in ends):
            return None
        if parent.kind in ("compound_statement", "declaration") and child in parent.kids:
            before = parent.kids[: parent.kids.index(child)]
            f = _last_value(before, name, scope)
            if f is not _UNSET:
                return f
        child = parent
    return None


def _last_value(stmts: list[Node], name: str, scope: Scope) -> Formula | None:
    """Return what `name` holds after a run of statements; `_UNSET` if none of them sets it."""
    for i in range(len(stmts) - 1, -1, -1):
        stmt = stmts[i]
        if any(stmt.start <= n.start < stmt.end for n in scope.body.labels):
            return None
        ends = [e for e in scope.assignments(name) if stmt.start < e <= stmt.end]
        if not ends:
            continue
        if stmt.kind in PLAIN or stmt.kind == "init_declarator":
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
        stmts = [] if branch is None else statements(branch)
        v = _last_value(stmts, name, scope)
        if v is _UNSET:
            v = _last_value(before, name, scope)
        if v is None or v is _UNSET:
            return None
        values.append(v)
    return disj([conj([f, values[0]]), conj([negate(f), values[1]])])


def statements(branch: Node) -> list[Node]:
    """Return the statements of a branch, with or without braces."""
    return branch.kids if branch.kind == "compound_statement" else [branch]


def _call(node: Node, scope: Scope) -> Formula:
    callee, args = node.kids[0], node.kids[-1].kids
    if callee.label in _WRAPPERS and args:
        return truth(args[0], scope)
    if scope.depth < DEPTH:
        f = scope.library.predicate(node, scope)
        if f is not None:
            return f
    return _atom(node, scope, node)
