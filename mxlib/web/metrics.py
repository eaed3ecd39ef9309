"""Figures for Prometheus: with the token of MXM_METRICS_TOKEN, or for this machine alone. No label names a person."""

import hmac
from collections.abc import Iterator, Mapping
from typing import TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mxlib import __version__, services
from mxlib.api.middleware import bearer_token
from mxlib.auth.origin import Origin
from mxlib.auth.startup_checks import is_loopback
from mxlib.core.text import metrics as texts
from mxlib.services import Services
from mxlib.services.server_figures import ServerFigures

#: Headers of proxies: a request that has one may come from elsewhere.
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")

_Label = TypeVar("_Label", bound=str)
_Family = TypeVar("_Family", GaugeMetricFamily, CounterMetricFamily)


def metrics(request: Request) -> Response:
    """Answer the figures, in the format that the reader prefers."""
    app = services.current()
    token = app.settings.metrics_token.get_secret_value().strip()
    if token:
        if not hmac.compare_digest(bearer_token(request.scope).encode(), token.encode()):
            return _refused(401, "UNAUTHORIZED", texts.TOKEN_NEEDED, {"WWW-Authenticate": 'Bearer realm="MXM metrics"'})
    elif not _is_of_this_machine(request, app):
        return _refused(403, "FORBIDDEN", texts.THIS_MACHINE_ONLY)
    registry = CollectorRegistry()
    registry.register(_Figures(app))
    ProcessCollector(registry=registry)
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), headers={"Content-Type": kind, "Cache-Control": "no-store"})


def _is_of_this_machine(request: Request, app: Services) -> bool:
    """Return whether a request was made on this machine: not through a proxy there, which speaks for others."""
    headers = Headers(scope=request.scope)
    here = Origin.parse(f"http://{headers.get('host', '')}")
    address = app.authenticator.proxies.address(request.scope)
    return (
        is_loopback(address)
        and here is not None
        and is_loopback(here.host)
        and not any(name in headers for name in _FORWARDED)
    )


def _refused(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    content = {"success": False, "error": {"code": code, "message": message}}
    return JSONResponse(content, status, {"Cache-Control": "no-store", **(headers or {})})


class _Figures(Collector):
    """The figures of one moment, among them whether the database can be read."""

    def __init__(self, app: Services) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Yield each figure."""
        yield _labelled(GaugeMetricFamily("mxm_build_info", "Version of MXM.", labels=["version"]), {__version__: 1.0})
        try:
            figures = self._app.server_figures.read()
        except services.StoreUnavailable:
            yield GaugeMetricFamily("mxm_database_up", "Whether the database can be read.", 0.0)
            return
        yield GaugeMetricFamily("mxm_database_up", "Whether the database can be read.", 1.0)
        yield from _of_runs(figures)
        yield from _of_host(figures)
        yield from _of_tasks(figures)


def _of_runs(figures: ServerFigures) -> Iterator[Metric]:
    yield _labelled(GaugeMetricFamily("mxm_runs", "Runs by status.", labels=["status"]), figures.runs)
    yield _labelled(GaugeMetricFamily("mxm_rows", "Rows of all runs by outcome.", labels=["outcome"]), figures.rows)
    yield GaugeMetricFamily("mxm_rows_waiting", "Rows of runs that have no end yet.", figures.rows_waiting)


def _of_host(figures: ServerFigures) -> Iterator[Metric]:
    limits = figures.limits.items()
    for name, text, position in (
        ("mxm_mxroute_requests_left", "Requests that MXroute's limit leaves in this window.", 0),
        ("mxm_mxroute_requests_allowed", "Requests that MXroute allows in a window.", 1),
    ):
        values = {kind: float(limit[position]) for kind, limit in limits}
        yield _labelled(GaugeMetricFamily(name, text, labels=["kind"]), values)
    sent = CounterMetricFamily("mxm_mxroute_requests", "Requests to MXroute since the start.", labels=["kind"])
    yield _labelled(sent, figures.requests)
    failed = CounterMetricFamily("mxm_mxroute_errors", "Requests that MXroute failed to answer.", labels=["error"])
    yield _labelled(failed, figures.failures)
    if figures.host_is_well is not None:
        yield GaugeMetricFamily("mxm_mxroute_up", "Whether MXroute answered well at last.", float(figures.host_is_well))


def _of_tasks(figures: ServerFigures) -> Iterator[Metric]:
    yield _labelled(GaugeMetricFamily("mxm_mails", "Mails of the outbox by status.", labels=["status"]), figures.mails)
    late = "Seconds since the first waiting mail was due."
    yield GaugeMetricFamily("mxm_mail_delay_seconds", late, figures.mail_delay_s)
    sent = GaugeMetricFamily("mxm_deliveries", "Deliveries of notices by status.", labels=["status"])
    yield _labelled(sent, figures.deliveries)
    ports = GaugeMetricFamily("mxm_mail_port_up", "Whether a mail port served at the last look.", labels=["port"])
    yield _labelled(ports, {port: float(serves) for port, serves in figures.mail_ports.items()})
    if figures.certificate_s is not None:
        text = "Seconds until the first certificate of a mail port ends."
        yield GaugeMetricFamily("mxm_mail_certificate_seconds", text, figures.certificate_s)
    ages = {"newest": figures.watch.newest_s, "oldest": figures.watch.oldest_s}
    watch = GaugeMetricFamily("mxm_watch_age_seconds", "Age of the newest and the oldest list.", labels=["list"])
    yield _labelled(watch, {name: age for name, age in ages.items() if age is not None})
    yield GaugeMetricFamily("mxm_watch_never_read", "Domains whose list was never read.", figures.watch.never_read)
    if figures.backup_age_s is not None:
        yield GaugeMetricFamily("mxm_backup_age_seconds", "Age of the newest good backup.", figures.backup_age_s)
    failing = GaugeMetricFamily("mxm_task_failing", "Whether a background task fails.", labels=["task"])
    yield _labelled(failing, {name: float(task.failing_since is not None) for name, task in figures.tasks.items()})
    ended = GaugeMetricFamily("mxm_task_ended_timestamp_seconds", "When a task ended last.", labels=["task"])
    yield _labelled(ended, {name: at for name, task in figures.tasks.items() if (at := task.ended_at) is not None})


def _labelled(family: _Family, values: Mapping[_Label, float]) -> _Family:
    for label, value in values.items():
        family.add_metric([str(label)], value)
    return family


routes = [Route("/metrics", metrics, methods=["GET"])]
