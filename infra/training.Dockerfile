# The training image. SageMaker starts it as `<image> train` and lays the job in /opt/ml (see training/job.py); Lambda
# runs the retraining's steps on it, with the entry point ["python", "-m", "awslambdaric"] and the command
# training.steps.plan, .judge or .register.
#
# BASE is any image of Linux with Python 3.11 to 3.13, its venv module, and glibc 2.34 or newer. It is given from
# outside, so that each place builds from its own copy; infra/images.py builds one and this image on it. The process
# stays root on SageMaker, as its channels and /opt/ml are root's; it needs no more than to write there.
ARG BASE
FROM ${BASE} AS build

COPY . /src

# Compiled now: a container has no time to compile TensorFlow at each start, and on Lambda nowhere to write it.
# Unchecked: nothing in an image changes, so that no source needs to be read beside its compiled form.
# What installs stays in this stage: its own environment, and the caches.
RUN python3 -m venv /opt/uv \
    && /opt/uv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check uv==0.13.9 \
    && python3 -m venv --without-pip /opt/venv \
    && UV_SYSTEM_CERTS=true PYC_INVALIDATION_MODE=UNCHECKED_HASH /opt/uv/bin/uv pip install --quiet --no-cache \
        --compile-bytecode --python /opt/venv/bin/python --constraint /src/constraints.txt "/src[train]"

RUN /opt/uv/bin/uv pip list --quiet --python /opt/venv/bin/python --format freeze >/src/installed.txt \
    && grep -q '^tensorflow-cpu==' /src/installed.txt \
    && if grep -iE '^(torch|prophet|pytest|moto|pip|uv)\b' /src/installed.txt; then \
        echo 'these belong into no training image' >&2; exit 1; fi \
    && if command -v cc gcc clang; then echo 'the base has a compiler' >&2; exit 1; fi

FROM ${BASE}
COPY --from=build /opt/venv /opt/venv
# Where a job is mounted.
RUN mkdir /opt/ml
# Logs leave at once; a copy of the code in the working folder would hide the compiled one.
ENV PATH=/opt/venv/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    TF_CPP_MIN_LOG_LEVEL=2
WORKDIR /opt
ENTRYPOINT ["python", "-m", "training"]
CMD ["train"]
