"""The command with its default settings, against the demo shop behind nginx, which limits requests per second."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from crawler.demo.server import DemoShop

ROOT = Path(__file__).parent.parent.parent

CONFIGURATION = """
daemon off; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  limit_req_zone $server_port zone=shop:1m rate=2r/s;
  server {{
    listen unix:{socket}; listen 127.0.0.1:{port};
    limit_req_status {status};
    location = /robots.txt {{ return 404; }}
    location / {{ limit_req zone=shop {burst}; proxy_pass {shop}; }}
  }}
}}
"""


def free_port() -> int:
    """Return a port that was free a moment ago, because nginx cannot choose one itself."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.storm
@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
@pytest.mark.parametrize("pages", [3, 20])
@pytest.mark.parametrize(
    ("status", "burst"), [(429, ""), (503, ""), (429, "burst=5"), (429, "burst=5 nodelay")]
)
async def test_a_rate_limit_of_nginx_loses_no_page(
    tmp_path: Path, pages: int, status: int, burst: str
) -> None:
    """At two requests per second, every page arrives, in little more time than that rate takes."""
    port = free_port()
    async with DemoShop() as shop:
        configuration = CONFIGURATION.format(
            port=port, status=status, burst=burst, shop=shop.base_url, socket=tmp_path / "ready"
        )
        (tmp_path / "nginx.conf").write_text(configuration, "utf-8")
        nginx = await asyncio.create_subprocess_exec(
            "nginx",
            "-p",
            str(tmp_path),
            "-e",
            "stderr",
            "-c",
            "nginx.conf",
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(10):
                while not (tmp_path / "ready").exists():  # created once the port accepts connections
                    assert nginx.returncode is None
                    await asyncio.sleep(0.02)
            crawler = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "crawler", "滲透測試", "--pages", str(pages), "--format", "json",
                "--base-url", f"http://127.0.0.1:{port}",
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            async with asyncio.timeout(15 + pages):
                out, _ = await crawler.communicate()
        finally:
            nginx.terminate()
            await nginx.wait()
    assert crawler.returncode == 0
    assert json.loads(out)["pages"]["ok"] == pages
