# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether the tasks that are about to get traffic run the very image that was deployed."""

from __future__ import annotations

from collections.abc import Mapping

from .. import ecr, ecs
from .bits_plan import Stray, strays
from .image_plan import image_complaint, reference
from .platform_plan import image_of_manifest
from .run import Run, StepFailedError


def confirm_bits(run: Run, color: str, definition: str) -> None:
    """ECS says of every container which digest it runs (Amazon ECS API reference, Container.imageDigest).

    definition: the revision that the color's service was last seen to run.
    """
    arns = ecs.list_service_tasks(run.clients.ecs, run.scope.cluster, run.scope.name_of(color))
    tasks = ecs.describe_tasks(run.clients.ecs, run.scope.cluster, arns)
    _refuse(run, color, strays(task for task in tasks if task["taskDefinitionArn"] == definition))


def confirm_containers(run: Run, color: str, revision: str, images: Mapping[str, tuple[str, str]]) -> None:
    """The same for a service revision. images: container -> its image and the digest that ECS resolved that to."""
    containers = [{"name": name, "image": image, "imageDigest": digest} for name, (image, digest) in images.items()]
    _refuse(run, color, strays([{"taskArn": revision, "containers": containers}]))


def _refuse(run: Run, color: str, found: list[Stray]) -> None:
    parts = {image: _parts(run, image) for image in {stray.image for stray in found}}
    real: list[Stray] = [stray for stray in found if stray.found not in parts[stray.image]]
    if real:
        raise StepFailedError(f"{color}: {'; '.join(stray.text for stray in real)}")


def _parts(run: Run, image: str) -> frozenset[str]:
    """An index is not run itself but one of the images that it leads to."""
    if image_complaint(image):
        return frozenset()
    named = reference(image)
    manifest = ecr.get_manifest(run.clients.ecr, named.account, named.repository, named.digest or "")
    return image_of_manifest(manifest or "").parts
