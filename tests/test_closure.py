# SPDX-License-Identifier: GPL-2.0-only
"""What would bring what code lacks, and in which order, in small trees of our own."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpae_backport.catalog.unindexed import ScannedCatalog
from lpae_backport.format.closure import FORMATS
from lpae_backport.needs.closure import Closing
from lpae_backport.needs.ordering import components
from lpae_backport.needs.provider import Closure, Form, Provider
from lpae_backport.needs.subject import subject_of
from lpae_backport.tree import Tree
from tests.test_needs import Files, write

_CODE = "drivers/toy/toy.c"
_FENCE = """struct qfence { int x; };
static inline void qfence_put(struct qfence *f) { f->x = 0; }
"""
_RESV = """#include <linux/qfence.h>
struct presv { struct qfence *f; };
static inline void presv_end(struct presv *p) { qfence_put(p->f); }
"""


def closed(
    top: Path, new: Files, old: Files, depth: int = 2, budget: int = 30, code: str = _CODE
) -> Closure:
    """Say what would bring what a file lacks; the trees differ in what is given."""
    catalogs = [
        ScannedCatalog(Tree(str(write(top / name, files, version))), 1)
        for name, files, version in (("new", new, "6"), ("old", old, "4"))
    ]
    subject = subject_of([code], catalogs[0].tree)
    return Closing(subject, *catalogs, "arm64", depth, budget).closure()


def provider(found: Closure, name: str) -> Provider:
    """Return the one provider of a name."""
    [one] = [p for p in found.providers if p.name == name]
    return one


def order(found: Closure) -> list[str]:
    """Return the names of the providers in the order to bring them in."""
    return [p.name for p in found.providers]


def test_providers_of_one_depth_need_each_other(tmp_path: Path) -> None:
    """What one file of a depth brings is not there for another until it is brought."""
    new: Files = {
        "include/linux/qfence.h": _FENCE,
        "include/linux/presv.h": _RESV,
        _CODE: "#include <linux/presv.h>\n#include <linux/qfence.h>\n"
        "void g(struct presv *p) { presv_end(p); qfence_put(p->f); }\n",
    }
    found = closed(tmp_path, new, {})
    assert order(found) == ["qfence", "presv"]
    assert provider(found, "presv").after == ("qfence",)
    assert provider(found, "presv").lacks == 2
    assert provider(found, "qfence").names == ("qfence", "qfence_put")
    assert not found.cycles


def test_providers_of_an_earlier_depth_are_needed(tmp_path: Path) -> None:
    """What lies farther off may need what is near, and of that more than the code does."""
    new: Files = {
        "include/linux/far.h": "#include <linux/deep.h>\n"
        "static inline int far_go(int x) { return deep_go(x); }\n",
        "include/linux/deep.h": "#include <linux/base.h>\n"
        "static inline int deep_go(int x) { return base_go(x) + base_end(x); }\n",
        "include/linux/base.h": "static inline int base_go(int x) { return x; }\n"
        "static inline int base_end(int x) { return x; }\n",
        _CODE: "#include <linux/far.h>\n#include <linux/base.h>\n"
        "int g(int x) { return far_go(x) + base_go(x); }\n",
    }
    found = closed(tmp_path, new, {})
    assert order(found) == ["base", "deep", "far"]
    assert provider(found, "base").names == ("base_end", "base_go")


def test_more_of_a_grown_provider_is_looked_at(tmp_path: Path) -> None:
    """Parts that only another provider needs of one have needs of their own."""
    new: Files = {
        "include/linux/grown.h": "#include <linux/leaf.h>\n"
        "static inline int kept(int x) { return x; }\n"
        "static inline int one(int x) { return x; }\n"
        "static inline int two(int x) { return leaf(x); }\n",
        "include/linux/leaf.h": "static inline int leaf(int x) { return x; }\n",
        "include/linux/user.h": "#include <linux/grown.h>\n"
        "static inline int use(int x) { return two(x); }\n",
        _CODE: "#include <linux/grown.h>\n#include <linux/user.h>\n"
        "int g(int x) { return one(x) + use(x); }\n",
    }
    old: Files = {"include/linux/grown.h": "static inline int kept(int x) { return x; }\n"}
    found = closed(tmp_path, new, old)
    assert provider(found, "grown").form is Form.GROWN
    assert provider(found, "grown").names == ("one", "two")
    assert provider(found, "grown").after == ("leaf",)
    assert order(found) == ["leaf", "grown", "user"]


def test_what_was_split_off_comes_along(tmp_path: Path) -> None:
    """A provider's header that only the provider itself includes is one of its files."""
    new: Files = {
        "include/linux/job.h": "#include <linux/job_types.h>\n"
        "static inline void job_go(struct job *j) { j->x = JOB_X; }\n",
        "include/linux/job_types.h": "#define JOB_X 3\nstruct job { int x; };\n",
        _CODE: "#include <linux/job.h>\nvoid g(void) { job_go(0); }\n",
    }
    found = closed(tmp_path, new, {})
    one = provider(found, "job")
    assert one.files == ("include/linux/job.h", "include/linux/job_types.h")
    assert one.after == () and one.lines == 4


