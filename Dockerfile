# One image for every process: `python -m cli` and what docker-compose.yml adds to it.
FROM python:3.11-slim AS build
COPY requirements/run.txt /requirements.txt
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps \
        -r /requirements.txt \
 && /venv/bin/pip uninstall --yes --quiet pip setuptools

FROM python:3.11-slim
LABEL org.opencontainers.image.title="Amazon Orders & Fulfillment connector"
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin connector
COPY --from=build /venv /venv
WORKDIR /app
COPY pyproject.toml ./
COPY actors actors
COPY cli cli
COPY config config
COPY domain domain
COPY grafana grafana
COPY simulator simulator
COPY spapi spapi
COPY store store
# Which commit this is; connector_build_info shows it.
ARG REVISION=unknown
RUN echo "$REVISION" > REVISION
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    METRICS_HOST=0.0.0.0
USER 10001
# A process whose metrics do not answer has died, or hangs; Docker marks it, the alert ProcessDown tells.
HEALTHCHECK --interval=30s --timeout=5s --start-period=40s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('METRICS_PORT', '9191') + '/metrics', timeout=4).close()"]
ENTRYPOINT ["python", "-m", "cli"]
CMD ["--help"]
