# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes the documentation's site of docs/, the READMEs, and the modules' own documentation, and checks it."""
