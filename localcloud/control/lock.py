# SPDX-License-Identifier: GPL-3.0-or-later
"""The one lock on moto's state.

moto's models are plain Python objects without locks: two requests at once lose updates, and whoever iterates over a
dictionary while a request adds to it gets an exception. All work in one interpreter anyway, so requests run one at a
time, and so does whatever reads or writes moto's models in this process. Never held while waiting or doing I/O.
"""

from __future__ import annotations

import threading

MOTO = threading.RLock()
