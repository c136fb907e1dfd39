# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Has Ansible's action plugins run modules by a warm process, where the result is the same as by a new one.

ActionBase._execute_module stays what it is: it prepares the arguments, has the module built and run, parses what comes
back. Three of the methods that it calls are answered otherwise while it runs a module warm: there is no temporary
folder to be made, no archive to be built, and no shell to be started. They are replaced in the class, because every
action plugin inherits them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812 Ansible's own name for it
from ansible._internal._ansiballz._builder import ExtensionManager
from ansible.errors import AnsibleError
from ansible.executor import module_common
from ansible.executor.interpreter_discovery import InterpreterDiscoveryRequiredError
from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import module_utils_loader
from ansible.utils.display import Display
from ansible_collections.slipway.ops.plugins.plugin_utils.warm_client import ColdError, WarmProcess

PROFILE = "legacy"
# What Python, the C library or botocore reads once, as it starts.
EARLY = re.compile(r"(PYTHON|LC_|LD_|OPENSSL_|MALLOC_|GLIBC_|GCONV_)\w*|LANG|LANGUAGE|HOME|AWS_DATA_PATH")
# What a shell takes for a name.
NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
COLLECTION_MODULE = re.compile(r"ansible_collections\.(\w+\.\w+)\.plugins\.modules\.\w+")
BUILTIN_MODULE = re.compile(r"ansible\.modules\.(\w+)")

display = Display()


@dataclasses.dataclass(frozen=True)
class Job:
    """A module to be run warm: where it is, its Python name, its first line as stock would write it, and what stock
    would have the shell set in its environment."""

    path: str
    module: str
    shebang: str
    environment: Mapping[str, str]
    # Job id and time limit of an asynchronous task.
    later: tuple[str, str] | tuple[()] = ()


class Warm:
    """Decides what is run warm, and runs it."""

    def __init__(self, process: WarmProcess, collections: frozenset[str], builtin: frozenset[str]) -> None:
        self._process = process
        self._collections = collections
        self._builtin = builtin

    def job(self, action: ActionBase, name: str, task_vars: Mapping[str, Any], later: bool) -> Job | None:
        """The module as a job, None if stock has to run it. later: whether the task is not to wait for its end."""
        if not _plain(action, task_vars) or later != bool(action._task.async_val):
            return None
        found = action._shared_loader_obj.module_loader.find_plugin_with_context(
            name, ".py", collection_list=action._task.collections
        )
        path = found.plugin_resolved_path if found.resolved else None
        module = self._module(path) if path else None
        if not module:
            return None
        shebang = _shebang(action, Path(path).read_bytes(), task_vars)
        environment: dict[str, Any] = {}
        action._compute_environment_string(environment)
        given = {name: str(value) for name, value in environment.items()}
        if later:
            given["ANSIBLE_ASYNC_DIR"] = action.get_shell_option("async_dir", default="~/.ansible_async")
        if shebang != f"#!{sys.executable}" or not self._takes(given):
            return None
        return Job(path, module, shebang, given, _later(action) if later else ())

    def _module(self, path: str) -> str | None:
        """The Python name of a module that may be run warm."""
        try:
            module = module_common._get_ansible_module_fqn(path)
        except ValueError:
            return None
        if matched := COLLECTION_MODULE.fullmatch(module):
            return module if matched[1] in self._collections else None
        matched = BUILTIN_MODULE.fullmatch(module)
        return module if matched and matched[1] in self._builtin else None

    def _takes(self, given: Mapping[str, str]) -> bool:
        """Whether a process that is running already can be given this environment."""
        if not all(NAME.fullmatch(name) and "\0" not in value for name, value in given.items()):
            return False
        early = {name: value for name, value in {**os.environ, **given}.items() if EARLY.fullmatch(name)}
        return early == {name: value for name, value in self._process.environment.items() if EARLY.fullmatch(name)}

    def run(self, action: ActionBase, job: Job, arguments: bytes) -> dict[str, Any]:
        """What ActionBase._low_level_execute_command returns of a module. arguments: as AnsiballZ takes them."""
        display.vvv(f"WARM {job.module}", host=action._play_context.remote_addr)
        umask = os.umask(0o077)
        os.umask(umask)
        request = {
            "arguments": arguments.decode(),
            "profile": PROFILE,
            "folder": action._loader.get_basedir(),
            "umask": umask,
            "environment": {**os.environ, **job.environment},
            "later": job.later,
        }
        ended = self._process.run(job.module, request)
        out, err = (to_text(raw, errors="surrogate_then_replace") for raw in (ended.stdout, ended.stderr))
        return {
            "rc": ended.status,
            "stdout": out,
            "stdout_lines": out.splitlines(),
            "stderr": err,
            "stderr_lines": err.splitlines(),
        }


