# MXM in a container, without root, on a file system that may be read-only. The volume /data holds the database and the
# key; docs/deployment.md has the settings.
FROM python:3.11-slim-bookworm AS build
WORKDIR /opt/mxm
# In a layer of its own, so that a new release of MXM alone downloads nothing.
COPY script/prepare script/
COPY requirements.lock ./
RUN script/prepare requirements.txt
COPY . /src
RUN python -m venv /build \
    && /build/bin/pip install --no-cache-dir --require-hashes -r /src/requirements-build.lock \
    && /build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels /src \
    && .venv/bin/pip install --no-cache-dir --no-deps /wheels/*.whl

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --home-dir /data --no-create-home mxm \
    && install -d -m 700 -o mxm -g mxm /data
COPY --from=build /opt/mxm/.venv /opt/mxm/.venv
USER 10001:10001
WORKDIR /data
VOLUME /data
ENV PATH=/opt/mxm/.venv/bin:$PATH MXM_DATA_DIR=/data STREAMLIT_SERVER_ADDRESS=0.0.0.0 STREAMLIT_SERVER_PORT=8501
EXPOSE 8501
# That the process answers, not that its database does: another start would not repair a disk.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-I", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/live', timeout=5)"]
# `mxm serve` becomes the server itself, which therefore gets SIGTERM, and ends what is in flight within 30 seconds.
CMD ["mxm", "serve"]
