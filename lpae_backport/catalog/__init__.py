# SPDX-License-Identifier: GPL-2.0-only
"""What the files of a tree introduce, and where: by scan or by index."""