def test_header_that_counts_on_its_user(tmp_path: Path) -> None:
    """A header need not include what it uses for that to be needed."""
    new: Files = {
        "include/linux/qfence.h": _FENCE,
        "include/linux/bare.h": "static inline void bare(struct qfence *f) { qfence_put(f); }\n",
        _CODE: "#include <linux/qfence.h>\n#include <linux/bare.h>\n"
        "void g(struct qfence *f) { bare(f); qfence_put(f); }\n",
    }
    assert order(closed(tmp_path, new, {})) == ["qfence", "bare"]


def test_code_does_not_provide_for_itself(tmp_path: Path) -> None:
    """What a header only says to exist is no gap that the header would close."""
    code = "include/linux/own.h"
    new: Files = {
        "include/linux/a.h": "struct inner;\nstruct a { struct inner *i; };\n",
        code: "#include <linux/a.h>\nstruct hidden;\nstruct own { struct hidden *h; struct a a; };\n",
    }
    found = closed(tmp_path, new, {}, code=code)
    assert order(found) == ["a"]
    assert provider(found, "a").names == ("a",)


def test_rings_are_told(tmp_path: Path) -> None:
    """Two that need each other are a ring, though the code uses both."""
    new: Files = {
        "include/linux/a.h": "#include <linux/b.h>\n#define A(x) B_X(x)\n#define A_X(x) (x)\n",
        "include/linux/b.h": "#include <linux/a.h>\n#define B(x) A_X(x)\n#define B_X(x) (x)\n",
        _CODE: "#include <linux/a.h>\n#include <linux/b.h>\nint g(int x) { return A(x) + B(x); }\n",
    }
    found = closed(tmp_path, new, {})
    assert found.cycles == (("a", "b"),)
    assert provider(found, "a").after == ("b",) and provider(found, "b").after == ("a",)


@pytest.mark.parametrize(("depth", "budget"), [(1, 30), (9, 2)])
def test_what_was_not_looked_at_is_told(tmp_path: Path, depth: int, budget: int) -> None:
    """Neither the depth nor the budget is exceeded, and what is left out is named."""
    new: Files = {
        f"include/linux/n{i}.h": f"#include <linux/n{i + 1}.h>\n"
        f"static inline int n{i}(int x) {{ return n{i + 1}(x); }}\n"
        for i in range(6)
    }
    new["include/linux/n6.h"] = "static inline int n6(int x) { return x; }\n"
    new[_CODE] = "#include <linux/n0.h>\nint g(int x) { return n0(x); }\n"
    found = closed(tmp_path, new, {}, depth, budget)
    seen = [p.name for p in found.providers if p.is_followed]
    assert seen == ([f"n{i}" for i in range(budget)][::-1] if budget == 2 else ["n0"])
    assert len(found.providers) == len(seen) + 1
    assert found.cut[-1].startswith("the needs of 1 providers were not looked at: n")
    assert any("budget of 2 providers" in c for c in found.cut) == (budget == 2)


_WRAP = "".join(f"static inline int raw{i}(int x) {{ return x; }}\n" for i in range(90))
_WRAPPED: Files = {
    "include/linux/raw.h": _WRAP,
    "include/linux/wrap.h": "#include <linux/raw.h>\n"
    + "".join(f"static inline int wrap{i}(int x) {{ return raw{i}(x); }}\n" for i in range(90)),
    "include/linux/big.h": "#include <linux/wrap.h>\n"
    + "".join(f"static inline int big{i}(int x) {{ return wrap3(x); }}\n" for i in range(70)),
    _CODE: "#include <linux/big.h>\nint g(int x) { return "
    + " + ".join(f"big{i}(x)" for i in range(70))
    + "; }\n",
}


