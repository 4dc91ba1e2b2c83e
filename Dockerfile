# Build with any builder: `docker build -t wuxi-direct .`; docs/operations.md says how it is run, and what was tried.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /venv
COPY requirements/base.txt /requirements.txt
# Nothing comes in but what has a hash that we have seen: wheels, and one package that is published as source alone.
RUN /venv/bin/pip install --require-hashes --only-binary :all: --no-binary django-haystack --no-deps -r /requirements.txt
WORKDIR /app
COPY . .
# With no environment these run as the demo would, on no database. The editor that Oscar brings is loaded by no page.
RUN /venv/bin/python manage.py messages --compile \
    && /venv/bin/python manage.py collectstatic --no-input --ignore "tinymce*" --verbosity 0 \
    && /venv/bin/python -m compileall -q shop logistics suppliers

FROM python:3.11-slim-bookworm
# pg_dump and pg_restore for `manage.py backup`, of the version that compose.yaml runs.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin shop
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BIND=0.0.0.0 PORT=8000 PRODUCTION=1
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
# Code and static files stay root's. The shop writes under var alone: pictures, mail in files, counters, beat's clock.
RUN mkdir -p var/media var/mail /backups && chown shop var var/media var/mail /backups
USER shop
EXPOSE 8000
# The web server's. The worker and beat answer no port, and compose.yaml turns this off for them.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-m", "shop.healthcheck"]
CMD ["gunicorn", "-c", "python:shop.gunicorn", "shop.wsgi"]
