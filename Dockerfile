# The server, and the command line with it. `docker build -t logystera .`, then README, "Docker".
ARG BASE=debian:12-slim
# A base with ccache and what it has kept makes the same program sooner.
ARG BUILD_BASE=${BASE}

FROM ${BUILD_BASE} AS build
WORKDIR /source
# The same list ./dev installs by, without PHP, which builds the agent, and without the compiler's cache.
COPY dev.d/packages.txt dev.d/packages.txt
RUN apt-get update \
  && sed -n '/^\[build\]/,/^\[test\]/p' dev.d/packages.txt | grep -vE '^(\[|#|php|ccache|$)' \
    | xargs apt-get install --yes --no-install-recommends
# What .dockerignore lets through.
COPY . .
# The file it makes beside the program: which packages have the libraries it is linked with.
RUN cmake -S . -B build -G Ninja -DBUILD_TESTING=OFF \
  && ninja -C build logystera \
  && strip build/logystera \
  && ldd build/logystera | grep -oE '/[^ ]+\.so[^ ]*' | xargs -n 1 realpath \
    | xargs -n 1 sh -c 'dpkg-query --search "$1" 2>/dev/null || dpkg-query --search "${1#/usr}"' _ \
    | cut -d : -f 1 | sort -u > build/packages

FROM ${BASE}
COPY --from=build /source/build/packages /tmp/packages
RUN apt-get update \
  && xargs apt-get install --yes --no-install-recommends ca-certificates tzdata < /tmp/packages \
  && rm -rf /var/lib/apt/lists/* /tmp/packages \
  && groupadd --gid 1001 logystera \
  && useradd --uid 1001 --gid 1001 --home-dir /data --no-create-home --shell /usr/sbin/nologin logystera \
  && mkdir --mode=0700 /data && chown logystera:logystera /data
COPY --from=build /source/build/logystera /usr/local/bin/logystera
COPY packaging/docker/logystera-entry /usr/local/bin/logystera-entry
USER 1001:1001
WORKDIR /data
VOLUME /data
ENV HOME=/data LOGYSTERA_CONFIG=/data/config.yaml
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["logystera", "health", "http://127.0.0.1:8080"]
ENTRYPOINT ["logystera-entry"]
