# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Where the files of a kept release are in the bucket of the environment that has it. Pure."""

from __future__ import annotations

from ..site.model_plan import File, Manifest, entry_key, map_key, site_key
from ..site.names_plan import collisions, name_problem, told


def keys_of(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """Path -> keys under which its bytes may be, the likeliest first."""
    return {path: _keys(manifest.release, path, file) for path, file in manifest.files.items()}


def _keys(release: str, path: str, file: File) -> tuple[str, ...]:
    """A source map is kept apart or served, as the environment has it; what is overwritten in place has a copy."""
    if file.kind == "map":
        return (map_key(file), site_key(path), entry_key(release, path))
    return (site_key(path),) if file.fixed else (entry_key(release, path),)


def manifest_problems(manifest: Manifest) -> list[str]:
    """Names that no bundle may have: the manifest is another account's."""
    problems = [problem for path in sorted(manifest.files) if (problem := name_problem(path))]
    return told(problems + collisions(sorted(manifest.files)))


def missing_text(release: str, path: str, file: File, bucket: str) -> str:
    """Why the release cannot be had from there."""
    why = (
        ": source maps were dropped there, so promote with its bundle instead"
        if file.kind == "map"
        else ": it was removed, or overwritten"
    )
    return f"bucket {bucket} has no copy of {path} of release {release} with the bytes of its manifest{why}"
