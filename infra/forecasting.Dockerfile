# The forecasting image: Lambda forecasts one series a call on it (see forecasting/project.py).
#
# BASE is any image of Linux with Python 3.11 to 3.13, its venv module, and glibc 2.34 or newer. It is given from
# outside, so that each place builds from its own copy; infra/images.py builds one and this image on it.
ARG BASE
FROM ${BASE} AS build

COPY . /src

# Compiled now: on Lambda the file system is read-only, so that every cold start would compile again what it imports.
# Unchecked: nothing in an image changes, so that no source needs to be read beside its compiled form.
RUN python3 -m venv /opt/uv \
    && /opt/uv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check uv==0.13.9 \
    && python3 -m venv --without-pip /opt/venv \
    && UV_SYSTEM_CERTS=true PYC_INVALIDATION_MODE=UNCHECKED_HASH /opt/uv/bin/uv pip install --quiet --no-cache \
        --compile-bytecode --python /opt/venv/bin/python --constraint /src/constraints.txt \
        "/src[forecast]"

RUN /opt/uv/bin/uv pip list --quiet --python /opt/venv/bin/python --format freeze >/src/installed.txt \
    && grep -q '^prophet==' /src/installed.txt \
    && if grep -iE '^(tensorflow|keras|torch|pytest|moto|pip|uv)\b' /src/installed.txt; then \
        echo 'these belong into no forecasting image' >&2; exit 1; fi \
    && if command -v cc gcc clang; then echo 'the base has a compiler' >&2; exit 1; fi

FROM ${BASE}
COPY --from=build /opt/venv /opt/venv
# Logs leave at once; a copy of the code in the working folder would hide the compiled one. Matplotlib and Stan write
# where alone Lambda lets them.
ENV PATH=/opt/venv/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /opt
ENTRYPOINT ["/opt/venv/bin/python", "-m", "awslambdaric"]
