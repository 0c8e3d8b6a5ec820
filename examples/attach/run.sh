#!/bin/sh
# Gateways in the path of a consumer application and out of it, as README.md beside this file tells.
#
#     sh examples/attach/run.sh [FOLDER OF THE BINARIES]
set -eu
bin=$(cd "${1:-target/debug}" && pwd)
home=$(mktemp -d)
pids=
stop() { for pid in $pids; do kill "$pid" 2>/dev/null || true; done; wait; rm -r "$home"; }
trap stop EXIT
trap 'exit 1' INT TERM
cd "$home"

registry='zookeeper://127.0.0.1:2191?session=4000'
service=org.wubbo.demo.EchoService:1.0.0
say() { printf '\n== %s\n' "$*"; }

say "ZooKeeper"
printf 'tickTime=200\ndataDir=data\nclientPort=2191\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n' > zoo.cfg
java -Xmx128m -cp /usr/share/java/zookeeper.jar org.apache.zookeeper.server.quorum.QuorumPeerMain zoo.cfg > zookeeper.log 2>&1 &
pids=$!
tries=0
until "$bin/wubbo" registry ls --registry "$registry" --timeout 1s 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 30 ] || { cat zookeeper.log >&2; exit 1; }
done

say "a provider and two gateways"
"$bin/echo-provider" --listen dubbo://127.0.0.1:20881 --registry "$registry" > provider.log 2>&1 &
pids="$pids $!"
for port in 20882 20883; do
    mkdir "$port"
    cat > "$port/wubbo.yaml" <<YAML
application: edge
registries: { main: { address: "$registry" } }
config_center: { address: "$registry" }
gateway: { listen: ["dubbo://127.0.0.1:$port"], services: ["org.wubbo.demo.*"] }
YAML
    "$bin/wubbo" run -c "$port/wubbo.yaml" > "$port/log" 2>&1 &
    gateway=$!
    pids="$pids $gateway"
done

set -- "$service" --gateway edge --registry "$registry"
say "what attach would write"
"$bin/wubbo" attach "$@" --consumer shop-web --dry-run
say "attached"
"$bin/wubbo" attach "$@" --consumer shop-web --gateways 2
"$bin/wubbo" registry ls --registry "$registry"

say "one gateway is killed: its entry leaves with its session"
kill -9 "$gateway"
sleep 6
"$bin/wubbo" registry ls --registry "$registry"

say "detached"
"$bin/wubbo" detach "$@" --pause 1s
"$bin/wubbo" registry ls --registry "$registry"
say "attaching would write the same again: nothing was left behind"
"$bin/wubbo" attach "$@" --consumer shop-web --dry-run
