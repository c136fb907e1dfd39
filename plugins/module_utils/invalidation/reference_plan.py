# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The caller reference: what makes a repeated CreateInvalidation the same invalidation and no second one. Pure.

InvalidationBatch in the CloudFront API reference: the same reference with the same paths is answered with the
invalidation that there is, with other paths it is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

PREFIX = "slipway"
_DIGITS = 12


def digest_of(items: Iterable[str]) -> str:
    """12 hexadecimal digits that stand for the items, in whatever order they come."""
    return hashlib.sha256("\n".join(sorted(items)).encode()).hexdigest()[:_DIGITS]


def release_reference(seq: int, release: str, items: Iterable[str]) -> str:
    """For an activation. seq, its number, is in it: of the release alone, A -> B -> A would be answered with the first
    A's invalidation, finished long ago, and clear nothing."""
    return f"{PREFIX}:{seq}:{release[:_DIGITS]}:{digest_of(items)}"


def following_reference(newest: str, items: Iterable[str]) -> str:
    """For who counts no activations: the distribution's newest invalidation, by its id, stands for the number.

    Whoever repeats the call before any other invalidation was made gets the one that there is, which was made after it
    looked, and so after whatever it changed before. A later call finds another newest one and makes a new invalidation:
    to say that a finished one will do, it would have to know that nothing changed since. newest: empty if there is none
    """
    return f"{PREFIX}:after-{newest or 'none'}:{digest_of(items)}"
