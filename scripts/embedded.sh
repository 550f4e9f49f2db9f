#!/usr/bin/env bash
# Installs the embedded store for the demo and the tests: a server run as a child process.
# The pinned beta is the fast one; where it has no wheel, or was withdrawn, the slower one does.
set -euo pipefail
cd "$(dirname "$0")/.."

install() {
    .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps \
        --only-binary secantusdb -r "requirements/$1.txt"
}

if ! install embedded 2>/dev/null; then
    echo "the pinned embedded store cannot be installed here; taking the slower fallback" >&2
    install embedded-fallback
fi
