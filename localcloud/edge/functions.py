# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront Functions, executed by QuickJS: the language, the event object, and nothing of a browser or of Node.

Source: "JavaScript runtime 2.0 features for CloudFront Functions" and "CloudFront Functions event structure" in
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/. No timers, network, files or eval; console.log is
kept for TestFunction. Not there: `import` (key value stores, crypto), Buffer. A function has 2 MB on AWS and must end
in less than a millisecond of an unpublished measure; here it has 50 ms of CPU, and memory as below.
"""

from __future__ import annotations

import json

TIME_LIMIT = 0.05  # seconds of CPU
MEMORY_LIMIT = 8 << 20  # bytes; the engine itself needs some of them

_PRELUDE = """
var console = (() => {
  const lines = [];
  const show = value => typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  const log = (...values) => { if (lines.length < 100) lines.push(values.map(show).join(' ')); };
  return {log, error: log, take: () => JSON.stringify(lines.splice(0))};
})();
delete globalThis.eval;
"""
# Strings are joined and not added: the binding cannot read what the engine makes of the sum of long ones (a rope).
_CALL = """
var __answer;
function __call(text) {
  __answer = undefined;
  const value = handler(JSON.parse(text));
  if (value && typeof value.then === 'function') {
    value.then(v => { __answer = ['v', JSON.stringify(v)].join(''); }, e => { __answer = ['e', e].join(''); });
    return '';
  }
  return ['v', JSON.stringify(value)].join('');
}
function __late() { return __answer === undefined ? '' : __answer; }
"""


class FunctionError(Exception):
    """The function cannot be run, threw, or gave back nothing of use; one line. logs: what it logged before."""

    def __init__(self, message: str, logs: list[str] | None = None) -> None:
        super().__init__(message)
        self.logs = logs or []


class Runner:
    """One function, loaded. What it keeps in global variables stays, as AWS neither promises nor forbids."""

    def __init__(self, code: str, runtime: str = "cloudfront-js-2.0") -> None:
        """Raises FunctionError when the code does not load or has no handler."""
        import quickjs  # here: it takes a tenth of a second, and control needs it for test runs only

        self.runtime = runtime
        self._error: type[Exception] = quickjs.JSException
        self._context = quickjs.Context()
        self._context.set_memory_limit(MEMORY_LIMIT)
        self._context.set_time_limit(TIME_LIMIT)
        try:
            self._context.eval(_PRELUDE)
            self._context.eval(code)
            self._context.eval(_CALL)
            if self._context.eval("typeof handler") != "function":
                raise FunctionError("the function has no handler")
        except quickjs.JSException as error:
            raise FunctionError(_line(error)) from error
        self._call = self._context.get("__call")
        self._late = self._context.get("__late")

    def run(self, event: str) -> str:
        """Run the handler on an event object in JSON; what it gave back, in JSON. Raises FunctionError."""
        try:
            answer = self._call(event)
            while not answer and self._context.execute_pending_job():
                answer = self._late()
        except self._error as error:
            raise FunctionError(_line(error), self.logs()) from error
        if not answer.startswith("v{"):
            reason = answer[1:] if answer.startswith("e") else "the function gave back no object"
            raise FunctionError(reason, self.logs())
        text: str = answer[1:]
        return text

    def logs(self) -> list[str]:
        """Take what console.log was given since the last look."""
        lines: list[str] = json.loads(self._context.eval("console.take()"))
        return lines


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else "the function failed"
