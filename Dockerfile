# The Interval process and the HTTP API, in one image: the command says which.
#     docker build -t flagstaff .
#     docker run flagstaff python -m api
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/flagstaff
COPY requirements/service.txt /source/requirements/
RUN /opt/flagstaff/bin/pip install --require-hashes --only-binary=:all: -r /source/requirements/service.txt
COPY pyproject.toml README.md LICENSE /source/
COPY sdk /source/sdk
COPY api /source/api
COPY cli /source/cli
COPY db /source/db
COPY interval_app /source/interval_app
RUN /opt/flagstaff/bin/pip install --no-deps --no-build-isolation /source/sdk /source \
    && /opt/flagstaff/bin/python -m compileall -q /opt/flagstaff/lib

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="Flagstaff" \
      org.opencontainers.image.description="Feature flags in your own account: the HTTP API and the Interval process" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin flagstaff
COPY --from=build /opt/flagstaff /opt/flagstaff
# Nothing is written at run time, so the root file system may be read-only.
ENV PATH=/opt/flagstaff/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8080
USER 10001:10001
WORKDIR /
EXPOSE 8080
CMD ["python", "-m", "api"]
