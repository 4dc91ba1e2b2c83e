"""What whoever runs the shop asks it: alive, ready, how busy."""

import dataclasses

import redis
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django_prometheus.exports import ExportToDjangoView
from health_check import HealthCheck
from health_check.checks import Database
from health_check.exceptions import HealthCheckException, ServiceWarning

from suppliers.base.access import everybody


@everybody
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@dataclasses.dataclass
class Bell(HealthCheck):
    """Redis, which only rings: without it work waits for the sweep, and buyers still buy."""

    def run(self) -> None:
        url = settings.REDIS_URL.replace("redis+socket://", "unix://")
        if url.startswith("memory:"):
            return
        try:
            with redis.Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=0.5) as client:
                client.ping()
        except (redis.RedisError, OSError) as error:
            raise ServiceWarning("no Redis: what is due in the background waits") from error


@everybody
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready to serve: 200 while the database answers. A missing Redis is reported and takes nothing away."""
    lines, status = [], 200
    for check in (Database(), Bell()):
        said = "OK"
        try:
            check.run()
        except HealthCheckException as error:
            said = str(error)
            if not isinstance(error, ServiceWarning):
                status = 503
        lines.append(f"{type(check).__name__}: {said}\n")
    return HttpResponse("".join(lines), content_type="text/plain; charset=utf-8", status=status)


@everybody
def metrics(request: HttpRequest) -> HttpResponse:
    """Counters for Prometheus, to this machine and to county staff; 404 to everybody else."""
    is_local = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1") and "HTTP_X_FORWARDED_FOR" not in request.META
    if not (is_local or (request.user.is_authenticated and request.user.is_staff)):
        raise Http404
    return ExportToDjangoView(request)
