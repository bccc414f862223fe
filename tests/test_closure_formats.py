# SPDX-License-Identifier: GPL-2.0-only
"""What would bring missing APIs, in every format: true, stable, and safe with any name."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpae_backport.finding import TreeInfo
from lpae_backport.format.closure import FORMATS
from lpae_backport.format.dot import quoted
from lpae_backport.format.graph import MOST, graph_of
from lpae_backport.format.layered import Layout, Link, layered
from lpae_backport.format.providers import plain
from lpae_backport.needs.externals import Spot
from lpae_backport.needs.need import Need, NeedKind, Needs, Site, Status, Unresolved
from lpae_backport.needs.provider import Choice, Closure, Form, Provider
from tests.conftest import ROOT

_SVG = "{http://www.w3.org/2000/svg}"
_HOSTILE = (
    "</title><script>alert(1)</script>",
    'a"];evil [label="x',
    "back\\slash\\",
    "&lt;b&gt; &amp;amp;",
    "new\nline\r\ttab\x00\x1b[31m",
    "]]>--><!-- %s {{x}} \\N \\G",
    "\udcff\ufffe\uffff\u202e\u2028\u200b",
    "| `x` _y_ [z](javascript:0) ##[error]",
    "漢字" * 40,
)


def _provider(name: str, *after: str, **more: object) -> Provider:
    given_ = {
        "form": Form.NEW,
        "files": (f"include/linux/{name}.h", f"lib/{name}.c"),
        "lines": 120,
        "depth": 1,
        "names": (f"{name}_init", f"{name}_fini"),
        "satisfies": 3,
        "lacks": 0,
        "choices": (Choice("backport", "bring its files", 120, 0), Choice("shim", "write", 9, 2)),
        "is_followed": True,
    }
    return Provider(name=name, after=after, **{**given_, **more})


def _needs(name: str = "grow_it") -> Needs:
    spots = tuple(Spot("drivers/toy/toy.c", line) for line in (3, 14, 15, 92, 65))
    lacking = Need(
        name, NeedKind.FUNCTION, Status.MISSING, Site("a.h", 1), None, name, False, spots
    )
    other = Need("toy.size", NeedKind.FIELD, Status.CHANGED, None, Site("b.h", 2), "int", False, ())
    same = Need("kept", NeedKind.MACRO, Status.SAME, None, None, "", True, spots[:1])
    trees = TreeInfo("/new", "new", "6.12"), TreeInfo("/old", "old", "4.9")
    guess = Unresolved("GUESS", "made by a macro", spots[:1])
    return Needs(("drivers/toy/toy.c",), *trees, "arm64", (lacking, other, same), (guess,))


@pytest.fixture
def closure() -> Closure:
    """Five providers: two of them need each other, one is grown, one was not followed."""
    providers = (
        _provider("tree", lines=7),
        _provider("lock", "tree", form=Form.GROWN, depth=2, satisfies=0, lacks=4),
        _provider("queue", "lock", "pool"),
        _provider("pool", "queue", "tree", is_followed=False),
        _provider("job", "pool", "elsewhere"),
    )
    return Closure(_needs(), providers, (("queue", "pool"),), ("lost_one",), ("depth 2",))


def _named(names: tuple[str, ...]) -> Closure:
    """Return a closure in which everything that can have a name has one of these."""
    providers = []
    for i, n in enumerate(names):
        choices = (Choice(n, n, i, i),)
        form = Form.NEW if i % 2 else Form.GROWN
        more = {"files": (n,), "names": (n,), "choices": choices, "form": form}
        providers.append(_provider(n, *names[max(0, i - 2) : i + 2], **more))
    needs = _needs(names[0])
    spots = (Spot(names[0], 1),)
    need = replace(needs.needs[0], how=names[-1], used_at=spots)
    tree = TreeInfo(names[0], names[0], names[-1])
    gap = (Unresolved(names[0], names[-1], spots),)
    needs = Needs(names, tree, tree, "arm64", (need,), gap, names)
    return Closure(needs, tuple(providers), (names,), names, names)


def _boxes(text: str) -> Iterator[tuple[float, float, ET.Element]]:
    """Yield the nodes of a drawing with their places."""
    for g in ET.fromstring(text.encode()).iter(f"{_SVG}g"):
        if g.find(f"{_SVG}title") is not None:
            x, y = re.fullmatch(r"translate\((\S+) (\S+)\)", g.get("transform")).groups()
            yield float(x), float(y), g


def _labels(g: ET.Element) -> list[str]:
    return ["".join(t.itertext()) for t in g.iter(f"{_SVG}text")]


def test_text_gives_the_order_and_the_choices(closure: Closure) -> None:
    """Numbered, the suggested choice first, with what comes before and why that cannot be."""
    text = FORMATS["text"](closure, 0)
    entry = re.search(r"^2\. lock: (.*)\n((?:   .*\n)+)", text, re.M)
    assert entry[1] == "grown, 2 files, 120 lines missing, no direct use"
    assert entry[2].split("\n")[:-1] == [
        "   files    include/linux/lock.h, lib/lock.c",
        "   names    lock_init, lock_fini",
        "   after    tree (1)",
        "   needs    4 names that the old tree lacks",
        "   choices  backport, suggested: bring its files (120 lines)",
        "            shim: write (9 lines, 2 places of the code)",
    ]
    assert re.findall(r"^(\d)\. (\w+):", text, re.M) == [
        (str(i), p.name) for i, p in enumerate(closure.providers, 1)
    ]
    assert "after    lock (2), pool (4, a cycle)" in text
    assert "after    pool (4), elsewhere (not in this list)" in text
    assert "5 providers, 10 files, 487 lines; together they satisfy 12 uses in the code" in text


def test_text_says_what_it_does_not_know(closure: Closure) -> None:
    """Cycles, names without a file, and what was not followed are told; silent where none is."""
    text = FORMATS["text"](closure, 0)
    for said in ("  queue, pool\n", "  lost_one\n", "  depth 2\n"):
        assert said in text
    uncut = FORMATS["text"](replace(closure, cut=()), 0)
    assert "not looked at: pool\n" in uncut and "not looked at: pool\n" not in text
    lone = replace(closure, providers=(_provider("lone", is_followed=False),))
    assert "after    nothing known\n" in FORMATS["text"](lone, 0)
    again = _provider("lone", choices=(Choice("adapt", "change 2 places", 5, 2),))
    said = FORMATS["text"](replace(closure, providers=(again,)), 0)
    assert "adapt, suggested: change 2 places (5 lines)\n" in said
    assert "needs    not looked at" in text and "FOO" not in text and "GUESS" in text
    bare = FORMATS["text"](Closure(closure.needs, closure.providers[:1]), 0)
    assert "each other" not in bare and "No file" not in bare and "Not everything" not in bare
    nothing = FORMATS["text"](Closure(closure.needs, ()), 0)
    assert "No provider: nothing is missing that a file of the new tree could bring" in nothing
    assert "in this order" not in nothing


def test_detail_shows_all(closure: Closure) -> None:
    """Long lists end in a count, unless more is asked for; then the needs are listed as well."""
    names = tuple(f"name_{i}" for i in range(20))
    full = replace(closure, providers=(_provider("big", names=names, files=names),))
    brief, long = FORMATS["text"](full, 0), FORMATS["text"](full, 1)
    assert "name_5 and 14 more" in brief and "name_2 and 17 more" in brief
    assert "name_19" not in brief and long.count("name_19") == 2
    assert "grow_it" not in brief and "grow_it" in long
    assert "kept" not in long and "kept" in FORMATS["text"](full, 2)


def test_json_is_that_of_needs_with_more(closure: Closure) -> None:
    """The schema of needs, all needs, and the providers with every attribute."""
    data = json.loads(FORMATS["json"](closure, 0))
    assert data["schema"] == "lpae-audit/needs/1"
    assert [n["name"] for n in data["needs"]] == ["grow_it", "toy.size", "kept"]
    assert data["cycles"] == [["queue", "pool"]]
    assert (data["left"], data["cut"]) == (["lost_one"], ["depth 2"])
    assert data["providers"][1] == {
        "name": "lock",
        "form": "grown",
        "files": ["include/linux/lock.h", "lib/lock.c"],
        "lines": 120,
        "depth": 2,
        "names": ["lock_init", "lock_fini"],
        "satisfies": 0,
        "after": ["tree"],
        "lacks": 4,
        "followed": True,
        "only_for": [],
        "choices": [
            {"way": "backport", "cost": "bring its files", "lines": 120, "places": 0},
            {"way": "shim", "cost": "write", "lines": 9, "places": 2},
        ],
    }


def test_markdown_is_a_checklist(closure: Closure) -> None:
    """A task for each provider, in order; what follows is below its own heading."""
    text = FORMATS["markdown"](closure, 0)
    tasks = re.findall(r"^(\d)\. \[ \] \*\*(\w+)\*\*: (\w+)", text, re.M)
    assert tasks == [(str(i), p.name, p.form.value) for i, p in enumerate(closure.providers, 1)]
    assert "   - backport, suggested: bring its files (120 lines)\n" in text
    assert "\n- queue, pool\n" in text and "\n- lost\\_one\n" in text


def test_graph_puts_first_what_comes_first(closure: Closure) -> None:
    """Arrows run right, to lower stages; only that of a cycle runs back, dashed."""
    graph = graph_of(closure)
    assert [n.stage for n in graph.nodes] == [6, 1, 2, 3, 4, 5]
    named = {(e.source, e.target): e.is_late for e in graph.edges}
    direct = {(0, 1): False, (0, 3): False, (0, 4): False, (0, 5): False}
    among = {(2, 1): False, (3, 2): False, (3, 4): True, (4, 1): False, (4, 3): False}
    assert named == {**direct, **among, (5, 4): False}
    at = {_labels(g)[0]: x for x, _, g in _boxes(FORMATS["svg"](closure, 0))}
    order = sorted(at, key=at.__getitem__)
    assert order == ["drivers/toy/toy.c", "5. job", "4. pool", "3. queue", "2. lock", "1. tree"]
    late = [p for p in _ways(closure) if "late" in p.get("class")]
    assert [p.get("marker-start") for p in late] == ["url(#needs-tip)"]


def _ways(closure: Closure) -> list[ET.Element]:
    drawing = ET.fromstring(FORMATS["svg"](closure, 0).encode())
    return [p for p in drawing.iter(f"{_SVG}path") if "way" in (p.get("class") or "")]


def test_sorts_of_boxes_differ_in_shape(closure: Closure) -> None:
    """Grown ones are round with two frames, those not followed dashed, whatever the colour."""
    frames = {
        _labels(g)[0]: [(r.get("rx"), "cut" in r.get("class")) for r in g.findall(f"{_SVG}rect")]
        for _, _, g in _boxes(FORMATS["svg"](closure, 0))
    }
    assert frames["1. tree"] == [(None, False)]
    assert frames["2. lock"] == [("12", False), ("10", False)]
    assert frames["4. pool"] == [(None, True)]
    text = FORMATS["dot"](closure, 0)
    looks = dict(re.findall(r"  (n\d) \[.*?(style=\"[^\"]*\".*)\];", text))
    assert looks["n1"] == 'style="solid"' and looks["n4"] == 'style="dashed"'
    assert looks["n2"] == 'style="rounded", peripheries=2'
    assert "  n3 -> n4 [style=dashed, constraint=false];\n" in text and "  n5 -> n4;\n" in text


def test_drawing_stands_alone(closure: Closure) -> None:
    """Nothing is fetched and nothing runs; there is a title, a description, and a dark look."""
    text = FORMATS["svg"](closure, 0)
    drawing = ET.fromstring(text.encode())
    ids = drawing.get("aria-labelledby").split()
    words = {e.get("id"): e.text for e in drawing if e.get("id")}
    assert words[ids[0]] == "What drivers/toy/toy.c needs, and what brings it"
    assert words[ids[1]].startswith("In the order to bring them in: 1. tree; 2. lock;")
    for form in ("svg", "html"):
        text = FORMATS[form](closure, 0)
        assert "@media (prefers-color-scheme: dark)" in text
        for tag in ("script", "link", "img", "iframe", "object", "use", "image"):
            assert f"<{tag}" not in text
        assert not re.search(r"(?:href|src)=|@import|url\((?!#needs-)", text)
        foreign = set(re.findall(r"https?://[^\"' <]*", text))
        assert foreign <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}
    assert "default-src 'none'" in text


def test_page_has_graph_order_and_needs(closure: Closure) -> None:
    """The table has a row for each provider; needs stand below their status."""
    text = FORMATS["html"](closure, 0)
    page = ET.fromstring(text.split("\n", 1)[1].encode())
    h = "{http://www.w3.org/1999/xhtml}"
    assert page.find(f".//{_SVG}svg") is not None
    rows = page.findall(f".//{h}table[@class='order']/{h}tbody/{h}tr")
    assert [r.find(f"{h}th").text for r in rows] == [p.name for p in closure.providers]
    assert [li.text for li in rows[0].iter(f"{h}li")] == [
        "backport, suggested: bring its files (120 lines)",
        "shim: write (9 lines, 2 places of the code)",
    ]
    below = {d.find(f"{h}summary").text: d for d in page.iter(f"{h}details")}
    assert list(below) == ["missing: 1", "changed: 1", "same: 1"]
    assert "grow_it" in "".join(below["missing: 1"].itertext())
    assert below["same: 1"].get("open") is None and below["missing: 1"].get("open")
    said = "".join(page.itertext())
    for word in ("lost_one", "depth 2", "queue, pool", "GUESS", "toy.c:15 and 2 more"):
        assert word in said


def test_same_input_same_bytes() -> None:
    """No order of sets or hashes shows in any format."""
    code = (
        "import json; from tests.test_closure_formats import _grid; "
        "from lpae_backport.format.closure import FORMATS; "
        "print(json.dumps({form: render(_grid(45), 0) for form, render in FORMATS.items()}))"
    )
    runs = []
    for seed in ("1", "2", "3"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        argv = [sys.executable, "-c", code]
        done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, check=True)
        runs.append(json.loads(done.stdout))
    assert runs[0] == runs[1] == runs[2]
    assert [f for f in FORMATS if "part_44" in runs[0][f].replace("\\", "")] == list(FORMATS)


def _grid(n: int, tail: str = "") -> Closure:
    """Return `n` providers, each after some of those before it and one after a later one."""
    names = [f"part_{i}{tail if i % 3 else ''}" for i in range(n)]
    providers = []
    for i, name in enumerate(names):
        after = {names[i // 2], names[i // 3], names[i * 7 % (i + 1)]} - {name}
        if i == 5:
            after.add(names[n - 1])
        form = Form.NEW if i % 2 else Form.GROWN
        more = {"depth": 1 + i % 2, "form": form, "is_followed": i % 4 > 0, "satisfies": i}
        providers.append(_provider(name, *sorted(after), **more))
    return Closure(_needs(), tuple(providers))


@pytest.mark.parametrize(("n", "tail"), [(1, ""), (36, "_of_a_very_long_header" * 4), (200, "_x")])
def test_no_boxes_overlap_and_text_stays_inside(n: int, tail: str) -> None:
    """Every box is within the picture and clear of others; labels are no longer than boxes."""
    start = time.monotonic()
    text = FORMATS["svg"](_grid(n, tail), 0)
    assert time.monotonic() - start < 5
    drawing = ET.fromstring(text.encode())
    width, height = float(drawing.get("width")), float(drawing.get("height"))
    frames = []
    for x, y, g in _boxes(text):
        rect = g.find(f"{_SVG}rect")
        w, h = float(rect.get("width")), float(rect.get("height"))
        frames.append((x, y, x + w, y + h))
        for t in g.iter(f"{_SVG}text"):
            assert float(t.get("x")) + 7.3 * len(t.text) <= w and float(t.get("y")) < h - 4
    assert len(frames) == n + 1
    for t in drawing.iter(f"{_SVG}text"):
        assert float(t.get("x")) + 7.3 * len(t.text) <= width
    assert all(x2 < width and y2 < height for _, _, x2, y2 in frames)
    for a, b in combinations(frames, 2):
        assert a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]
    shortened = [_labels(g)[0] for *_, g in _boxes(text) if "…" in _labels(g)[0]]
    assert bool(shortened) == (len(tail) > 30)
    for title in (g.find(f"{_SVG}title").text for *_, g in _boxes(text)):
        assert "…" not in title


def test_too_many_are_told() -> None:
    """Beyond what an eye can follow those nearest to the code are drawn, and the rest counted."""
    many = _grid(MOST + 30)
    graph = graph_of(many)
    assert len(graph.nodes) == MOST + 1 and graph.undrawn == 30
    drawn = [n.lines[0].split(".")[0] for n in graph.nodes[1:]]
    assert drawn == sorted(drawn, key=int)
    near = {str(i) for i, p in enumerate(many.providers, 1) if p.depth == 1}
    assert near <= set(drawn)
    for form in ("svg", "dot", "html"):
        assert "30 more providers not drawn." in FORMATS[form](many, 0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_arrows_keep_clear_of_boxes(data: st.DataObject) -> None:
    """Boxes do not overlap, and where an arrow passes a column it passes no box."""
    stages = data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=40))
    pairs = [
        (a, b) for a in range(len(stages)) for b in range(len(stages)) if stages[a] > stages[b]
    ]
    picked = data.draw(st.lists(st.sampled_from(pairs), max_size=60)) if pairs else []
    links = [Link(a, b, alone=(a + b) % 5 == 0) for a, b in picked]
    layout = layered(stages, links, (100, 40))
    assert layout == layered(stages, links, (100, 40))
    _check(layout, links)
    for link in links:
        assert layout.boxes[link.left][0] < layout.boxes[link.right][0]


def _check(layout: Layout, links: list[Link]) -> None:
    for (x1, y1), (x2, y2) in combinations(layout.boxes, 2):
        assert abs(x1 - x2) > 100 or abs(y1 - y2) > 40
    assert all(x >= 0 and y >= 0 for x, y in layout.boxes)
    assert all(x + 100 <= layout.width and y + 40 <= layout.height for x, y in layout.boxes)
    for link, points in zip(links, layout.routes, strict=True):
        left, right = layout.boxes[link.left], layout.boxes[link.right]
        assert points[0] == (left[0] + 100, left[1] + 20) and points[-1] == (
            right[0],
            right[1] + 20,
        )
        for (x1, y1), (x2, y2) in zip(points[1::2], points[2::2], strict=False):
            assert y1 == y2 and 0 <= y1 <= layout.height and x2 - x1 == 100
            assert not [b for b in layout.boxes if b[0] == x1 and b[1] <= y1 <= b[1] + 40]


_ANY = st.text(st.characters(exclude_categories=()), min_size=1, max_size=60)
_LISTS = st.lists(_ANY | st.sampled_from(_HOSTILE), min_size=1, max_size=6).map(tuple)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_LISTS)
def test_any_name_is_only_a_name(names: tuple[str, ...]) -> None:
    """Documents are well-formed, hold no control characters, and as many elements as with others."""
    found = _named(names)
    mild = _named(tuple(f"name{names.index(n)}" for n in names))
    for form in ("svg", "html", "dot"):
        text = FORMATS[form](found, 0)
        text.encode()
        unseen = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        assert unseen <= {"\n"}
    for form in ("svg", "html"):
        trees = [
            ET.fromstring(FORMATS[form](c, 0).removeprefix("<!DOCTYPE html>\n").encode())
            for c in (found, mild)
        ]
        tags = [sorted(e.tag for e in t.iter() if not e.tag.endswith("}path")) for t in trees]
        assert tags[0] == tags[1]
    for form in ("text", "markdown", "dot"):
        assert FORMATS[form](found, 0).count("\n") == FORMATS[form](mild, 0).count("\n")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", FORMATS["text"](found, 2))
    data = json.loads(FORMATS["json"](found, 0))
    assert [p["name"] for p in data["providers"]] == list(names)


_TOKEN = re.compile(r'\s+|"(?P<text>(?:[^"\\\n]|\\.)*)"|[A-Za-z_]\w*|\d+|->|[{}\[\];,=]')


@settings(max_examples=100, deadline=None)
@given(_LISTS)
def test_graphviz_text_is_tokens(names: tuple[str, ...]) -> None:
    """Read token by token it has the labels that were meant, and no statement from a name."""
    text = FORMATS["dot"](_named(names), 0)
    at, labels, bare = 0, [], []
    while at < len(text):
        m = _TOKEN.match(text, at)
        assert m, text[at : at + 40]
        if m["text"] is not None:
            labels.append(_unquoted(m["text"]))
        elif not m[0].isspace():
            bare.append(m[0])
        at = m.end()
    for i, name in enumerate(names, 1):
        assert any(t.startswith(f"{i}. {plain(name)}\n") for t in labels)
    known = (
        "digraph needs { } [ ] ; , = -> graph node rankdir LR labelloc b label tooltip shape box"
    )
    known += " fontname fontsize 11 style fillcolor peripheries 2 dashed constraint false"
    assert {b for b in bare if not re.fullmatch(r"n\d", b)} <= set(known.split())


def _unquoted(text: str) -> str:
    """Return what Graphviz shows for a quoted string of ours."""
    text = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)
    return text.replace("&amp;", "&")


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
@pytest.mark.parametrize("hostile", [False, True])
def test_graphviz_takes_it(closure: Closure, *, hostile: bool) -> None:
    """Graphviz draws each node and edge once and shows the names as they are."""
    found = _named(_HOSTILE) if hostile else closure
    text = FORMATS["dot"](found, 0)
    done = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    nodes = [
        "".join(t.itertext())
        for g in ET.fromstring(done.stdout).iter(f"{_SVG}g")
        if g.get("class") == "node"
        for t in list(g.iter(f"{_SVG}text"))[:1]
    ]
    names = [f"{i}. {plain(p.name)}" for i, p in enumerate(found.providers, 1)]
    assert sorted(_blanks(n) for n in nodes[1:]) == sorted(_blanks(n) for n in names)
    edges = done.stdout.count(b'class="edge"')
    assert edges == len(graph_of(found).edges) > 0


def _blanks(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_quoted_ends_where_it_should() -> None:
    """A backslash before the quote does not swallow it."""
    assert quoted("a\\", 'b"') == '"a\\\\\\nb\\""'


def test_two_of_one_name_and_oneself() -> None:
    """Names that occur twice, and a provider after itself, hang and break nothing."""
    twice = (_provider("a", "a"), _provider("a", "a", "b"), _provider("b", "a"))
    found = Closure(_needs(), twice)
    edges = {(e.source, e.target, e.is_late) for e in graph_of(found).edges if e.source}
    assert edges == {(2, 1, False), (2, 3, True), (3, 1, False)}
    assert "3. b" in FORMATS["text"](found, 0)
