#!/usr/bin/env bash
# Makes the virtual environment .venv with a Python between 3.11 and 3.13, or any newer one.
# PYTHON=... chooses another interpreter.  Works with the bash 3.2 that macOS ships.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

version_of() { "$1" -c 'import sys; print("%d%02d" % sys.version_info[:2])' 2>/dev/null || echo 0; }

find_python() {
    local candidate version newest=""
    for candidate in python3 python3.13 python3.12 python3.11; do
        version=$(version_of "$candidate")
        # The embedded store has no wheel for a Python above 3.13, so those come last.
        if [ "$version" -ge 311 ] && [ "$version" -le 313 ]; then
            echo "$candidate"
            return
        fi
        if [ "$version" -gt 313 ]; then newest=$candidate; fi
    done
    echo "$newest"
}

if [ -z "${PYTHON:-}" ] && [ "$(version_of .venv/bin/python)" -ge 311 ]; then
    exit 0 # A working one is there already.
fi

python=${PYTHON:-$(find_python)}
if [ -z "$python" ] || [ "$(version_of "$python")" -lt 311 ]; then
    say "Python 3.11 or newer is needed and ${python:-none} is not it." \
        "Install one (Debian: apt install python3 python3-venv; macOS: brew install python@3.13)" \
        "or name it: make PYTHON=/path/to/python3 ..."
    exit 1
fi

with_venv() { "$python" -m venv --clear .venv >/dev/null 2>&1; }

with_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "installing Debian's venv module for $python"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv" >/dev/null
    with_venv
}

with_virtualenv() {
    local tool
    tool=$(mktemp -d)
    "$python" -m pip install --quiet --target "$tool" virtualenv >/dev/null 2>&1 &&
        PYTHONPATH="$tool" "$python" -m virtualenv --quiet --clear .venv
    local done=$?
    rm -rf "$tool"
    return $done
}

if with_venv || with_apt || with_virtualenv; then
    exit 0
fi
rm -rf .venv
say "$python cannot make a virtual environment: its venv module is missing." \
    "Install it (Debian: sudo apt install python3-venv) and run make again."
exit 1
