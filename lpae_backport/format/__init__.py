# SPDX-License-Identifier: GPL-2.0-only
"""The output formats: one module each, one line each in this registry."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # most commands have no such report
    from lpae_backport.report import Report

Renderer = Callable[["Report", int], str]
"""Takes the report and how much to tell (0 the table, 1 evidence too); gives the report."""

FORMATS = {
    "text": "lpae_backport.format.text",
    "json": "lpae_backport.format.json",
    "markdown": "lpae_backport.format.markdown",
    "sarif": "lpae_backport.format.sarif",
    "junit": "lpae_backport.format.junit",
    "github": "lpae_backport.format.github",
    "gitlab": "lpae_backport.format.gitlab",
}


def renderer(name: str) -> Renderer:
    """Return the renderer of a format; its module is imported only now."""
    found: Renderer = import_module(FORMATS[name]).render
    return found
