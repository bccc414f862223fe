# SPDX-License-Identifier: GPL-2.0-only
"""Under which condition does a piece of code run?

Every way C has to say it comes to the same formula here: ``if`` and its branches, ``?:``, the
short circuits, ``switch``, and the early exit (``if (c) return;`` before the code in question).
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
_ZERO = frozenset({"0", "0U", "0UL", "0ULL", "0L", "NULL", "false", "0x0"})
_ONE = frozenset({"true"})
_LEAVES = frozenset({"return_statement", "goto_statement", "break_statement", "continue_statement"})
_LOOPS = frozenset({"while_statement", "for_statement", "do_statement"})
_DEPTH = 6

Inliner = Callable[[Node, "Scope"], tuple["Scope", Node] | None]
"""From a call and its scope to the scope and expression it stands for, if it is a predicate."""


@dataclass(eq=False)
class Scope:
    """A body with what its parameters stand for at one place it is called from."""

    body: Body
    inline: Inliner
    arguments: Mapping[str, tuple[Node, "Scope"]] = field(default_factory=dict)
    depth: int = 0
    _assigned: dict[str, list[tuple[int, Node | None]]] | None = None

    def meaning(self, node: Node) -> Node | None:
        """Return the one expression that the local at `node` was set to before, if it was one."""
        given = self.assignments(node.label) if node.kind == "identifier" else []
        if len(given) != 1 or given[0][0] > node.start or node.label not in self.body.locals:
            return None
        return given[0][1]

    def assignments(self, name: str) -> list[tuple[int, Node | None]]:
        """Return where local `name` gets a value: the offset after it, and the value if simple."""
        if self._assigned is None:
            self._assigned = _assignments(self.body)
        return self._assigned.get(name, [])

    def version(self, name: str, at: int) -> int:
        """Return how often `name` has been assigned, in the order of the text, before `at`."""
        return bisect_right([end for end, _ in self.assignments(name)], at)

    def key(self, node: Node) -> str:
        """Return text that is equal for expressions with the same value."""
        if node.kind == "identifier":
            if node.label in self.arguments:
                arg, outer = self.arguments[node.label]
                return outer.key(arg)
            version = self.version(node.label, node.start)
            return f"{node.label}#{version}" if version else node.label
        if not node.kids:
            return node.label or node.kind
        if node.kind == "cast_expression":
            return self.key(node.kids[-1])
        parts = [self.key(k) for k in node.kids]
        if node.kind == "field_expression":
            return ".".join(parts)
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
        return _atom(kids[0], scope, kids[0])
    if node.kind in ("number_literal", "true", "false", "null"):
        return node.label not in _ZERO
    if node.kind == "identifier":
        return _name(node, scope)
    if node.kind == "call_expression":
        return _call(node, scope)
    return _atom(node, scope, node)


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


def _equality(left: Node, right: Node, scope: Scope) -> Formula:
    for a, b in ((left, right), (right, left)):
        if b.label in _ZERO:
            return negate(truth(a, scope))
        if b.label in _ONE:
            return truth(a, scope)
        # (x & FLAG) == FLAG tests the flag just as (x & FLAG) does.
        masked = a.kind == "binary_expression" and a.label == "&"
        if masked and b.label and b.label in (a.kids[0].label, a.kids[-1].label):
            return truth(a, scope)
    if left.label.isupper() and left.kind == "identifier":
        left, right = right, left
    left = _copied(left, scope)
    lhs, rhs = scope.key(left), scope.key(right)
    constant = right.kind == "number_literal" or (
        right.kind == "identifier" and right.label.isupper()
    )
    if not constant and rhs < lhs:
        lhs, rhs = rhs, lhs
    key = f"{lhs}=={rhs}"
    return Atom(key, lhs if constant else "", rhs if constant else "", node=("==", left, right))


def _copied(node: Node, scope: Scope) -> Node:
    """Return the member that a local is a plain copy of, or the node itself."""
    value = scope.meaning(node)
    return value if value is not None and value.kind == "field_expression" else node


def _name(node: Node, scope: Scope) -> Formula:
    if node.label in _ONE:
        return True
    if node.label in _ZERO:
        return False
    if node.label in scope.arguments:
        arg, outer = scope.arguments[node.label]
        return truth(arg, outer)
    value = scope.meaning(node)
    if value is not None and scope.depth < _DEPTH:
        inner = Scope(scope.body, scope.inline, scope.arguments, scope.depth + 1, scope._assigned)
        return truth(value, inner)
    return _atom(node, scope, node)


def _call(node: Node, scope: Scope) -> Formula:
    callee, args = node.kids[0], node.kids[-1].kids
    if callee.label in _WRAPPERS and args:
        return truth(args[0], scope)
    if scope.depth < _DEPTH:
        inlined = scope.inline(node, scope)
        if inlined is not None:
            inner, expression = inlined
            return truth(expression, inner)
    return _atom(node, scope, node)


def path_condition(node: Node, scope: Scope) -> Formula:
    """Return the formula under which control reaches `node` from the start of its body.

    Args:
        node: a node of ``scope.body``.
        scope: the body, and what its parameters stand for.

    Returns:
        The formula; `False` for code that can never run.
    """
    return _path(node, scope, frozenset())


def _path(node: Node, scope: Scope, visiting: frozenset[int]) -> Formula:
    parts: list[Formula] = []
    child = node
    for parent in node.ancestors():
        step = _step(parent, child, scope, visiting)
        if step is False:
            return False
        parts.append(step)
        child = parent
    return conj([*parts, _not_overridden(node, scope)])


def _step(parent: Node, child: Node, scope: Scope, visiting: frozenset[int]) -> Formula:
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
        if parent.parent is not None and parent.parent.kind == "switch_statement":
            return _case_reached(parent, child, scope)
        return _after(parent.kids, child, scope, visiting)
    if kind == "case_statement" and child.role != "value":
        return _after([k for k in parent.kids if k.role != "value"], child, scope, visiting)
    return True


def _after(siblings: list[Node], child: Node, scope: Scope, visiting: frozenset[int]) -> Formula:
    """Return the formula under which control passes all siblings before `child`."""
    at = siblings.index(child)
    labels = [i for i in range(at + 1) if siblings[i].kind == "labeled_statement"]
    if not labels:
        return conj(_passes(s, scope, frozenset()) for s in siblings[:at])
    last = labels[-1]
    fall = conj(_passes(s, scope, frozenset()) for s in siblings[:last])
    jumped = _jumps_to(siblings[last], scope, visiting)
    rest = conj(_passes(s, scope, frozenset()) for s in siblings[last:at])
    return conj([disj([fall, jumped]), rest])


def _jumps_to(label: Node, scope: Scope, visiting: frozenset[int]) -> Formula:
    if label.start in visiting or not label.kids:
        return True
    name = label.kids[0].label
    jumps = [
        n
        for n in scope.body.nodes
        if n.kind == "goto_statement" and n.kids and n.kids[0].label == name
    ]
    if any(j.start > label.start for j in jumps):
        return True
    return disj(_path(j, scope, visiting | {label.start}) for j in jumps)


def _passes(stmt: Node, scope: Scope, absorbed: frozenset[str]) -> Formula:
    """Return the formula under which control, once at `stmt`, goes on to what follows it."""
    kind = stmt.kind
    if kind in _LEAVES:
        return kind in absorbed
    if kind == "compound_statement":
        return conj(_passes(k, scope, absorbed) for k in stmt.kids)
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
    """Exclude the case that a value is set here and replaced at once by a later ``if``."""
    inner = node
    for stmt in node.ancestors():
        if stmt.kind in ("expression_statement", "declaration"):
            break
        inner = stmt
    else:
        return True
    target = _assigned_name(inner)
    block = stmt.parent
    if target is None or block is None or block.kind != "compound_statement":
        return True
    parts = []
    for later in block.kids[block.kids.index(stmt) + 1 :]:
        if later.kind != "if_statement":
            if target in {n.canon for n in later.walk()}:
                break
            continue
        c = later.kid("condition")
        for role, flip in (("consequence", True), ("alternative", False)):
            branch = later.kid(role)
            if c is not None and branch is not None and _assigns(branch, target):
                f = truth(c, scope)
                parts.append(negate(f) if flip else f)
    return conj(parts)


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


def _assignments(body: Body) -> dict[str, list[tuple[int, Node | None]]]:
    """Collect where local names get their values; a value that is not plain is `None`."""
    found: dict[str, list[tuple[int, Node | None]]] = {}
    for n in body.nodes:
        name: Node | None = None
        value: Node | None = None
        if n.kind == "init_declarator":
            name = next((k for k in n.kids[0].walk() if k.kind == "identifier"), None)
            value = n.kids[-1]
        elif n.kind == "assignment_expression":
            name = n.kids[0]
            value = n.kids[-1] if n.label == "=" else None
        elif n.kind == "update_expression" or (n.kind == "pointer_expression" and n.label == "&"):
            name = n.kids[0] if n.kids else None
        if name is not None and name.kind == "identifier":
            found.setdefault(name.label, []).append((n.end, value))
    for entries in found.values():
        entries.sort(key=lambda e: e[0])
    return found
