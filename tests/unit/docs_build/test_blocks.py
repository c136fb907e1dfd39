# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks are found with their marks, and what is wrong with one is said."""

from __future__ import annotations

import pytest

from docs_build import check, commands
from docs_build.blocks import Mark, blocks, without_marks
from docs_build.pages import ROOT

PAGE = """# Page

<!-- tested by: tests/a.py::test_a, tests/b.py::test_b -->
```bash
make help
```

1. A step.

    <!-- not tested: nobody has one -->
    ```bash
    curl x

    curl y
    ```

    More of the step, which is no code.

Text.

    indented

````text
```bash
````
"""


def test_blocks_are_found_with_language_text_and_mark():
    found = [(block.line, block.language, block.text, block.mark) for block in blocks("p.md", PAGE)]
    assert found == [
        (4, "bash", "make help\n", Mark(tests=("tests/a.py::test_a", "tests/b.py::test_b"))),
        (11, "bash", "curl x\n\ncurl y\n", Mark(reason="nobody has one")),
        (21, None, "    indented\n", None),
        (23, "text", "```bash\n", None),
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("- item\n\n    text of the item\n", []),
        ("- item\n\n        code\n", [3]),
        ("Text.\n\n    - name: yaml\n", [3]),
        ("Text\n    that goes on\n", []),
        ("## Title\n    code\n", [2]),
        ("```text\nno end\n", [1]),
    ],
    ids=["text-of-an-item", "code-of-an-item", "looks-like-an-item", "a-paragraph", "after-a-title", "no-end"],
)
def test_code_is_told_from_text(text, lines):
    assert [block.line for block in blocks("p.md", text)] == lines


def test_readers_see_no_marks():
    assert "tested" not in without_marks(PAGE)
    assert without_marks(PAGE).count("```bash") == PAGE.count("```bash")


def bash(text, mark="not tested: there is nothing here to test"):
    [block] = blocks("p.md", f"<!-- {mark} -->\n```bash\n{text}\n```\n")
    return block


CHECKOUT = commands.Checkout(ROOT)
GOOD = {
    "playbook": "ansible-playbook -i inventories/ENV playbooks/site.yml -e service=api --check",
    "json": """ansible-playbook playbooks/deploy_backend.yml -e '{"image": "a", "break_glass": "b c"}'""",
    "target": "make -C slipway demo test",
    "module": "X=1 python -m localcloud push api:1.0.0 && python3 -m http.server",
    "document": "cat > x <<EOF\nansible-playbook playbooks/nosuch.yml\nEOF",
    "plugin": "ansible localhost -m slipway.ops.deploy_lock",
    "two lines": "ansible-playbook playbooks/site.yml \\\n  -e service=api",
}
WRONG = {
    "playbook": ("ansible-playbook playbooks/nosuch.yml", "there is no playbook nosuch"),
    "variable": ("ansible-playbook playbooks/site.yml -e servcie=api", "no playbook reads servcie"),
    "variable in JSON": ("""ansible-playbook playbooks/site.yml -e '{"servcie": 1}'""", "no playbook reads servcie"),
    "inventory": (
        "ansible-playbook -i inventories/stagin playbooks/site.yml",
        "there is no inventory inventories/stagin",
    ),
    "target": ("cd x && make nosuch", "make has no target nosuch"),
    "module": (".venv/bin/python -m localcloud.nosuch", "there is no python -m localcloud.nosuch"),
    "plugin": ("ansible-doc slipway.ops.nosuch", "there is no slipway.ops.nosuch"),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_exists_may_be_named(text):
    assert check.wrong(bash(text), CHECKOUT) == []


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_what_does_not_exist_is_said(text, said):
    assert check.wrong(bash(text), CHECKOUT) == [said]


MARKS = {
    "no-reason": ("not tested: no", "'no' is no reason not to test it"),
    "no-file": ("tested by: tests/e2e/test_0.py::test_a", "there is no test tests/e2e/test_0.py::test_a"),
    "no-test": ("tested by: tests/e2e/test_3_swap.py::test_a", "there is no test tests/e2e/test_3_swap.py::test_a"),
    "a-file": ("tested by: tests/e2e/test_3_swap.py", "there is no test tests/e2e/test_3_swap.py"),
    "another-test": (
        "tested by: tests/unit/test_roles.py::test_the_roles_are_found",
        "none of its tests runs rollback_backend",
    ),
}


@pytest.mark.parametrize(("mark", "said"), MARKS.values(), ids=MARKS)
def test_a_mark_names_a_test_that_runs_it(mark, said):
    block = bash("ansible-playbook playbooks/rollback_backend.yml", mark)
    assert check.wrong(block, CHECKOUT) == [said]


UNMARKED = {
    "bash": ("```bash\nmake\n```\n", "nothing says which test runs it"),
    "console": ("```console\n$ make\n```\n", "console is called bash here"),
    "none": ("```\nmake\n```\n", "the fence names no language"),
    "indented": ("Text:\n\n    make\n", "code is indented"),
    "commands-as-text": ("```text\n$ make test\n```\n", "text begins like a command"),
    "three-spaces": ("1. Text:\n\n   ```text\n   make\n   ```\n", "in a list, fence and mark are indented by four"),
}


@pytest.mark.parametrize(("text", "said"), UNMARKED.values(), ids=UNMARKED)
def test_no_block_goes_unseen(text, said):
    [block] = blocks("p.md", text)
    [problem] = check.wrong(block, CHECKOUT)
    assert problem.startswith(said)
