#!/bin/sh
# From nothing to a live plugin: three commands, run in the folder of a wubbo.yaml while `wubbo run` serves from there.
#
#     sh examples/new-plugin.sh [ADMIN]
#
# ADMIN is the gateway's admin address; without it http://127.0.0.1:9090. Needs `wubbo` on PATH and the Rust toolchain, and nothing
# of the repository that this file comes from.
set -eu
admin=${1:-http://127.0.0.1:9090}
since=$(date +%s)

wubbo plugin new filter tenant
wubbo plugin build tenant -o plugins.d/tenant.wasm
# A gateway sees the file within a quarter of a second; a busy machine is given more.
tries=0
until wubbo plugin list --admin "$admin" | grep 'filter/tenant .* live'; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "filter/tenant is not live; what the gateway logged says why" >&2; exit 1; }
    sleep 0.2
done

echo "from nothing to live in $(($(date +%s) - since)) s"
