#!/bin/sh
# A sidecar before a provider, and a policy that comes and goes, as README.md beside this file tells.
#
#     sh examples/sidecar/run.sh [FOLDER OF THE BINARIES]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:-target/debug}" && pwd)
home=$(mktemp -d)
pids=
stop() { for pid in $pids; do kill "$pid" 2>/dev/null || true; done; wait; rm -r "$home"; }
trap stop EXIT
trap 'exit 1' INT TERM

registry="file:$home/registry"
service=org.wubbo.demo.EchoService:1.0.0
say() { printf '\n== %s\n' "$*"; }
# Waits until the file $1 holds the words $2.
until_said() {
    tries=0
    until grep -q "$2" "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || { cat "$1" >&2; exit 1; }
        sleep 0.1
    done
}
call() { "$bin/wubbo" call "$service" whoami --registry "$registry"; }
# Waits until a call ends with the status $1.
until_call() {
    tries=0
    until { call > "$home/answer" 2>&1 && status=0 || status=$?; } && [ "$status" -eq "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || { cat "$home/answer" >&2; exit 1; }
        sleep 0.1
    done
    cat "$home/answer"
}

say "the policy is compiled"
"$bin/wubbo" plugin build "$here/../cookbook/filter-readonly" -o "$home/readonly.wasm"

say "the sidecar at 20892, and the provider at 20891 that announces the sidecar's port"
mkdir "$home/plugins.d" "$home/registry"
cp "$here/sidecar.yaml" "$home/wubbo.yaml"
"$bin/wubbo" run -c "$home/wubbo.yaml" > "$home/sidecar.log" 2>&1 &
pids=$!
until_said "$home/sidecar.log" READY
DUBBO_PORT_TO_REGISTRY=20892 "$bin/echo-provider" --listen dubbo://127.0.0.1:20891 --registry "$registry" --name behind > "$home/provider.log" 2>&1 &
pids="$pids $!"
until_said "$home/provider.log" READY
"$bin/wubbo" registry ls --registry "$registry"

say "a consumer finds the provider"
until_call 0

say "the policy is dropped into the sidecar"
echo 'config: { methods: [whoami] }' > "$home/plugins.d/readonly.yaml"
mv "$home/readonly.wasm" "$home/plugins.d/readonly.wasm"
until_call 1

say "and taken away"
rm "$home/plugins.d/readonly.wasm"
until_call 0
