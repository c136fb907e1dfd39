# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Loads in the controller, once, what each worker would load for itself: it is forked for one task and then gone."""

from __future__ import annotations

import contextlib
import gc
import importlib
import pkgutil
from collections.abc import Iterable

from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder
from ansible.plugins.loader import connection_loader, filter_loader, lookup_loader, shell_loader, test_loader

PROFILE = "legacy"
# Objects made until Python looks for garbage: templating makes many, a worker ends before they matter.
THRESHOLDS = (50_000, 20, 100)


def load_plugins(collections: Iterable[str]) -> None:
    """Load Ansible's filters and tests, those of these collections, and what a module on this machine is run by.

    A plugin that cannot be loaded is left to the task that wants it, which tells why.
    """
    for loader in (filter_loader, test_loader):
        with contextlib.suppress(Exception):
            list(loader.all())
    for collection in collections:
        with contextlib.suppress(Exception):
            _load_filters(collection)
    for loader, name in ((connection_loader, "local"), (shell_loader, "sh"), (lookup_loader, "env")):
        with contextlib.suppress(Exception):
            loader.get(name, class_only=True)
    get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)
    get_module_decoder(PROFILE, Direction.MODULE_TO_CONTROLLER)


def _load_filters(collection: str) -> None:
    package = importlib.import_module(f"ansible_collections.{collection}.plugins.filter")
    # The first one that is asked for has all files of the folder loaded.
    for _finder, name, _is_package in pkgutil.iter_modules(package.__path__):
        filter_loader.get(f"{collection}.{name}")
        return


def spare_workers() -> None:
    """Have the garbage collector leave alone what is there now: otherwise each worker copies it, page by page, only to
    mark it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
