#!/bin/sh
# A provider and a consumer that find each other at a registry; both end with this script.
#
#     sh examples/quickstart.sh zookeeper://127.0.0.1:2181
#     sh examples/quickstart.sh etcd://127.0.0.1:2379
#
# Needs the Rust toolchain and a running registry; for etcd also `protoc` (Debian: protobuf-compiler and libprotobuf-dev).
set -eu
registry=${1:-}
case $registry in
    zookeeper://*) kind=zookeeper ;;
    etcd://* | etcd3://* | etcdv3://*) kind=etcd ;;
    *)
        echo "usage: sh $0 zookeeper://HOST:PORT | etcd://HOST:PORT" >&2
        exit 2
        ;;
esac
cd "$(dirname "$0")/.."

# The light form, which builds without wasmtime.
cargo build -p echo-provider -p echo-consumer --no-default-features --features "echo-provider/$kind,echo-consumer/$kind"
programs=${CARGO_TARGET_DIR:-target}/debug
ready=$(mktemp)
"$programs/echo-provider" --listen dubbo://127.0.0.1:0 --registry "$registry" --name quickstart > "$ready" &
provider=$!
trap 'kill $provider; wait $provider || true; rm -f "$ready"' EXIT
until grep -q READY "$ready"; do
    kill -0 $provider
    sleep 0.1
done
cat "$ready"
"$programs/echo-consumer" --registry "$registry" --case whoami
"$programs/echo-consumer" --registry "$registry" --case getUser --count 100
