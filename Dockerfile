# MXM in a container, without root. The volume /data holds the database and the key; docs/deployment.md has the settings.
FROM python:3.11-slim AS build
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir --require-hashes -r requirements-build.lock \
    && pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim
# In a layer of their own, so that a new release of MXM alone downloads nothing.
COPY requirements.lock /tmp/
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock
COPY --from=build /wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps /tmp/wheels/*.whl \
    && useradd --system --uid 10001 --create-home mxm \
    && install -d -m 700 -o mxm -g mxm /data
USER mxm
WORKDIR /data
VOLUME /data
ENV MXM_DATA_DIR=/data STREAMLIT_SERVER_ADDRESS=0.0.0.0 STREAMLIT_SERVER_PORT=8501
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
    CMD ["python", "-I", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/health', timeout=5)"]
CMD ["mxm", "serve"]
