#!/usr/bin/env bash
# Runs the ignored tests against the real parts: Fief 0.30.0 (PyPI) with its worker, Redis, nginx and
# Chromium (Debian), all on loopback; and clients for other languages (PyPI, npm) with fief-test-server.
#
#   tests/real.sh [ARGUMENT...]           arguments go to the test binaries, a filter for example
#   tests/real.sh --soak [ARGUMENT...]    load and crashes alone, ten minutes instead of two
#
# Needs Rust and Python 3.12 or 3.13; installs the rest under target/real once, and stops all it started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

REAL=$(realpath -m "${CARGO_TARGET_DIR:-target}")/real
RUN=$REAL/run
VENV=$REAL/venv
CLIENTS=$REAL/clients
PIDS=()

main() {
  mkdir -p "$REAL"
  exec 9>"$REAL/lock"
  flock -n 9 || die "another run uses $REAL"
  trap stop_all EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  timed install
  timed start
  timed seed
  timed run_tests "$@"
}

# timed STEP [ARGUMENT...]: runs it and says how long it took.
timed() {
  local began=$SECONDS
  "$@"
  say "$1: $((SECONDS - began)) s"
}

say() { printf 'real.sh: %s\n' "$*"; }
die() { printf 'real.sh: error: %s\n' "$*" >&2; exit 1; }

# ---- installing

install() {
  install_redis
  install_chromium
  install_nginx
  install_compose
  install_fief
  install_clients
}

install_redis() {
  if command -v redis-server >/dev/null; then REDIS=$(command -v redis-server); return; fi
  # Debian's redis-check-rdb is the whole server: the name it is called by decides.
  [ -x /usr/bin/redis-check-rdb ] || apt_install redis-tools
  [ -x /usr/bin/redis-check-rdb ] || die "redis-tools came without redis-check-rdb: install redis-server"
  REDIS=$REAL/redis-server
  ln -sf /usr/bin/redis-check-rdb "$REDIS"
}

# The tests start it themselves.
install_chromium() {
  command -v chromedriver >/dev/null || apt_install chromium-driver
  command -v chromedriver >/dev/null || die "chromium-driver came without chromedriver"
}

# The tests start it themselves. It is unpacked only: installed, it would serve port 80 to the network.
install_nginx() {
  NGINX=$(command -v nginx || command -v /usr/sbin/nginx || true)
  [ -z "$NGINX" ] || return 0
  NGINX=$REAL/nginx/usr/sbin/nginx
  [ ! -x "$NGINX" ] || return 0
  rm -f "$REAL"/nginx_*.deb
  apt_get nginx download nginx
  dpkg-deb -x "$REAL"/nginx_*.deb "$REAL/nginx"
  "$NGINX" -v 2>/dev/null || die "Debian's nginx does not run here: install it"
}

# It only reads a file, so no Docker is needed. Docker's own plugin or Debian's package.
install_compose() {
  COMPOSE="docker compose"
  ! $COMPOSE version >/dev/null 2>&1 || return 0
  COMPOSE=docker-compose
  command -v docker-compose >/dev/null || apt_install docker-compose
  $COMPOSE version >/dev/null 2>&1 || die "docker-compose does not run here"
}

apt_install() {
  apt_get "$1" install -y --no-install-recommends "$1"
}

# apt_get PACKAGE ARGUMENT...: in the folder of what is installed here; once more with new lists if they are too old.
apt_get() {
  local package=$1 root=() apt=(apt-get -o DPkg::Lock::Timeout=180 -qq)
  shift
  command -v apt-get >/dev/null || die "$package is missing, and there is no apt-get to install it with"
  [ "$(id -u)" = 0 ] || root=(sudo -n)
  export DEBIAN_FRONTEND=noninteractive
  (
    cd "$REAL"
    "${root[@]}" "${apt[@]}" "$@" || { "${root[@]}" "${apt[@]}" update && "${root[@]}" "${apt[@]}" "$@"; }
  ) >"$REAL/apt.log" 2>&1 || { tail -n 5 "$REAL/apt.log" >&2; die "apt-get could not install $package"; }
}

