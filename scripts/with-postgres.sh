#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own on 127.0.0.1, whose address is in DAGRUN_TEST_POSTGRES; then takes it down.
# The command in DAGRUN_TEST_POSTGRES_STOP kills the server without warning, that in DAGRUN_TEST_POSTGRES_START starts it again.
# Installs the server from Debian's packages when it is missing (needs root).
set -euo pipefail

bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }
if [ -z "$(bin)" ]; then
  apt-get update -qq
  apt-get install -y -qq postgresql >/dev/null
fi
tools=$(bin)
folder=$(mktemp -d)
port=$(node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')

# The server refuses to run as root.
as_owner() {
  if [ "$(id -u)" = 0 ]; then su postgres -s /bin/bash -c "$*"; else bash -c "$*"; fi
}
if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
trap 'as_owner "$tools/pg_ctl -D $folder/data -m immediate stop" >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT

as_owner "$tools/initdb -D $folder/data -A trust -U dagrun" >/dev/null
start="$tools/pg_ctl -w -D $folder/data -o '-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder' -l $folder/log start"
stop="$tools/pg_ctl -D $folder/data -m immediate stop"
as_owner "$start" >/dev/null
as_owner "$tools/createdb -h 127.0.0.1 -p $port -U dagrun dagrun"
if [ "$(id -u)" = 0 ]; then
  start="su postgres -s /bin/bash -c \"$start\""
  stop="su postgres -s /bin/bash -c \"$stop\""
fi
export DAGRUN_TEST_POSTGRES_START="$start >/dev/null 2>&1" DAGRUN_TEST_POSTGRES_STOP="$stop >/dev/null 2>&1"
DAGRUN_TEST_POSTGRES="postgres://dagrun@127.0.0.1:$port/dagrun" "$@"