def _plain(action: ActionBase, task_vars: Mapping[str, Any]) -> bool:
    """Whether a module of this task is run by this user, on this machine, at once, and without a debugger."""
    configured = C.config.get_config_value
    return (
        type(action._connection).__module__ == "ansible.plugins.connection.local"
        and action._connection.become is None
        and action._connection._shell.SHELL_FAMILY == "sh"
        and not C.DEFAULT_KEEP_REMOTE_FILES
        and not configured("_MODULE_METADATA")
        and not configured("PYTHON_MODULE_RLIMIT_NOFILE", variables=task_vars)
        and not ExtensionManager.create(task_vars=task_vars).extension_names
        and not _own_module_utils()
    )


def _later(action: ActionBase) -> tuple[str, str]:
    """Job id and time limit of an asynchronous task, as ActionBase makes them."""
    return f"j{secrets.randbelow(999999999999)}", str(action._task.async_val)


def _own_module_utils() -> bool:
    """Whether a playbook or a role has module_utils of its own, which could take the place of Ansible's."""
    stock = Path(module_common._MODULE_UTILS_PATH).resolve()
    return any(Path(path).is_dir() and Path(path).resolve() != stock for path in module_utils_loader._get_paths(False))


def _shebang(action: ActionBase, source: bytes, task_vars: Mapping[str, Any]) -> str | None:
    """The first line that stock would give the module, None if that is not for a Python module of the new style."""
    interpreter, arguments = module_common._extract_interpreter(source)
    if arguments or module_common.REPLACER in source or not module_common.NEW_STYLE_PYTHON_MODULE_RE.search(source):
        return None
    host = action._task.delegate_to
    variables = task_vars["ansible_delegated_vars"][host] if host else task_vars
    try:
        shebang, _interpreter = module_common._get_shebang(
            interpreter or "/usr/bin/python",
            variables,
            action._templar,
            remote_is_local=bool(getattr(action._connection, "_remote_is_local", False)),
        )
    except InterpreterDiscoveryRequiredError:
        return None
    return shebang


def _encoded(name: str, arguments: Mapping[str, Any]) -> bytes:
    """A module's arguments as AnsiballZ encodes them."""
    encoder = get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)
    try:
        return json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, cls=encoder).encode()
    except TypeError as error:
        raise AnsibleError(f"Failed to serialize arguments for the {name!r} module.") from error


def _replacements(warm: Warm) -> dict[str, Callable[..., Any]]:
    """The methods of ActionBase that are replaced, by name."""
    stock = {name: getattr(ActionBase, name) for name in _REPLACED}
    jobs: dict[int, Job] = {}

    def execute(self: ActionBase, *args: Any, **kwargs: Any) -> dict[str, Any]:
        given = dict(zip(_EXECUTE_PARAMETERS, args, strict=False)) | kwargs
        name = given.get("module_name") or self._task.action
        job = warm.job(self, name, given.get("task_vars") or {}, bool(given.get("wrap_async")))
        if job is None:
            return stock["_execute_module"](self, *args, **kwargs)
        jobs[id(self)] = job
        try:
            result = stock["_execute_module"](self, *args, **kwargs)
            # What it says of every asynchronous task that it has started itself.
            return {**result, "changed": True} if job.later else result
        except ColdError as error:
            display.vvv(f"{job.module} is run by a new process: {error}")
        finally:
            jobs.pop(id(self), None)
        return stock["_execute_module"](self, *args, **kwargs)

    def pipelining(self: ActionBase, *args: Any, **kwargs: Any) -> bool:
        return id(self) in jobs or stock["_is_pipelining_enabled"](self, *args, **kwargs)

    def configure(self: ActionBase, module_name: str, module_args: Any, task_vars: Any) -> Any:
        job = jobs.get(id(self))
        if job is None:
            return stock["_configure_module"](self, module_name, module_args, task_vars)
        built = module_common._BuiltModule(
            b_module_data=_encoded(module_name, module_args),
            module_style="new",
            shebang=job.shebang,
            serialization_profile=PROFILE,
            # There is nothing to be wrapped: the warm process sees to it.
            has_async=bool(job.later),
        )
        return built, job.path

    def low_level(self: ActionBase, cmd: str, *args: Any, **kwargs: Any) -> Any:
        job = jobs.get(id(self))
        if job is None or kwargs.get("in_data") is None:
            return stock["_low_level_execute_command"](self, cmd, *args, **kwargs)
        return warm.run(self, job, kwargs["in_data"])

    return dict(zip(_REPLACED, (execute, pipelining, configure, low_level), strict=True))


_REPLACED = ("_execute_module", "_is_pipelining_enabled", "_configure_module", "_low_level_execute_command")
_EXECUTE_PARAMETERS = (
    "module_name",
    "module_args",
    "tmp",
    "task_vars",
    "persist_files",
    "delete_remote_tmp",
    "wrap_async",
    "ignore_unknown_opts",
)


@contextlib.contextmanager
def warm_actions(process: WarmProcess, collections: frozenset[str], builtin: frozenset[str]) -> Iterator[None]:
    """Have modules run warm for as long as this lasts."""
    stock = {name: getattr(ActionBase, name) for name in _REPLACED}
    for name, method in _replacements(Warm(process, collections, builtin)).items():
        setattr(ActionBase, name, method)
    try:
        yield
    finally:
        for name, method in stock.items():
            setattr(ActionBase, name, method)