install_fief() {
  local python stamp
  stamp=$(sha256sum <tests/real/constraints.txt)
  [ "$(cat "$VENV/stamp" 2>/dev/null)" != "$stamp" ] || return 0
  python=$(find_python) || die "Fief needs Python 3.12 or 3.13 with venv, and none was found"
  rm -rf "$VENV"
  "$python" -m venv "$VENV"
  "$VENV/bin/python" -m pip install -q --disable-pip-version-check --no-deps -r tests/real/constraints.txt >"$REAL/pip.log" 2>&1 ||
    { tail -n 5 "$REAL/pip.log" >&2; die "pip could not install Fief"; }
  printf '%s\n' "$stamp" >"$VENV/stamp"
}

# Clients for Python and JavaScript, which the tests run against fief-test-server.
install_clients() {
  local stamp
  stamp=$(cat tests/real/clients/requirements.txt tests/real/clients/package-lock.json | sha256sum)
  [ "$(cat "$CLIENTS/stamp" 2>/dev/null)" != "$stamp" ] || return 0
  command -v node >/dev/null || apt_install nodejs
  command -v npm >/dev/null || apt_install npm
  node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || die "the clients for JavaScript need Node 20"
  rm -rf "$CLIENTS"
  mkdir -p "$CLIENTS/node"
  "$VENV/bin/python" -m venv "$CLIENTS/venv"
  "$CLIENTS/venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps -r tests/real/clients/requirements.txt >"$REAL/pip.log" 2>&1 ||
    { tail -n 5 "$REAL/pip.log" >&2; die "pip could not install the clients for Python"; }
  cp tests/real/clients/package.json tests/real/clients/package-lock.json "$CLIENTS/node/"
  npm ci --prefix "$CLIENTS/node" --ignore-scripts --no-audit --no-fund >"$REAL/npm.log" 2>&1 ||
    { tail -n 5 "$REAL/npm.log" >&2; die "npm could not install the clients for JavaScript"; }
  printf '%s\n' "$stamp" >"$CLIENTS/stamp"
}

# A shim of pyenv may be on the path and answer nothing, so each candidate is run.
find_python() {
  local candidate
  for candidate in python3.12 python3.13 python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[23].*/bin/python3; do
    if "$candidate" -c 'import ensurepip, sqlite3, ssl, sys, venv; sys.exit(sys.version_info[:2] not in ((3, 12), (3, 13)))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  return 1
}

# ---- starting

start() {
  rm -rf "$RUN"
  mkdir -p "$RUN"
  start_redis
  start_fief
  launch worker "$VENV/bin/python" tests/real/launcher.py run-worker -p 1 -t 1
}

start_redis() {
  REDIS_PORT=$(free_port)
  launch redis "$REDIS" --port "$REDIS_PORT" --bind 127.0.0.1 --save '' --appendonly no --dir "$RUN"
  wait_for redis "$REDIS_PORT" $'PING\r\n' '+PONG*'
}

start_fief() {
  FIEF_PORT=$(free_port)
  fief_settings
  launch fief "$VENV/bin/python" tests/real/launcher.py run-server --host 127.0.0.1
  wait_for fief "$FIEF_PORT" $'GET /healthz HTTP/1.0\r\n\r\n' 'HTTP/1.? 200*'
}

fief_settings() {
  local cookie
  FIEF_ENV=(
    ENVIRONMENT=development TELEMETRY_ENABLED=false LOG_LEVEL=WARNING PORT="$FIEF_PORT"
    SECRET="$(random)$(random)" ENCRYPTION_KEY="$(random | base64)" GENERATED_JWK_SIZE=2048
    DATABASE_TYPE=SQLITE DATABASE_LOCATION="$RUN" DATABASE_NAME=fief.db
    REDIS_URL="redis://127.0.0.1:$REDIS_PORT" EMAIL_PROVIDER=NULL
    FIEF_DOMAIN="127.0.0.1:$FIEF_PORT" FIEF_CLIENT_ID="$(random)" FIEF_CLIENT_SECRET="$(random)"
    FIEF_MAIN_ADMIN_API_KEY="$(random)" FIEF_MAIN_USER_EMAIL=admin@example.com FIEF_MAIN_USER_PASSWORD="$(random)"
  )
  # Fief is spoken to over plain http here, where secure cookies do not come back.
  for cookie in CSRF SESSION_DATA USER_LOCALE LOGIN_HINT LOGIN_SESSION REGISTRATION_SESSION SESSION FIEF_ADMIN_SESSION; do
    FIEF_ENV+=("${cookie}_COOKIE_SECURE=False")
  done
}

