# shellcheck shell=bash
# What the scripts share: saying what they do, and installing what is missing. Sourced, never run,
# from the root of the repository.

say() { printf '\n== %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }
has_any() { for name in "$@"; do if has "$name"; then return 0; fi; done; return 1; }

# Debian keeps the server's programs out of PATH.
has_postgres() {
  has initdb && return 0
  local folder
  for folder in /usr/lib/postgresql/*/bin; do [[ -x $folder/initdb ]] && return 0; done
  return 1
}

# The packages of those of the named things that are not here, one a line. What is not listed is a
# program with a package of its own name.
missing() {
  local thing
  for thing in "$@"; do
    case $thing in
      compiler) has_any cc gcc clang || echo build-essential ;;
      redis) has_any redis-server valkey-server || echo redis-server ;;
      postgres) has_postgres || echo postgresql ;;
      pgbouncer) has pgbouncer || [[ -x /usr/sbin/pgbouncer ]] || echo pgbouncer ;;
      browser)
        has_any chromium chromium-browser google-chrome google-chrome-stable || echo chromium
        has chromedriver || echo chromium-driver
        ;;
      podman)
        has podman || echo podman
        # Any runtime satisfies podman's package; runc works with old control groups too.
        has runc || [[ -x /usr/sbin/runc ]] || echo runc
        has catatonit || [[ -x /usr/libexec/podman/catatonit ]] || echo catatonit
        ;;
      networks)
        # What podman makes a network of, when a port is to be published.
        [[ -x /usr/lib/cni/bridge || -x /usr/lib/podman/netavark ]] ||
          echo containernetworking-plugins
        has iptables || [[ -x /usr/sbin/iptables ]] || echo iptables
        has ip || [[ -x /usr/sbin/ip ]] || echo iproute2
        ;;
      nix) has "${NIX:-nix}" || echo nix-bin ;;
      docker)
        has dockerd || [[ -x /usr/sbin/dockerd ]] || echo docker.io
        has docker-compose || docker compose version >/dev/null 2>&1 || echo docker-compose
        ;;
      python)
        has python3 || echo python3
        # Debian leaves the part that makes environments out of python3.
        python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || echo python3-venv
        ;;
      node)
        has node || echo nodejs
        has npm || echo npm
        ;;
      registry) has docker-registry || echo docker-registry ;;
      proxies)
        has nginx || [[ -x /usr/sbin/nginx ]] || echo nginx-light
        # What ingress-nginx escapes addresses with.
        [[ -f /usr/lib/nginx/modules/ngx_http_set_misc_module.so ]] ||
          echo libnginx-mod-http-set-misc
        has caddy || echo caddy
        has tinyproxy || echo tinyproxy
        ;;
      *) has "$thing" || echo "$thing" ;;
    esac
  done
}

install_missing() {
  local packages root=()
  mapfile -t packages < <(missing "$@")
  if ((${#packages[@]} == 0)); then return; fi
  say "installing: ${packages[*]}"
  if ! has apt-get; then
    echo "There is no apt-get here. Install what these Debian packages hold: ${packages[*]}" >&2
    return 1
  fi
  if ((EUID != 0)); then
    if ! has sudo; then
      echo "Neither root nor sudo. As root: apt-get install ${packages[*]}" >&2
      return 1
    fi
    root=(sudo)
  fi
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${packages[@]}"
  # Debian starts a server with its package. The tests start their own, on ports of their own.
  local package
  for package in "${packages[@]}"; do
    case $package in
      nginx-light) "${root[@]}" systemctl disable --now nginx >/dev/null 2>&1 || true ;;
      caddy | pgbouncer | docker-registry | tinyproxy)
        "${root[@]}" systemctl disable --now "$package" >/dev/null 2>&1 || true
        ;;
    esac
  done
}

# Puts the list of crates into the binary: for scanners (`cargo audit bin`, syft, trivy) and the SBOM.
install_auditable() {
  if cargo auditable --version >/dev/null 2>&1; then return; fi
  say "installing: cargo-auditable"
  cargo install --locked --version '^0.7' cargo-auditable
}

# What reads manifests as other people will: in an environment of its own below target/.
python_tools() {
  local wanted=tests/tools.txt folder=target/tools
  if cmp -s "$wanted" "$folder/installed.txt"; then return; fi
  say "installing: $(tr '\n' ' ' <"$wanted")"
  python3 -m venv --clear "$folder" &&
    "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" &&
    cp "$wanted" "$folder/installed.txt"
}

# What reads pages, and asks for tokens, as other people will: in a folder of its own below the Python tools, which come
# first because they clear theirs.
node_tools() {
  local wanted=tests/tools folder=target/tools/node
  if cmp -s "$wanted/package-lock.json" "$folder/installed.json"; then return; fi
  say "installing: axe-core, html-validate, oauth4webapi, openai"
  mkdir -p "$folder" &&
    cp "$wanted/package.json" "$wanted/package-lock.json" "$wanted/.npmrc" "$folder/" &&
    npm ci --prefix "$folder" --loglevel=error &&
    "$folder/node_modules/.bin/html-validate" --version &&
    cp "$wanted/package-lock.json" "$folder/installed.json"
}

# Installs the named things, the Python tools and, with `node`, those of Node. In CI (CI is set)
# nothing may be missing; elsewhere the tests that need it are skipped, and say so.
provide() {
  if [[ -n ${CI:-} ]]; then export AURA_TESTS_REQUIRE=1; fi
  local missed=0
  install_missing "$@" || missed=1
  python_tools || missed=1
  if [[ " $* " == *" node "* ]]; then node_tools || missed=1; fi
  if ((missed == 0)); then return; fi
  if [[ ${AURA_TESTS_REQUIRE:-} == 1 ]]; then return 1; fi
  echo "WARNING: going on without; the tests that need them are SKIPPED." >&2
}
