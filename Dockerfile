# IMS Gateway, with other commands its callout process and its stand-in IMS Connect, in one image. How to run it, and what was
# proven about it: docs/container.md.
#
# The base needs glibc and a python3 of 3.11 to 3.13 with venv; any registry's, your own, or one made with
# debootstrap. Both stages use the same one, as the virtual environment points to its interpreter.
ARG BASE=python:3.12-slim


FROM ${BASE} AS builder

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /build

# pip lives in an environment of its own, so that the one which is shipped has none.
RUN python3 -m venv /build/tools \
 && python3 -m venv --without-pip /opt/imsgw

# Settings for the way to the packages (index, proxy, certificates) come as build secrets, so that no layer
# and no history keeps them; without them pip's own defaults hold.
COPY requirements/runtime.txt deploy/build-requirements.txt /build/
RUN --mount=type=secret,id=pip.conf,target=/run/secrets/pip.conf \
    --mount=type=secret,id=ca.pem,target=/run/secrets/ca.pem \
    export PIP_CONFIG_FILE=/run/secrets/pip.conf \
 && tools/bin/pip install --require-hashes --requirement build-requirements.txt \
 && tools/bin/pip wheel --no-deps --require-hashes --no-build-isolation --wheel-dir wheels --requirement runtime.txt

# The example home goes into the wheel, for `imsgw demo`.
COPY pyproject.toml README.md LICENSE gateway.toml standin.toml /build/source/
COPY gateway /build/source/gateway
COPY bundles /build/source/bundles
COPY wsdl /build/source/wsdl
RUN tools/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir wheels /build/source

# Compiled once, for good: nothing can write byte code at run time, and a copy that changes file times
# (layers, reproducible builds) must not make every start compile again.
# What the dependencies bring for their own tests, for compilers and for databases that no journal is in is left out.
RUN tools/bin/pip --python /opt/imsgw/bin/python install --no-index --no-deps --no-compile wheels/*.whl \
 && cd /opt/imsgw/lib/python3*/site-packages \
 && rm -rf Cryptodome/SelfTest greenlet/tests lxml/includes spyne/test sqlalchemy/testing \
      sqlalchemy/dialects/mssql sqlalchemy/dialects/mysql sqlalchemy/dialects/oracle \
 && cd /build \
 && /opt/imsgw/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/imsgw/lib
COPY --chmod=0644 deploy/healthcheck.py /opt/imsgw/healthcheck.py

# What is in the image, for whoever has to know: CycloneDX. The base's packages too, as the stage below has the same base.
COPY deploy/sbom.py /build/
RUN tools/bin/python sbom.py /opt/imsgw/lib/python3*/site-packages /opt/imsgw/sbom.cdx.json \
 && chmod 0644 /opt/imsgw/sbom.cdx.json


FROM ${BASE}

ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.title="IMS Gateway" \
      org.opencontainers.image.description="SOAP web services with WS-Security in front of IBM IMS Connect" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# One fixed user, in the root group for platforms that choose the uid themselves and leave only that group.
# Without set-uid programs nothing in here gives its caller more rights than the caller came with.
RUN echo "imsgw:x:10001:10001:IMS Gateway:/var/lib/imsgw:/usr/sbin/nologin" >> /etc/passwd \
 && echo "imsgw:x:10001:" >> /etc/group \
 && mkdir -p /etc/imsgw /var/lib/imsgw \
 && chown 10001:0 /var/lib/imsgw \
 && chmod 0770 /var/lib/imsgw \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +

COPY --from=builder /opt/imsgw /opt/imsgw

ENV PATH=/opt/imsgw/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    IMSGW_HOME=/etc/imsgw \
    IMSGW_STATE=/var/lib/imsgw \
    IMSGW_LISTEN_HOST=0.0.0.0

USER 10001:10001
WORKDIR /etc/imsgw
VOLUME /var/lib/imsgw
EXPOSE 8443 9443 9444
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/opt/imsgw/bin/python", "-I", "/opt/imsgw/healthcheck.py"]
ENTRYPOINT ["imsgw"]
CMD ["serve"]
