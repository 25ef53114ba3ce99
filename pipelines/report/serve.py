"""The pages of releases over HTTP, for readers whose browser opens no files.

A page of Dagster may not link to a file of the disk: browsers refuse that. Nothing but `PAGES` is
served, to this machine only; for others put the releases behind a web server with a login.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import ConfigurationError
from pipelines.publish.layout import PAGES, REPORT_NAME, Layout

if TYPE_CHECKING:
    from starlette.applications import Starlette

HOST = "127.0.0.1"

NEWEST = "published"
"""In an address, the name of the release that readers should use."""


def pages_app(data_dir: Path) -> "Starlette":
    """The application: `/RELEASE/PAGE`, `/published/PAGE`, and `/` for the newest report."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.requests import Request
    from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
    from starlette.routing import Route

    layout = Layout(data_dir)

    async def newest(request: Request) -> Response:  # noqa: ARG001
        return RedirectResponse(f"/{NEWEST}/{REPORT_NAME}")

    async def page(request: Request) -> Response:
        release, name = request.path_params["release"], request.path_params["name"]
        folder = _folder(layout, release)
        if folder is None or name not in PAGES or not (folder / name).is_file():
            return PlainTextResponse(
                f"No page '{name}' of '{release}' here. Old releases are let go; the newest "
                f"report is /{NEWEST}/{REPORT_NAME}\n",
                status_code=404,
            )
        # A new plan has the address of the last one.
        headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return FileResponse(folder / name, headers=headers)

    return Starlette(
        routes=[Route("/", newest), Route("/{release}/{name}", page)],
        # Another site could otherwise read the pages under a name of its own that leads here.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


def serve_pages(data_dir: Path, port: int) -> None:
    """Serve the pages at 127.0.0.1 until interrupted.

    Raises:
        ConfigurationError: the port is taken.
    """
    import socket

    import uvicorn

    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise ConfigurationError(
                f"port {port}: {error.strerror or error}; stop what uses it, or choose another "
                "with --port and set pages_url in project.yaml to match"
            ) from error
        config = uvicorn.Config(pages_app(data_dir), log_level="warning", lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])


def _folder(layout: Layout, release: str) -> Path | None:
    """The folder of a release by the name in an address; None where there is none."""
    if release == NEWEST:
        return layout.link.resolve() if layout.link.exists() else None
    known = {path.name: path for path in layout.releases.glob("[!.]*")}
    return known.get(release)
