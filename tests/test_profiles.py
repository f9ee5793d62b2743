"""How property tests choose their examples, on a developer's machine and in CI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from hypothesis import settings

from tests.profiles import EXAMPLES, examples

SHOW = """
import json
from hypothesis import settings
from tests.profiles import EXAMPLES, load_profiles
load_profiles()
found = {name: settings.get_profile(name) for name in EXAMPLES}
print(json.dumps({
    name: [each.derandomize, each.deadline, each.print_blob, each.database is None, each.max_examples]
    for name, each in found.items()
}))
"""


def test_ci_repeats_no_examples() -> None:
    """With CI set, hypothesis itself would choose the same examples in every run."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=Path(__file__).parents[1], env=os.environ | {"CI": "true"}, capture_output=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == {name: [False, None, True, False, EXAMPLES[name]] for name in EXAMPLES}


def test_a_test_s_own_number_follows_the_profile() -> None:
    """The profile `many` uses that number, the others their share of it, and at least one."""
    share = settings().max_examples / EXAMPLES["many"]
    assert examples(400) == 400 * share
    assert examples(1) == 5
