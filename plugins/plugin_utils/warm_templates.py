# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets workers have what those before them have compiled: each is forked for one task, and most templates come again.

A worker compiles the text of a template into Python and ends with it. Here it also sends the code to the controller,
which has it when the next worker is forked. A text is known by where it comes from, too, because Ansible compiles that
into the code, for its errors: so that they name the same place as ever.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import socket
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from ansible._internal._datatag._tags import Origin, TrustedAsTemplate
from ansible._internal._templating._jinja_bits import (
    _TEMPLATE_OVERRIDE_FIELD_NAMES,
    AnsibleEnvironment,
    _TemplateCompileContext,
)
from ansible.module_utils._internal._datatag import AnsibleTagHelper

# Of a message, in bytes. What is longer is compiled anew.
LONGEST = 64 * 1024
# Of what the controller has not taken yet, in bytes; the system may allow less, and what does not fit is not sent.
ROOM = 4 * 1024 * 1024


class Compiled:
    """The code of templates, by what makes one: its text, origin, and settings."""

    def __init__(self) -> None:
        self._codes: dict[tuple[Any, ...], CodeType] = {}
        # Messages stay whole, whoever writes at the same time.
        self._taken, self._sent = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._sent.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
        for each in (self._taken, self._sent):
            each.setblocking(False)
        self._controller = os.getpid()

    def take(self) -> None:
        """Take what workers have sent, in the controller."""
        with contextlib.suppress(BlockingIOError):
            while True:
                key, code = marshal.loads(self._taken.recv(LONGEST))  # noqa: S302 from this run's own workers
                self._codes[key] = code

    def compile(self, compiled: Callable[..., Any], environment: AnsibleEnvironment, *args: Any, **kwargs: Any) -> Any:
        """What `compiled` returns: Environment.compile(source)."""
        key = _key(environment, args[0]) if len(args) == 1 and not kwargs else None
        if key is None:
            return compiled(environment, *args, **kwargs)
        code = self._codes.get(key)
        if code is None:
            code = self._codes[key] = compiled(environment, *args)
            self._send(key, code)
        return code

    def _send(self, key: tuple[Any, ...], code: CodeType) -> None:
        if os.getpid() != self._controller:
            message = marshal.dumps((key, code))
            if len(message) <= LONGEST:
                # A full buffer: whoever needs it next compiles it.
                with contextlib.suppress(OSError):
                    self._sent.send(message)

    def close(self) -> None:
        """End it."""
        self._taken.close()
        self._sent.close()


def _key(environment: AnsibleEnvironment, source: Any) -> tuple[Any, ...] | None:
    """What makes the code of a template, None for one that is not a plain text or has more to it."""
    tags = AnsibleTagHelper.tags(source) if isinstance(source, str) else frozenset()
    origin = next((tag for tag in tags if isinstance(tag, Origin)), None)
    if origin is None or environment._debuggable_template_source:
        return None
    if any(not isinstance(tag, (Origin, TrustedAsTemplate)) for tag in tags):
        return None
    context = _TemplateCompileContext.current(optional=True)
    settings = [str(getattr(environment, name)) for name in _TEMPLATE_OVERRIDE_FIELD_NAMES]
    place = (origin.path, origin.description, origin.line_num, origin.col_num)
    return (
        str.__str__(source),
        place,
        type(environment).__name__,
        tuple(settings),
        bool(context and context.escape_backslashes),
    )


@contextlib.contextmanager
def compiled_once() -> Iterator[Compiled]:
    """Have templates compiled once a run, as far as that can be, until the end of the block."""
    shared = Compiled()
    before = AnsibleEnvironment.compile

    def once(self: AnsibleEnvironment, *args: Any, **kwargs: Any) -> Any:
        return shared.compile(before, self, *args, **kwargs)

    AnsibleEnvironment.compile = once
    try:
        yield shared
    finally:
        AnsibleEnvironment.compile = before
        shared.close()
