# SPDX-License-Identifier: GPL-2.0-only
"""JUnit XML: a test suite a pack, a test case a step, as build servers read it."""

import re

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from lpae_backport.finding import StepComparison, Verdict
from lpae_backport.format.escaping import printable
from lpae_backport.format.words import excuse
from lpae_backport.report import Finding, Kind, Report

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, detail: int) -> str:
    """Return the report as JUnit XML; a step that fails is a failure, one unknown an error."""
    document = JUnitXml("lpae-audit")
    for pack, steps in report.selected:
        suite = TestSuite(_text(pack.id))
        ids = {s.id for s in steps}
        for s in report.checklist.steps:
            if s.pack == pack.id and s.id in ids:
                suite.add_testcase(_step(s, report.finding(s)))
        document.add_testsuite(suite)
    waivers = [f for f in report.findings if f.kind is Kind.WAIVER]
    if waivers:
        suite = TestSuite("waivers")
        for f in waivers:
            suite.add_testcase(_case(f"{f.step} {f.fault}", "waivers", f))
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    data: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return _HEAD + data.decode("utf-8") + "\n"


def _step(s: StepComparison, finding: Finding | None) -> TestCase:
    case = _case(f"{s.id} {s.title}", s.pack, finding)
    if finding is None and s.verdict is not Verdict.DONE:
        case.result = [Skipped(_text(f"{s.verdict.value}: {s.target.reason}"))]
    return case


def _case(name: str, classname: str, f: Finding | None) -> TestCase:
    case = TestCase(_text(name), f"lpae-audit.{_text(classname)}", 0)
    if f is None:
        return case
    case._elem.set("file", _text(f.place.path))
    case._elem.set("line", str(max(f.place.line, 1)))
    text = _text(f"{f.place}: {f.message}")
    kind = f.verdict.value if f.verdict else f.fault
    if not f.fails:
        case.result = [Skipped(_text(excuse(f)) or text)]
    elif f.kind is Kind.UNKNOWN:
        case.result = [Error(text, kind)]
    else:
        case.result = [Failure(text, kind)]
    if f.fails:
        case.result[0].text = "\n".join(
            _text(t) for t in (str(f.place), f.headline, *f.details, f.advice) if t
        )
    return case


def _text(text: str) -> str:
    """Return text that XML can hold."""
    return _NO_XML.sub("\ufffd", printable(text))
