# The image of web and worker: nothing that builds, nothing that is secret, nothing written at run time.
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /app

# Wheels only, each by its hash: the image needs no compiler, and the environment no pip.
COPY requirements.txt ./
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --only-binary :all: --require-hashes --requirement requirements.txt

COPY . .

# The four names only have to be set for this; none of the values reaches the image. Bytecode is made here because
# the file system of a container may be read-only.
RUN DJANGO_SETTINGS_MODULE=purelaka.settings_prod \
    PURELAKA_NO_ENV_FILE=1 \
    SECRET_KEY=throw-away-value-for-the-static-files-0123456789-abcdefghijklmnop \
    ALLOWED_HOSTS=shop.example \
    STRIPE_SECRET_KEY=sk_test_throw_away \
    STRIPE_WEBHOOK_SECRETS=whsec_throw_away \
    /venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && /venv/bin/python -m compileall -q .


FROM python:3.13-slim

ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PURELAKA_NO_ENV_FILE=1 \
    DJANGO_SETTINGS_MODULE=purelaka.settings_prod \
    MEDIA_ROOT=/media \
    EXPORTS_ROOT=/exports \
    WEB_CONCURRENCY=2

RUN groupadd --system --gid 10001 purelaka \
    && useradd --system --uid 10001 --gid purelaka --home-dir /app --no-create-home --shell /usr/sbin/nologin purelaka \
    && install --directory --owner purelaka --group purelaka /media /exports

COPY --from=build /venv /venv
COPY --from=build /app /app

WORKDIR /app
USER 10001:10001
VOLUME ["/media", "/exports"]
EXPOSE 8000
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "tools.healthcheck"]

# WEB_CONCURRENCY sets the number of processes, GUNICORN_CMD_ARGS anything else. Connections are kept longer than a
# proxy keeps them, so that it is never the shop that closes one which is about to be used.
CMD ["gunicorn", "purelaka.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--threads", "4", \
     "--timeout", "60", "--graceful-timeout", "30", "--keep-alive", "75", "--worker-tmp-dir", "/dev/shm", \
     "--no-control-socket"]
