# The service alone; its database stands beside it (docker-compose.yml). Image of about 250 MB.
FROM python:3.13-slim AS packages
RUN python -m venv /opt/aibc
COPY requirements/service.lock /tmp/service.lock
RUN /opt/aibc/bin/pip install --no-cache-dir --require-hashes -r /tmp/service.lock

FROM python:3.13-slim
# uid 10001: a name is needed by nothing here, but a fixed number helps with volumes.
RUN useradd --uid 10001 --create-home --home-dir /var/lib/aibc aibc
COPY --from=packages /opt/aibc /opt/aibc
COPY src /opt/aibc/app/src
COPY migrations /opt/aibc/app/migrations
COPY catalog /opt/aibc/app/catalog
ENV PATH=/opt/aibc/bin:$PATH \
    PYTHONPATH=/opt/aibc/app/src \
    PYTHONUNBUFFERED=1 \
    AIBC_DATA_DIR=/var/lib/aibc/data \
    HOST=0.0.0.0 \
    PORT=8000
RUN python -m compileall -q /opt/aibc/app/src
USER aibc
WORKDIR /var/lib/aibc
VOLUME /var/lib/aibc/data
EXPOSE 8000
# SIGTERM drains within ten seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD \
    ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/health\", timeout=2)"]
CMD ["python", "-m", "aibc", "serve"]
