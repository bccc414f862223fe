# SPDX-License-Identifier: GPL-2.0-only
"""Patches as they arrive: files, series, mailboxes, commits, quoted review mails."""