random() { head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
free_port() { "$VENV/bin/python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# launch NAME COMMAND...: in a process group of its own, which stop_all ends.
launch() {
  local name=$1
  shift
  env "${FIEF_ENV[@]}" setsid "$@" >"$RUN/$name.log" 2>&1 </dev/null 9>&- &
  PIDS+=($!)
}

# wait_for NAME PORT REQUEST PATTERN: until the answer's first line is as the pattern says, at most a minute.
wait_for() {
  local name=$1 port=$2 request=$3 pattern=$4 line pid=${PIDS[-1]} deadline=$((SECONDS + 60))
  while [ "$SECONDS" -lt "$deadline" ]; do
    line=
    if { exec 8<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null; then
      printf '%s' "$request" >&8
      read -r -t 5 line <&8 || true
      exec 8>&-
    fi
    # shellcheck disable=SC2053
    if [[ $line == $pattern ]]; then return; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 15 "$RUN/$name.log" >&2
  die "$name did not start"
}

stop_all() {
  local status=$? pid tries
  [ "$status" = 0 ] || say "the servers' logs are in $RUN"
  for pid in "${PIDS[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
  for pid in "${PIDS[@]}"; do
    for tries in {1..50}; do kill -0 -- "-$pid" 2>/dev/null || continue 2; sleep 0.1; done
    kill -KILL -- "-$pid" 2>/dev/null || true
  done
}

# ---- the run

seed() {
  local key
  key=$(printf '%s\n' "${FIEF_ENV[@]}" | sed -n 's/^FIEF_MAIN_ADMIN_API_KEY=//p')
  export FIEF_REAL_BASE_URL=http://127.0.0.1:$FIEF_PORT FIEF_REAL_ISSUER=https://127.0.0.1:$FIEF_PORT
  export FIEF_REAL_ADMIN_KEY=$key FIEF_REAL_WORKER_LOG=$RUN/worker.log FIEF_REAL_REDIS_URL=redis://127.0.0.1:$REDIS_PORT
  FIEF_REAL_SETTINGS=$(printf '%s\n' "${FIEF_ENV[@]}")
  export FIEF_REAL_SETTINGS FIEF_REAL_PYTHON=$VENV/bin/python FIEF_REAL_REDIS=$REDIS FIEF_REAL_NGINX=$NGINX FIEF_REAL_COMPOSE=$COMPOSE
  export FIEF_REAL_CLIENTS_PYTHON=$CLIENTS/venv/bin/python FIEF_REAL_CLIENTS_NODE=$CLIENTS/node
  "$VENV/bin/python" tests/real/seed.py tests/real/seed.json "$FIEF_REAL_BASE_URL" "$key" >"$RUN/clients.env"
  set -a
  # shellcheck source=/dev/null
  . "$RUN/clients.env"
  set +a
}

# Load and crashes come last, since they are measured, unless there are arguments.
run_tests() {
  if [ "${1:-}" = --soak ]; then
    FIEF_SOAK_SECONDS=600 run_test soak --nocapture --test-threads=1 "${@:2}"
    return
  fi
  run_suite "$@"
  [ $# != 0 ] || run_test soak --nocapture --test-threads=1
}

# Browsers, Fief and its worker share the machine with the tests. So up to three tests that need these and fail are run
# once more, alone. They are named, since each is a race of a test or of the code. No other test is run again.
run_suite() {
  local log=$RUN/suite.log status=0 failed name
  # Two threads: on SQLite, Fief answers one request at a time, and clients give up after five seconds.
  run_test suite --test-threads=2 "$@" > >(tee "$log") || status=$?
  ((status)) || return 0
  # tee is behind.
  sleep 2
  mapfile -t failed < <(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log")
  if ((${#failed[@]} == 0 || ${#failed[@]} > 3)); then return "$status"; fi
  for name in "${failed[@]}"; do
    [[ $name =~ ^(browser|proxy)::|(^|::)real:: ]] || return "$status"
  done
  say "once more, alone: ${failed[*]}"
  run_test suite --test-threads=1 --exact "${failed[@]}"
  say "passed the second time: ${failed[*]}"
}

# run_test BINARY ARGUMENT...: runs the ignored tests of it.
run_test() {
  local pid
  setsid cargo test --workspace --test "$1" --no-fail-fast -- --ignored "${@:2}" 9>&- &
  pid=$!
  PIDS+=("$pid")
  wait "$pid"
}

FIEF_ENV=()
main "$@"
