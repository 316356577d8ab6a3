# The training image. SageMaker starts it as `<image> train` and lays the job in /opt/ml (see training/job.py).
#
#   buildah bud --isolation chroot --layers=false --build-arg BASE=<image> -f infra/training.Dockerfile -t dermacast-training .
#
# BASE is any image of Debian's kind with Python 3.11 to 3.13 and its venv module; it is given from outside, so that
# each place builds from its own copy. The process stays root, as SageMaker's channels and /opt/ml are root's.
ARG BASE
FROM ${BASE}

ENV PATH=/opt/venv/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    TF_CPP_MIN_LOG_LEVEL=2

COPY . /tmp/dermacast

# Compiled now: a container has no time to compile TensorFlow at each start, and on Lambda nowhere to write it.
# What installs goes again: the image is only what runs.
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check uv==0.13.9 \
    && /opt/venv/bin/uv pip install --quiet --no-cache --compile-bytecode --python /opt/venv/bin/python \
        --constraint /tmp/dermacast/constraints.txt "/tmp/dermacast[train]" \
    && /opt/venv/bin/python -m pip uninstall --quiet --yes uv \
    && rm -rf /tmp/dermacast

# A copy of the code in the working folder would hide the compiled one.
WORKDIR /opt
ENTRYPOINT ["python", "-m", "training"]
CMD ["train"]
