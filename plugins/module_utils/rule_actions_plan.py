# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Listener rule actions as values: read the weights, write them, compare two lists of actions. Pure.

ModifyRule replaces the whole list of actions (Elastic Load Balancing API reference, ModifyRule), so whoever wants to
change one weight has to send everything else back as it was: the other actions, their order and the stickiness.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

Action = dict[str, Any]

MAX_WEIGHT = 999


def _forward(actions: Iterable[Action]) -> Action | None:
    return next((action for action in actions if action["Type"] == "forward"), None)


def weights_of(actions: Iterable[Action]) -> dict[str, int]:
    """Target group ARN -> weight, in the rule's order; empty when nothing forwards.

    A plain TargetGroupArn is a group of weight 1, which is what AWS returns as ForwardConfig for it.
    """
    forward = _forward(actions)
    if forward is None:
        return {}
    groups = forward.get("ForwardConfig", {}).get("TargetGroups", [])
    if groups:
        return {group["TargetGroupArn"]: int(group.get("Weight", 1)) for group in groups}
    return {forward["TargetGroupArn"]: 1} if forward.get("TargetGroupArn") else {}


def sticky_seconds_of(actions: Iterable[Action]) -> int:
    """How long a client stays on its target group whatever the weights say; 0 when stickiness is off."""
    config = (_forward(actions) or {}).get("ForwardConfig", {}).get("TargetGroupStickinessConfig", {})
    return int(config.get("DurationSeconds", 0)) if config.get("Enabled") else 0


def forwarding(weights: Mapping[str, int]) -> list[Action]:
    """The one action of a new rule."""
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]


def with_weights(actions: Iterable[Action], weights: Mapping[str, int]) -> list[Action]:
    """The actions with these weights; groups not named keep theirs, new ones are appended.

    AWS never shows an OIDC client secret, so it is told to keep the one it has (UseExistingClientSecret).
    """
    return only_weights(actions, {**weights_of(actions), **weights})


def forwarding_again(actions: Iterable[Action]) -> list[Action]:
    """The actions with a forward to nothing yet in the place of the redirect or the fixed response that ends them."""
    ended = {"fixed-response": "FixedResponseConfig", "redirect": "RedirectConfig"}
    made = []
    for action in actions:
        kept = {key: value for key, value in action.items() if key != ended.get(action["Type"])}
        made.append({**kept, "Type": "forward", "ForwardConfig": {}} if action["Type"] in ended else action)
    return made


def only_weights(actions: Iterable[Action], weights: Mapping[str, int]) -> list[Action]:
    """The actions with these groups and weights and no others, and all else as it is; unchanged if nothing forwards."""
    changed = deepcopy(list(actions))
    forward = _forward(changed)
    if forward is None:
        return changed
    config = forward.setdefault("ForwardConfig", {})
    config["TargetGroups"] = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    forward.pop("TargetGroupArn", None)
    for action in changed:
        if "AuthenticateOidcConfig" in action:
            action["AuthenticateOidcConfig"]["UseExistingClientSecret"] = True
    return changed


def comparable(actions: Iterable[Action]) -> list[Action]:
    """Two lists of actions mean the same exactly when these are equal, whichever way AWS chose to spell them.

    Of the numbers in Order only the order counts, which a list of one action may come without.
    """
    canonical = []
    for action in sorted(actions, key=lambda action: int(action.get("Order", 0))):
        copy = deepcopy(action)
        copy.pop("Order", None)
        if copy["Type"] == "forward":
            copy.pop("TargetGroupArn", None)
            sticky = sticky_seconds_of([action])
            copy["ForwardConfig"] = {"weights": sorted(weights_of([action]).items()), "sticky": sticky}
        copy.get("AuthenticateOidcConfig", {}).pop("UseExistingClientSecret", None)
        canonical.append(copy)
    return canonical
