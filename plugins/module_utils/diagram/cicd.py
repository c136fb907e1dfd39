# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The layout of CI/CD: GitHub on the left, the environments one below the other on the right, and what opens the way.

One trunk leaves the pipeline and branches off to each environment at that one's height, so that no two lines meet.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.slipway.ops.plugins.module_utils.diagram import delivery_plan, words_plan
from ansible_collections.slipway.ops.plugins.module_utils.diagram.shapes import (
    BODY,
    NAME,
    Canvas,
    Rect,
    node_height,
)

TOP = 84.0
GITHUB = (12.0, 286.0)
# Left side and width of each card.
REPOSITORY, PIPELINE, GATE, STAGE = (24.0, 126.0), (178.0, 108.0), (346.0, 164.0), (546.0, 402.0)
TRUNK = 322.0
TITLE, ROW, PAD, GAP = 58.0, 30.0, 12.0, 22.0
BUILDS = (("build once,", "dim"), ("test, push", "dim"))


def draw(snapshots: Sequence[words_plan.Snapshot]) -> Canvas:
    """The picture of all environments."""
    said = delivery_plan.delivery(snapshots)
    canvas = Canvas("CI/CD: from a commit to each environment, and who has to agree")
    canvas.head("CI/CD", words_plan.read_at(snapshots))
    github = TITLE - 26 + node_height(2) + 2 * PAD
    heights = [TITLE + max(len(stage.rows), 1) * ROW + PAD - 6 for stage in said.stages]
    total = max(sum(heights) + GAP * (len(heights) - 1), github)
    middle = TOP + total / 2
    pipeline = _github(canvas, said, middle, github)
    y = middle - (sum(heights) + GAP * (len(heights) - 1)) / 2
    for stage, height in zip(said.stages, heights, strict=True):
        frame = _stage(canvas, stage, y, height)
        if stage.connected:
            _way(canvas, stage, pipeline, frame)
        y += height + GAP
    canvas.foot([line for each in snapshots for line in words_plan.problems(each)], TOP + total + 4)
    return canvas


def _github(canvas: Canvas, said: delivery_plan.Delivery, middle: float, height: float) -> Rect:
    """GitHub's frame; returns the card of the pipeline."""
    top = middle - height / 2
    canvas.rect(GITHUB[0], top, GITHUB[1], height, "vpc")
    canvas.text(GITHUB[0] + 16, top + 23, "GitHub", bold=True, tone="dim")
    y = top + TITLE - 26 + PAD - 4
    size = node_height(2)
    repository = Rect(REPOSITORY[0], y, REPOSITORY[1], size, "card")
    canvas.node(repository, "repository", "Repository", said.repositories)
    pipeline = Rect(PIPELINE[0], y, PIPELINE[1], size, "card")
    canvas.node(pipeline, "pipeline", "Actions", BUILDS)
    canvas.edge([(repository.right, pipeline.middle), (pipeline.x, pipeline.middle)], "push", heads="end")
    return pipeline


def _stage(canvas: Canvas, stage: delivery_plan.Stage, top: float, height: float) -> Rect:
    """The frame of an environment, with what is live there."""
    frame = canvas.rect(STAGE[0], top, STAGE[1], height, "vpc", stage.title)
    name = canvas.text(frame.x + 16, top + 26, stage.name.capitalize(), 200, size=NAME, bold=True).box()
    canvas.text(name.right + 12, top + 26, f"AWS {stage.account}", frame.right - name.right - 28, tone="dim")
    canvas.text(frame.x + 16, top + 45, stage.about, tone="dim")
    for at, row in enumerate(stage.rows):
        box = canvas.rect(
            frame.x + PAD, top + TITLE + at * ROW, frame.width - 2 * PAD, ROW - 5, f"row-{row.tone}", row.title
        )
        y = box.middle + BODY * 0.36
        canvas.text(box.x + 10, y, row.name, 160, bold=True)
        release = canvas.text(box.x + 182, y, row.release, 102, title=row.title).box()
        room = box.right - 22 - release.right
        canvas.text(box.right - 10, y, row.note[0], room, tone=row.note[1], anchor="end")
    if not stage.rows and stage.about != words_plan.NOT_READ:
        canvas.text(frame.x + 16, top + TITLE + 16, "no services", tone="dim")
    return frame


def _way(canvas: Canvas, stage: delivery_plan.Stage, pipeline: Rect, frame: Rect) -> None:
    """The branch to an environment: at once after a merge, or through the gate."""
    y = frame.middle
    way = [(pipeline.right, pipeline.middle), (TRUNK, pipeline.middle), (TRUNK, y)]
    if stage.gate:
        size = node_height(1)
        gate = Rect(GATE[0], y - size / 2, GATE[1], size, "card")
        canvas.node(gate, "gate", "Manual approval", [(f"of what {stage.gate} proved", "dim")])
        canvas.edge([*way, (gate.x, y)], "deploy", heads="end")
        canvas.edge([(gate.right, y), (frame.x, y)], f"promote {stage.name}", heads="end")
        return
    canvas.edge([*way, (frame.x, y)], "deploy", heads="end")
    canvas.text((TRUNK + frame.x) / 2, y - 8, "merge to main", anchor="middle")
    canvas.text((TRUNK + frame.x) / 2, y + 18, stage.trust, anchor="middle", tone="dim")
