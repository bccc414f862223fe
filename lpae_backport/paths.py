# SPDX-License-Identifier: GPL-2.0-only
"""Under which condition does a piece of code run?

Every way C has to say it comes to the same formula here: ``if`` and its branches, ``?:``, the
short circuits, ``switch``, and the early exit (``if (c) return;`` before the code in question).
"""

from lpae_backport.logic import Formula, conj, disj, negate
from lpae_backport.scope import LOOPS, PLAIN, Scope, assigned_name
from lpae_backport.syntax import Node
from lpae_backport.truth import DEPTH, equality, statements, truth

LEAVES = frozenset({"return_statement", "goto_statement", "break_statement", "continue_statement"})


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
        if parent.kind not in ("compound_statement", "case_statement", *LOOPS):
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
    if kind in LEAVES:
        return kind in absorbed
    if kind == "compound_statement":
        return conj(_passes(k, scope, absorbed) for k in stmt.kids)
    if kind == "expression_statement" and stmt.kids and stmt.kids[0].kind == "call_expression":
        inner = scope.library.statements(stmt.kids[0], scope) if scope.depth < DEPTH else None
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
            here = equality(subject, value, scope)
        else:
            values = [k.kid("value") for k in body.kids if k.kind == "case_statement"]
            here = negate(disj(equality(subject, v, scope) for v in values if v is not None))
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
        if stmt.kind in PLAIN:
            break
        inner = stmt
    else:
        return True
    target = assigned_name(inner)
    if target is None:
        return True
    parts: list[Formula] = []
    child = stmt
    for block in stmt.ancestors():
        if block.kind in LOOPS or block.kind in ("labeled_statement", "switch_statement"):
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
        if assigned_name(whole) == target and target not in _read(whole.kids[-1]):
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


def _assigns(branch: Node, target: str) -> bool:
    stmts = statements(branch)
    return any(
        s.kind == "expression_statement" and s.kids and assigned_name(s.kids[0]) == target
        for s in stmts
    )
