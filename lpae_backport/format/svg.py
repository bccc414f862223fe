# SPDX-License-Identifier: GPL-2.0-only
"""The graph of providers as one SVG file that needs nothing else to be shown."""

import unicodedata
from collections.abc import Iterator
from html import escape

from lpae_backport.format.graph import LEGEND, Edge, Graph, Node, graph_of
from lpae_backport.format.layered import Layout, Link, layered
from lpae_backport.needs.provider import Closure, Form

_UNIT = 7.3
"""The width of a character of `_FONT`; those of other scripts may have two."""
_FONT = "font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
_LINE = 17
_PAD = 12
_HEIGHT = 3 * _LINE + 14
_LONGEST = 38
"""Units of a label; what is longer is shortened in its middle."""
_LEGEND = 78
"""Units of the longest line below the graph."""
_MARGIN = 24
_HEAD = 28
_ROW = 22

_SAMPLES = (
    (Form.NEW, "", "new: its files can be brought as they are"),
    (Form.GROWN, "", "grown: older in the old tree, parts have to be brought"),
    (Form.NEW, " cut", "dashed: its own needs were not followed, more may have to come before it"),
    (Form.NEW, " spare", "dotted: needed only if what needs it is brought whole"),
)
"""What the frames mean."""

_STYLE = f"""
svg.needs {{ {_FONT}; }}
.needs .paper {{ fill: #ffffff; }}
.needs .band {{ fill: #f0f2f5; }}
.needs text {{ fill: #1b1f24; }}
.needs .name {{ font-weight: bold; }}
.needs .quiet {{ fill: #4a525c; }}
.needs .box {{ fill: #ffffff; stroke: #1b1f24; stroke-width: 1.3; }}
.needs .code {{ fill: #fdf0c8; stroke-width: 3; }}
.needs .grown {{ fill: #e3edfb; }}
.needs .cut {{ stroke-dasharray: 6 4; }}
.needs .spare {{ stroke-dasharray: 1.5 3.5; }}
.needs .inner {{ fill: none; }}
.needs .way {{ fill: none; stroke: #5a6572; stroke-width: 1.1; }}
.needs .late {{ stroke-dasharray: 5 4; stroke: #a3261b; }}
.needs .tip {{ fill: #5a6572; }}
@media (prefers-color-scheme: dark) {{
.needs .paper {{ fill: #14171b; }}
.needs .band {{ fill: #1d2228; }}
.needs text {{ fill: #e8ebef; }}
.needs .quiet {{ fill: #aeb7c2; }}
.needs .box {{ fill: #14171b; stroke: #e8ebef; }}
.needs .code {{ fill: #40360f; }}
.needs .grown {{ fill: #182b45; }}
.needs .inner {{ fill: none; }}
.needs .way {{ stroke: #97a3b1; }}
.needs .late {{ stroke: #ff9a8f; }}
.needs .tip {{ fill: #97a3b1; }}
}}
"""


def svg(closure: Closure, detail: int) -> str:
    """Return the graph of some code and its providers as an SVG file.

    Args:
        closure: what the code needs, with what would bring it.
        detail: how much to tell; a graph is always the same.
    """
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + drawing(closure)


def drawing(closure: Closure) -> str:
    """Return the graph as an ``svg`` element, to stand in a file or a page."""
    graph = graph_of(closure)
    widest = max(_units(line) for n in graph.nodes for line in n.lines)
    box = round(max(min(widest, _LONGEST), 22) * _UNIT) + 2 * _PAD
    links = [
        Link(e.target, e.source, alone=True) if e.is_late else Link(e.source, e.target)
        for e in graph.edges
    ]
    layout = layered([n.stage for n in graph.nodes], links, (box, _HEIGHT))
    words = [*LEGEND, *([graph.remark] if graph.remark else [])]
    floor = _MARGIN + _HEAD + layout.height + _MARGIN
    width = max(layout.width, round(_LEGEND * _UNIT)) + 2 * _MARGIN
    height = floor + (len(words) + len(_SAMPLES)) * _ROW + _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="needs" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" role="img" '
        'aria-labelledby="needs-title needs-desc">',
        f'<title id="needs-title">{escape(graph.title)}</title>',
        f'<desc id="needs-desc">{escape(graph.description)}</desc>',
        f"<style>{_STYLE}</style>",
        *_defs(box),
        f'<rect class="paper" width="{width}" height="{height}"/>',
        f'<g transform="translate({_MARGIN} {_MARGIN + _HEAD})">',
        *_bands(graph, layout, box),
        *_ways(graph.edges, layout),
        *(
            line
            for n, at in zip(graph.nodes, layout.boxes, strict=True)
            for line in _box(n, at, box)
        ),
        "</g>",
        *_legend(words, floor, box),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _defs(box: int) -> list[str]:
    tip = 'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
    return [
        "<defs>",
        f'<clipPath id="needs-label"><rect x="4" y="2" width="{box - 8}" '
        f'height="{_HEIGHT - 4}"/></clipPath>',
        f'<marker id="needs-tip" {tip} orient="auto-start-reverse">'
        '<path class="tip" d="M0 0L8 4L0 8Z"/></marker>',
        "</defs>",
    ]


