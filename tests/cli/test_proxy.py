"""A proxy's user name and password appear in nothing that a command prints or writes."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.download.talking import Talk, page, talking

SECRETS = (b"Zqalice", b"Zqsecret")

MISSPELT = (
    "http://Zqalice:Zqse/Zqsecret@127.0.0.1:9",
    "http://Zqalice:#Zqsecret@127.0.0.1:9",
    "http://Zqalice:?Zqsecret@127.0.0.1:9",
    "http://Zqalice:[Zqsecret@127.0.0.1:9",
    "http://Zqalice:Zqsecret",
    "Zqalice:Zqsecret@127.0.0.1:9",
    "http://Zqalice@Zqsecret@127.0.0.1:9",
    "http://Zqalice:\\Zqsecret@127.0.0.1:9",
    "http://Zqalice:密 Zqsecret@127.0.0.1:9",
)

CASES = (
    *((source, proxy) for source in ("flag", "HTTP_PROXY") for proxy in MISSPELT),
    *((source, MISSPELT[n]) for source in ("CRAWLER_PROXY", "file", "all_proxy", "doctor") for n in (0, 4)),
)

SEARCH = (
    "书",
    "--pages",
    "1",
    "--base-url",
    "http://192.0.2.1",
    "--archive",
    "run.warc.gz",
)


def written(folders: tuple[Path, ...]) -> Iterator[bytes]:
    """Yield every file's path and bytes, those of a compressed file decompressed."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and path.name != "proxy.toml":
                data = path.read_bytes()
                yield bytes(path) + b"\n" + (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


@pytest.mark.parametrize(("source", "proxy"), CASES)
async def test_no_part_of_a_misspelt_proxy_is_shown_or_written(
    source: str, proxy: str, run: Run, folder: Path, environ: dict[str, str]
) -> None:
    """The flag, the variables, the configuration file and doctor all keep it secret."""
    args, env = list(SEARCH), {"CRAWLER_ATTEMPTS": "1"}
    match source:
        case "flag":
            args += ["--proxy", proxy]
        case "file":
            (folder / "proxy.toml").write_text(f"[crawler]\nproxy = '{proxy}'\n")
            args += ["--config", "proxy.toml"]
        case "doctor":
            args = ["doctor"]
            env |= {"HTTP_PROXY": proxy, "CRAWLER_BASE_URL": "http://192.0.2.1"}
        case _:
            env |= {source: proxy}
    ended = await run(*args, env=env)
    assert ended.code != 0
    assert b"prox" in ended.out.lower() + ended.err.lower().encode()
    assert "Traceback" not in ended.err
    home = Path(environ["HOME"])
    for text in (ended.out, ended.err.encode(), *written((folder, home))):
        for secret in SECRETS:
            assert secret.lower() not in text.lower()


async def test_no_record_of_a_run_through_a_proxy_has_its_credentials(
    run: Run, folder: Path, environ: dict[str, str]
) -> None:
    """Journal, archive, report and output of a run through the proxy."""

    async def proxy(talk: Talk) -> None:
        while True:
            await talk.request()
            talk.send(page("<html><body>nothing here</body></html>", "200 OK", "Content-Type: text/html"))

    async with talking(proxy) as server:
        address = server.url.replace("http://", "http://Zqalice:Zqsecret@")
        ended = await run(*SEARCH, "--proxy", address, "--verbose")
        assert any(b"Proxy-Authorization: Basic" in head for talk in server.talks for head in talk.heads)
    texts = list(written((folder, Path(environ["HOME"]))))
    assert (folder / "run.warc.gz").exists()
    assert any(b"nothing here" in text for text in texts)
    for text in (ended.out, ended.err.encode(), *texts):
        for secret in (*SECRETS, b"WnFhbGlj"):  # the last is how the header begins
            assert secret not in text


@pytest.mark.parametrize(
    "args",
    [
        ["书", "--proxi=http://Zqalice:Zqsecret@h"],
        ["书", "-proxy=Zqalice:Zqsecret"],
        ["书", "--p=Zqalice@Zqsecret"],
        ["书", "--proxy", "http://Zqalice:my", "Zqsecret@h"],
        ["书", "--proxy", "http://Zqalice:my", "Zqsecret", "too@h"],
        ["doctor", "Zqsecret@h"],
    ],
)
async def test_a_misspelt_option_shows_no_credentials(args: list[str], run: Run) -> None:
    """A misspelt flag, or a URL split at a space, is named without the part that may be a password."""
    ended = await run(*args)
    assert ended.code == 2
    assert not ended.out
    assert "Zq" not in ended.only_line
