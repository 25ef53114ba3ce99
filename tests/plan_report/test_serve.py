"""Pages over HTTP: those of releases, nothing else, under this machine's name only."""

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage
from pathlib import Path

import pytest
import uvicorn

from pipelines.errors import ConfigurationError
from pipelines.report.serve import pages_app, serve_pages


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "data"
    for name in ("plan_a", "plan_b", ".building"):
        release = folder / "releases" / name
        release.mkdir(parents=True)
        (release / "report.html").write_text(f"<h1>{name}</h1>")
        (release / "territory.duckdb").write_text("tables")
    (folder / "restricted").mkdir()
    (folder / "restricted" / "report.html").write_text("pay")
    (folder / "published").symlink_to("releases/plan_b")
    return folder


@pytest.fixture(scope="module")
def address(data_dir: Path) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(pages_app(data_dir), log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=10)


def get(address: str, **headers: str) -> tuple[int, str, HTTPMessage]:
    try:
        request = urllib.request.Request(address, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def test_a_release_the_newest_and_the_root_are_found(address: str) -> None:
    status, page, headers = get(f"{address}/plan_a/report.html")
    assert (status, page) == (200, "<h1>plan_a</h1>")
    assert headers.get_content_type() == "text/html"
    assert get(f"{address}/published/report.html")[1] == "<h1>plan_b</h1>"
    assert get(address)[1] == "<h1>plan_b</h1>"


def test_the_newest_follows_the_next_publication(address: str, data_dir: Path) -> None:
    (data_dir / "next").symlink_to("releases/plan_a")
    (data_dir / "next").replace(data_dir / "published")
    assert get(f"{address}/published/report.html")[1] == "<h1>plan_a</h1>"
    (data_dir / "next").symlink_to("releases/plan_b")
    (data_dir / "next").replace(data_dir / "published")


@pytest.mark.parametrize(
    "path",
    [
        "plan_a/territory.duckdb",
        "plan_z/report.html",
        ".building/report.html",
        "restricted/report.html",
        "../restricted/report.html",
        "..%2Frestricted/report.html",
        "plan_a/..%2F..%2F..%2Frestricted%2Freport.html",
        "plan_a",
    ],
)
def test_nothing_but_pages_of_releases_is_served(address: str, path: str) -> None:
    status, text, _ = get(f"{address}/{path}")
    assert status == 404
    assert "pay" not in text


def test_a_let_go_release_is_said_to_be(address: str) -> None:
    assert "Old releases are let go" in get(f"{address}/plan_old/report.html")[1]


def test_another_name_that_leads_here_is_refused(address: str) -> None:
    assert get(f"{address}/plan_a/report.html", Host="evil.example:3001")[0] == 400


def test_a_taken_port_is_said_to_be(address: str, data_dir: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"port \d+.*--port"):
        serve_pages(data_dir, int(address.rsplit(":", 1)[1]))
