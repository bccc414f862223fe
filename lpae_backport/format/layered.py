# SPDX-License-Identifier: GPL-2.0-only
"""Places boxes of one size in columns, so that every arrow runs from left to right.

A small layout in Sugiyama's way: columns by stage, places for the arrows that pass a column,
an order by barycenters, heights by least squares. The same input gives the same output.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_SWEEPS = 4
_GAP = 16
"""Between two boxes of one column."""
_LANE = 12
"""The height of a place where arrows pass a column."""
_GUTTER = 70
_TALLEST = 10
"""Boxes of one stage that stand in one column however few there are in all."""


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow between boxes, given by their places; `left` has the higher stage.

    Attributes:
        left: the box it leaves.
        right: the box it reaches.
        alone: whether it must not share its way with others that leave the same box.
    """

    left: int
    right: int
    alone: bool = False


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    Attributes:
        boxes: the upper left corner of each box.
        routes: of each link the points it passes, from box to box; every second stretch, the
            first included, crosses a gutter, and the others run level through a column.
        bands: each stage with the left and right edge of its columns, from left to right.
        width: of all.
        height: of all.
    """

    boxes: tuple[tuple[int, int], ...]
    routes: tuple[tuple[tuple[int, int], ...], ...]
    bands: tuple[tuple[int, int, int], ...]
    width: int
    height: int


@dataclass
class _Net:
    """Boxes and lanes, by number; lanes are numbered after the boxes."""

    columns: list[list[int]]
    home: list[int]
    lefts: dict[int, list[int]] = field(default_factory=dict)
    rights: dict[int, list[int]] = field(default_factory=dict)

    def join(self, a: int, b: int) -> None:
        """Note that an arrow runs from one to the other, in the next column."""
        if b not in self.rights.setdefault(a, []):
            self.rights[a].append(b)
            self.lefts.setdefault(b, []).append(a)

    def lane(self, column: int) -> int:
        """Add a lane to a column and return it."""
        self.home.append(column)
        self.columns[column].append(len(self.home) - 1)
        return len(self.home) - 1


def layered(stages: Sequence[int], links: Sequence[Link], size: tuple[int, int]) -> Layout:
    """Return where boxes and arrows are.

    Args:
        stages: of each box; the highest stands at the left.
        links: the arrows, each to a lower stage.
        size: width and height of a box.
    """
    columns = _columns(stages)
    home = [0] * len(stages)
    for c, members in enumerate(columns):
        for box in members:
            home[box] = c
    net = _Net(columns, home)
    chains = _chains(net, links)
    for sweep in range(_SWEEPS):
        _sort(net, rightwards=sweep % 2 == 0)
    middles = _middles(net, len(stages), size[1])
    return _placed(net, chains, middles, stages, size)


def _columns(stages: Sequence[int]) -> list[list[int]]:
    """Return the boxes of each column; a stage of many boxes has several."""
    most = max(_TALLEST, math.ceil(1.7 * math.sqrt(len(stages))))
    columns = []
    for stage in sorted(set(stages), reverse=True):
        members = [i for i, s in enumerate(stages) if s == stage]
        parts = math.ceil(len(members) / most)
        cuts = [round(len(members) * k / parts) for k in range(parts + 1)]
        found = [members[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]
        columns += found[::-1]
    return columns


def _chains(net: _Net, links: Sequence[Link]) -> list[list[int]]:
    """Return what each link passes from box to box, and give it lanes through the columns."""
    lanes: dict[tuple[int, int, int], int] = {}
    chains = []
    for i, link in enumerate(links):
        chain = [link.left]
        for c in range(net.home[link.left] + 1, net.home[link.right]):
            key = (link.left, c, i if link.alone else -1)
            if key not in lanes:
                lanes[key] = net.lane(c)
            chain.append(lanes[key])
        chain.append(link.right)
        for a, b in zip(chain, chain[1:], strict=False):
            net.join(a, b)
        chains.append(chain)
    return chains


def _sort(net: _Net, *, rightwards: bool) -> None:
    """Sort every column by where that before it has the other ends of its arrows."""
    order = range(len(net.columns)) if rightwards else range(len(net.columns) - 1, -1, -1)
    others = net.lefts if rightwards else net.rights
    rank: dict[int, float] = {}
    for c in order:
        column = net.columns[c]
        keys = {
            item: _mean(rank[o] for o in others[item])
            if item in others
            else (i + 0.5) / len(column)
            for i, item in enumerate(column)
        }
        column.sort(key=keys.__getitem__)
        rank = {item: (i + 0.5) / len(column) for i, item in enumerate(column)}


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _middles(net: _Net, boxes: int, height: int) -> list[float]:
    """Return how far down the middle of each box and lane is."""
    room = [height + _GAP if i < boxes else _LANE for i in range(len(net.home))]
    middle = [0.0] * len(net.home)
    for column in net.columns:
        _settle(column, room, middle, [0.0] * len(column))
    for sweep in range(_SWEEPS):
        rightwards = sweep % 2 == 1
        others = net.lefts if rightwards else net.rights
        for column in net.columns if rightwards else net.columns[::-1]:
            wish = [
                _mean(middle[o] for o in others[i]) if i in others else middle[i] for i in column
            ]
            _settle(column, room, middle, wish)
    return middle


def _settle(column: list[int], room: list[int], middle: list[float], wish: list[float]) -> None:
    """Place a column as near to its wishes as room and order allow: least squares, exactly."""
    offsets, at = [], 0.0
    for i in column:
        offsets.append(at + room[i] / 2)
        at += room[i]
    blocks: list[tuple[float, int]] = []
    for w, o in zip(wish, offsets, strict=True):
        total, n = w - o, 1
        while blocks and blocks[-1][0] * n > total * blocks[-1][1]:
            total, n = total + blocks[-1][0], n + blocks[-1][1]
            blocks.pop()
        blocks.append((total, n))
    shifts = [total / n for total, n in blocks for _ in range(n)]
    for i, shift, o in zip(column, shifts, offsets, strict=True):
        middle[i] = shift + o


def _placed(
    net: _Net,
    chains: list[list[int]],
    middles: list[float],
    stages: Sequence[int],
    size: tuple[int, int],
) -> Layout:
    width, height = size
    top = min(middles[: len(stages)]) - height / 2
    top = min([top, *(m - _LANE / 2 for m in middles)])
    ys = [round(m - top) for m in middles]
    # Long ways down ask for more room to turn.
    pitch = width + _GUTTER + min(max(ys) // 12, 150)
    xs = [c * pitch for c in net.home]
    routes = []
    for chain in chains:
        points = [(xs[chain[0]] + width, ys[chain[0]])]
        for i in chain[1:-1]:
            points += [(xs[i], ys[i]), (xs[i] + width, ys[i])]
        routes.append((*points, (xs[chain[-1]], ys[chain[-1]])))
    bands: dict[int, tuple[int, int]] = {}
    for c, column in enumerate(net.columns):
        stage = next(stages[i] for i in column if i < len(stages))
        first, _ = bands.get(stage, (c * pitch, 0))
        bands[stage] = (first, c * pitch + width)
    return Layout(
        tuple((xs[i], ys[i] - height // 2) for i in range(len(stages))),
        tuple(routes),
        tuple((s, a, b) for s, (a, b) in bands.items()),
        (len(net.columns) - 1) * pitch + width,
        max([y + height // 2 for y in ys[: len(stages)]] + [y + _LANE // 2 for y in ys]),
    )
