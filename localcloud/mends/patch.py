# SPDX-License-Identifier: GPL-3.0-or-later
"""How a mend takes the place of one of moto's methods."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def wrap(owner: type, name: str, mend: Callable[..., Any]) -> None:
    """Put mend(original, self, *args, **kwargs) in the place of owner.name.

    Raises AttributeError when this version of moto has no such method: a mend that mends nothing must not pass unseen.
    """
    original = getattr(owner, name)

    @functools.wraps(original)
    def mended(self: Any, *args: Any, **kwargs: Any) -> Any:
        return mend(original, self, *args, **kwargs)

    setattr(owner, name, mended)
