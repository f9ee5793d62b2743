"""schemathesis, which invents requests from the OpenAPI document, finds no error of the server.

It is no dependency of the tests: with what it brings, it weighs 35 MB, and it would hook itself into every run of
pytest. `.ci/run` installs it in an environment of its own and names its command in SCHEMATHESIS.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from crawler.webapp.access import Access
from tests.webapp.conftest import open_site

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"

TOKEN = "a-token-for-schemathesis"  # noqa: S105 – made up


@pytest.mark.slow
async def test_no_invented_request_breaks_the_server(tmp_path: Path) -> None:
    """Every response has a documented status, media type and schema, and none is a 5xx that is not documented."""
    command = os.environ.get("SCHEMATHESIS") or shutil.which("schemathesis")
    if command is None:
        pytest.skip("schemathesis is not installed; .ci/run installs it and names it in SCHEMATHESIS")
    files: dict[str, Any] = {"watch_config": tmp_path / "config.toml", "record": True}
    async with open_site(tmp_path, access=Access(token=TOKEN), **files) as site:
        process = await asyncio.create_subprocess_exec(
            command, "run", f"{site.url}/api/v1/openapi.json", "-H", f"Authorization: Bearer {TOKEN}",
            "--checks", CHECKS, "--max-examples", "15", "--no-color", "--generation-deterministic",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
