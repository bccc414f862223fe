# SPDX-License-Identifier: GPL-2.0-only
"""Whatever a patch does: no check that is written holds without it, each holds with it."""

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpae_backport.audit import audit_step
from lpae_backport.cases import run_cases
from lpae_backport.errors import AuditError
from lpae_backport.filetree import MemoryTree
from lpae_backport.finding import State, Verdict
from lpae_backport.layout import Layout
from lpae_backport.learning.lesson import Lesson
from lpae_backport.learning.teaching import learn
from lpae_backport.mailpatch.bundle import parse
from lpae_backport.ruleset import load_pack
from tests.test_learn import _patch, _tree, _write

_EXAMPLES = int(os.environ.get("LPAE_AUDIT_EXAMPLES", "40"))
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

_NAMES = st.sampled_from(["a", "b", "cfg", "DEMO_X", "demo_y", "map"])
_VALUES = st.one_of(
    _NAMES,
    st.sampled_from(["0", "0x10", '"text"', "cfg->size", "cfg->flags & DEMO_X", "-EINVAL"]),
    st.builds(lambda f, x: f"{f}({x})", _NAMES, _NAMES),
)
_PLAIN = st.one_of(
    st.builds(lambda f, x, y: f"{f}({x}, {y});", _NAMES, _VALUES, _VALUES),
    st.builds(lambda x, y: f"{x} = {y};", st.sampled_from(["a", "cfg->size"]), _VALUES),
    st.builds(lambda x: f"return {x};", _VALUES),
    st.sampled_from(["goto out;", "/* a comment */", "out:", ";"]),
)
_STATEMENTS = st.recursive(
    _PLAIN,
    lambda s: st.one_of(
        st.builds(lambda c, x: f"if ({c})\n\t\t{x}", _VALUES, s),
        st.builds(lambda c, x, y: f"if ({c}) {{\n{x}\n}} else {{\n{y}\n}}", _VALUES, s, s),
        st.builds(lambda x: f"#ifdef CONFIG_X\n\t{x}\n#endif", s),
        st.builds(lambda c, x: f"while ({c}) {{\n{x}\n}}", _VALUES, s),
    ),
    max_leaves=4,
)
_FUNCTIONS = st.lists(_STATEMENTS, max_size=6).map(
    lambda s: "int demo(struct cfg *cfg, int a)\n{\n" + "".join(f"\t{x}\n" for x in s) + "}\n"
)
_FILES = st.builds(
    lambda fields, rows, body: (
        "struct cfg {\n" + "".join(f"\tint {f};\n" for f in fields) + "};\n"
        "static const int rows[] = {\n" + "".join(f"\t{r},\n" for r in rows) + "};\n" + body
    ),
    st.lists(_NAMES, min_size=1, max_size=3, unique=True),
    st.lists(_VALUES, min_size=1, max_size=3),
    _FUNCTIONS,
)
_PATH = "drivers/demo/demo.c"


def _check(lesson: Lesson, before: dict[str, str], after: dict[str, str]) -> None:
    if not lesson.files:
        assert not lesson.steps
        return
    with tempfile.TemporaryDirectory() as folder:
        pack = load_pack(_write(lesson, Path(folder)))
        for step in pack.steps:
            assert all(r.passed for r in run_cases(pack, step))
            assert audit_step(step, Layout(_tree(after), pack)).verdict is Verdict.DONE
            without = audit_step(step, Layout(_tree(before), pack))
            assert {c.state for c in without.checks} == {State.UNMET}


@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=_SLOW)
@given(_FILES, _FILES)
def test_no_check_holds_before(old: str, new: str) -> None:
    """The pack that is written tells the two trees apart, each check by itself."""
    before, after = {_PATH: old}, {_PATH: new}
    if old == new:
        return
    _check(learn(parse(_patch(before, after), "x", None), _tree(after)), before, after)


@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=_SLOW)
@given(st.data(), _FILES, _FILES)
def test_any_bytes(data: st.DataObject, old: str, new: str) -> None:
    """A patch with broken lines is refused, or learned from without a crash."""
    raw = bytearray(_patch({_PATH: old}, {_PATH: new}))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    tree = MemoryTree({_PATH: data.draw(st.sampled_from([old, new])).encode()})
    try:
        lesson = learn(parse(bytes(raw), "x", None), tree)
    except AuditError:
        return
    assert bool(lesson.files) == bool(lesson.steps)
