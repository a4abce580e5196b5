# Sourced by the scripts beside it: installing Debian packages without asking, where that is allowed.

# Whether packages may be installed here: Debian's tool is there, and we are root or may be without a password.
may_install() {
  command -v apt-get >/dev/null && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }
}

# install PACKAGE...: quiet unless it fails.
install() {
  local as_root=() log
  [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
  log="$(mktemp)"
  echo "Installing Debian packages: $*" >&2
  if "${as_root[@]}" apt-get update -qq </dev/null >"$log" 2>&1 &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "$@" </dev/null >>"$log" 2>&1; then
    rm -f "$log"
    return 0
  fi
  cat "$log" >&2
  rm -f "$log"
  return 1
}
