# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads a bundle and judges it, offline and before anything else."""

from __future__ import annotations

from pathlib import Path

from .bundle import BundleError, Source, read_bundle
from .manifest_plan import manifest_of, manifest_problems
from .model_plan import Manifest
from .names_plan import told
from .references_plan import integrity_problem, missing, references


def read_release(place: str, scratch: Path, most_bytes: int, most_files: int) -> tuple[Manifest, dict[str, Source]]:
    """The release that a bundle is, and where its files are. Raises BundleError for what cannot be published."""
    return judged(read_bundle(place, scratch, most_bytes, most_files))


def judged(sources: dict[str, Source]) -> tuple[Manifest, dict[str, Source]]:
    """The same of a bundle that was read."""
    problems = manifest_problems(sources)
    if problems:
        raise BundleError(problems)
    manifest = manifest_of(sources)
    problems = told(_document_problems(manifest, sources))
    if problems:
        raise BundleError(problems)
    return manifest, sources


def _document_problems(manifest: Manifest, sources: dict[str, Source]) -> list[str]:
    """Of every document: a file that it names and that is not there, or has another hash than it says."""
    found = []
    for path, file in manifest.files.items():
        if file.kind != "document":
            continue
        named = references(path, sources[path].place.read_text(encoding="utf-8", errors="replace"))
        found += missing(path, named, sources)
        for one in named:
            if one.integrity and one.path in sources:
                problem = integrity_problem(path, one, sources[one.path].place.read_bytes())
                found += [problem] if problem else []
    return found
