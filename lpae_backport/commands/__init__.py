# SPDX-License-Identifier: GPL-2.0-only
"""The commands, one module each; `cli` imports the one that is asked for."""
