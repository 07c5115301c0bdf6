# One image for every role; `docker compose up` runs them.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    OILCAN_HOME=/var/lib/oilcan

WORKDIR /opt/oilcan
COPY requirements.txt pyproject.toml README.md LICENSE ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY config ./config
COPY edge ./edge
COPY ingest ./ingest
COPY conditions ./conditions
COPY maintenance ./maintenance
COPY api ./api
COPY oilcan ./oilcan
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
 && useradd --system --home-dir /var/lib/oilcan --create-home oilcan

USER oilcan
RUN python -m oilcan.compile_rules
VOLUME /var/lib/oilcan
EXPOSE 8080
ENTRYPOINT ["oilcan"]
CMD ["--help"]