def test_what_a_shim_spares_is_not_in_the_sum(tmp_path: Path) -> None:
    """What only a provider needs that is to be written anew is told apart in every format."""
    found = closed(tmp_path, _WRAPPED, {})
    assert {p.name: (p.way, p.only_for) for p in found.providers} == {
        "raw": ("backport", ("wrap",)),
        "wrap": ("shim", ()),
        "big": ("backport", ()),
    }
    text = FORMATS["text"](found, 0)
    assert (
        "\n1 provider to bring, 1 file, 71 lines; 1 to shim, 1 line; together they satisfy 70 uses "
        "in the code; 1 more only if one of these is brought whole\n" in text
    )
    assert "raw: new, 1 file, 90 lines, no direct use; only if wrap is brought whole\n" in text
    assert "backport, suggested then: bring 1 file (90 lines)\n" in text
    assert "after    if it is brought whole: raw (1)\n" in text and "after    wrap (2)\n" in text
    data = json.loads(FORMATS["json"](found, 0))
    assert [p["only_for"] for p in data["providers"]] == [["wrap"], [], []]
    assert data["sum"] == {
        **{"providers": 1, "files": 1, "lines": 71, "shims": 1, "shim_lines": 1},
        **{"adapted": 0, "places": 0, "spare": 1, "uses": 70},
    }
    dot = FORMATS["dot"](found, 0)
    assert re.search(r'n1 \[label="1\. raw.*only if wrap.*style="dotted"', dot)
    assert 'n2 -> n1 [style="dotted"];' in dot and "n3 -> n2;" in dot
    assert "only if wrap is brought whole" in FORMATS["markdown"](found, 0)
    svg, html = FORMATS["svg"](found, 0), FORMATS["html"](found, 0)
    for said in (svg, html):
        assert said.count('class="way spare"') > 0 and said.count('class="box spare"') == 2
        assert "only if wrap" in said
    assert "only if wrap is brought whole" in html


def test_what_is_brought_decides_for_what_it_needs(tmp_path: Path) -> None:
    """To change the code is no way where what is brought needs a provider as well."""
    leaf = "static inline int leaf(int x) { return x; }\n"
    big = "#include <linux/leaf.h>\n" + "".join(
        f"static inline int big{i}(int x) {{ return leaf(x); }}\n" for i in range(70)
    )
    calls = " + ".join(f"big{i}(x)" for i in range(70))
    head = "#include <linux/big.h>\n#include <linux/leaf.h>\nint g(int x) { return leaf(x)"
    new: Files = {"include/linux/leaf.h": leaf, "include/linux/big.h": big}
    alone = closed(tmp_path / "a", {**new, _CODE: f"{head}; }}\n"}, {})
    assert provider(alone, "leaf").way == "adapt"
    both = closed(tmp_path / "b", {**new, _CODE: f"{head} + {calls}; }}\n"}, {})
    assert provider(both, "big").way == "backport"
    assert [c.way for c in provider(both, "leaf").choices] == ["shim", "backport", "adapt"]
    assert "and what is brought that needs it" in provider(both, "leaf").choices[-1].cost


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_order_builds(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever headers use, and whatever the code uses of them, nothing comes before its needs."""
    count = data.draw(st.integers(1, 7))
    uses = {
        i: data.draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set()
        for i in range(count)
    }
    direct = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    new: Files = {}
    for i, below in uses.items():
        sum_ = "".join(f" + n{b}(x)" for b in sorted(below))
        lines = [f"#include <linux/n{b}.h>\n" for b in sorted(below)]
        pad = "\n" * data.draw(st.sampled_from([1, 70]))
        lines.append(f"static inline int n{i}(int x) {{ {pad}return x{sum_}; }}\n")
        new[f"include/linux/n{i}.h"] = "".join(lines)
    lines = [f"#include <linux/n{i}.h>\n" for i in sorted(direct)]
    sum_ = "".join(f" + n{i}(x)" for i in sorted(direct))
    new[_CODE] = "".join([*lines, f"int g(int x) {{ return x{sum_}; }}\n"])
    found = closed(tmp_path_factory.mktemp("t"), new, {}, depth=9)
    reached, waiting = set(), list(direct)
    while waiting:
        i = waiting.pop()
        if i not in reached:
            reached.add(i)
            waiting += uses[i]
    assert {p.name: set(p.after) for p in found.providers} == {
        f"n{i}": {f"n{b}" for b in uses[i]} for i in reached
    }
    placed: set[str] = set()
    for p in found.providers:
        assert set(p.after) <= placed
        placed.add(p.name)
    brought = {p.name for p in found.providers if not p.only_for and p.way == "backport"}
    for p in found.providers:
        users = {q.name for q in found.providers if p.name in q.after}
        is_wanted = p.depth == 1 or bool(users & brought)
        assert p.only_for == (() if is_wanted else tuple(sorted(users)))
        assert p.way != "adapt" or not users & brought


@given(st.dictionaries(st.sampled_from("abcdefg"), st.sets(st.sampled_from("abcdefgz"))))
def test_rings_and_order_of_any_graph(edges: dict[str, set[str]]) -> None:
    """Each name is in one group; what a group needs outside of it came before."""
    placed: set[str] = set()
    for group in components(edges):
        assert not placed & set(group)
        outer = {n for g in group for n in edges[g] if n in edges} - set(group)
        assert outer <= placed
        placed |= set(group)
    assert placed == set(edges)
