# SPDX-License-Identifier: GPL-2.0-only
"""The order in which things come that need each other, and where they need each other in rings."""

from collections.abc import Iterator, Mapping, Set


def components(edges: Mapping[str, Set[str]]) -> list[tuple[str, ...]]:
    """Return the groups of names that need each other, each sorted; what is needed comes first.

    Args:
        edges: from each name to those that it needs; others than the keys are left out.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[tuple[str, ...]] = []
    for start in sorted(edges):
        if start in index:
            continue
        work: list[tuple[str, Iterator[str]]] = []
        _enter(start, edges, index, low, stack, work)
        while work:
            name, rest = work[-1]
            following = next((n for n in rest if n not in index or n in stack), None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    at = stack.index(name)
                    found.append(tuple(sorted(stack[at:])))
                    del stack[at:]
            elif following in index:
                low[name] = min(low[name], index[following])
            else:
                _enter(following, edges, index, low, stack, work)
    return found


def _enter(
    name: str,
    edges: Mapping[str, Set[str]],
    index: dict[str, int],
    low: dict[str, int],
    stack: list[str],
    work: list[tuple[str, Iterator[str]]],
) -> None:
    index[name] = low[name] = len(index)
    stack.append(name)
    work.append((name, iter(sorted(n for n in edges[name] if n in edges))))


def ordered(edges: Mapping[str, Set[str]]) -> list[str]:
    """Return the names so that what is needed comes before what needs it, but in rings."""
    return [name for group in components(edges) for name in group]