def _bands(graph: Graph, layout: Layout, box: int) -> Iterator[str]:
    """Yield a ground and a headline for each stage; the code has none."""
    for stage, left, right in layout.bands:
        if stage == graph.nodes[0].stage:
            continue
        word = f"stage {stage}" + (": can come first" if stage == 1 else "")
        yield (
            f'<rect class="band" x="{left - 12}" y="{-_HEAD}" width="{right - left + 24}" '
            f'height="{layout.height + _HEAD + 12}" rx="6"/>'
        )
        yield f'<text class="quiet" x="{left}" y="-10">{word}</text>'


def _ways(edges: tuple[Edge, ...], layout: Layout) -> list[str]:
    """Return the arrows; a stretch that several share is drawn once."""
    drawn: dict[str, None] = {}
    for edge, points in zip(edges, layout.routes, strict=True):
        last = len(points) - 2
        for i, ((x1, y1), (x2, y2)) in enumerate(zip(points, points[1:], strict=False)):
            turn = (x1 + x2) // 2
            d = f"M{x1} {y1}H{x2}" if i % 2 else f"M{x1} {y1}C{turn} {y1} {turn} {y2} {x2} {y2}"
            tip = ""
            if edge.is_late and i == 0:
                tip = ' marker-start="url(#needs-tip)"'
            elif not edge.is_late and i == last:
                tip = ' marker-end="url(#needs-tip)"'
            kind = "way late" if edge.is_late else "way spare" if edge.is_spare else "way"
            drawn[f'<path class="{kind}" d="{d}"{tip}/>'] = None
    return list(drawn)


def _box(n: Node, at: tuple[int, int], width: int) -> Iterator[str]:
    yield f'<g transform="translate({at[0]} {at[1]})">'
    yield f"<title>{escape(n.title)}</title>"
    yield from _frame(n.form, _outline(n), width, _HEIGHT)
    yield '<g clip-path="url(#needs-label)">'
    for i, line in enumerate(n.lines):
        kind = ' class="name"' if i == 0 else ""
        yield f'<text{kind} x="{_PAD}" y="{_LINE * (i + 1) + 4}">{escape(_short(line))}</text>'
    yield "</g></g>"


def _outline(n: Node) -> str:
    """Return the class of a node's outline, where it is no full line."""
    if n.is_spare:
        return " spare"
    return "" if n.is_followed else " cut"


def _frame(form: Form | None, outline: str, width: int, height: int) -> Iterator[str]:
    """Yield the outline, which tells the sorts of nodes apart without colour."""
    kind = {None: "box code", Form.NEW: "box", Form.GROWN: "box grown"}[form]
    kind += outline
    corner = ' rx="12"' if form is Form.GROWN else ""
    yield f'<rect class="{kind}" width="{width}" height="{height}"{corner}/>'
    if form is Form.GROWN:
        yield (
            f'<rect class="{kind} inner" x="3" y="3" width="{width - 6}" '
            f'height="{height - 6}" rx="10"/>'
        )


def _legend(words: list[str], top: int, box: int) -> Iterator[str]:
    """Yield what the shapes mean, below the graph."""
    for i, (form, outline, word) in enumerate(_SAMPLES):
        y = top + i * _ROW
        yield f'<g transform="translate({_MARGIN} {y})">'
        yield from _frame(form, outline, 32, 15)
        yield f'<text class="quiet" x="42" y="12">{word}</text></g>'
    for i, word in enumerate(words, len(_SAMPLES)):
        y = top + i * _ROW + 12
        yield f'<text class="quiet" x="{_MARGIN}" y="{y}">{escape(word)}</text>'


def _units(text: str) -> int:
    return sum(_wide(c) for c in text)


def _wide(c: str) -> int:
    if c.isascii():
        return 1
    return 0 if unicodedata.combining(c) else 2


def _short(text: str) -> str:
    """Return what of a line goes into a box: its beginning and its end."""
    if _units(text) <= _LONGEST:
        return text
    keep = (_LONGEST - 2) // 2
    head, tail = _cut(text, keep), _cut(text[::-1], keep)[::-1]
    return f"{head}…{tail}"


def _cut(text: str, most: int) -> str:
    used = 0
    for i, c in enumerate(text):
        used += _wide(c)
        if used > most:
            return text[:i]
    return text
