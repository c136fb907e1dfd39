# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether what the operator gave with -e is plain data. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

#: What names, image references and digests consist of: no brace, no space, no quote, no control character.
PLAIN = re.compile(r"[A-Za-z0-9._/:@-]{0,512}")


def plain_problems(variables: Mapping[str, Any], names: Iterable[str]) -> tuple[str, ...]:
    """One line for each of NAMES whose value is not plain; one that is not given is fine. The value is not repeated."""
    return tuple(
        f"{name}: only letters, digits and . _ / : @ - are allowed, up to 512"
        for name in names
        if name in variables and not _is_plain(variables[name])
    )


def _is_plain(value: Any) -> bool:
    """Text of these characters, or true and false as JSON has them."""
    return isinstance(value, bool) or (isinstance(value, str) and PLAIN.fullmatch(value) is not None)
