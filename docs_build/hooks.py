# SPDX-License-Identifier: GPL-3.0-or-later
"""What MkDocs calls while it builds the site: generated pages come in, links and marks are made the site's."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

# MkDocs reads this file by its path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docs_build import links, navigation, pages, reference
from docs_build.blocks import without_marks
from docs_build.pages import ROOT

# Below mkdocs, whose strict mode counts warnings.
_LOG = logging.getLogger("mkdocs.hooks.slipway")
# Page of the site -> the file of the checkout that it is made of.
_SOURCES = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every page into the navigation."""
    config.nav = navigation.complete(config.nav or [], ROOT)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    made = {page: (ROOT / source).read_text(encoding="utf-8") for page, source in _SOURCES.items()}
    made |= reference.module_pages(ROOT)
    made["reference/roles/index.md"] = reference.roles_index(ROOT)
    for name in pages.roles(ROOT):
        page = f"reference/roles/{name}.md"
        _SOURCES[page] = f"roles/{name}/README.md"
        made[page] = reference.role_page(ROOT, name)
    for page, text in made.items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links as the site has them; no marks."""
    name = page.file.src_uri
    text = without_marks(markdown)
    if page.file.generated_by and name not in _SOURCES:
        return text
    source = _SOURCES.get(name, f"docs/{name}")
    text, broken = links.rewritten(text, source, name, ROOT)
    for target in broken:
        _LOG.warning("%s links to %s, which is not there", source, target)
    return text
