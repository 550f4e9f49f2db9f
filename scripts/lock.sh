#!/usr/bin/env bash
# Writes requirements/*.txt from pyproject.toml: every version pinned, every file with its hash,
# for all platforms, and without naming where packages come from.
set -euo pipefail
cd "$(dirname "$0")/.."

lock() {
    local name=$1
    shift
    .venv/bin/uv pip compile pyproject.toml --quiet --python-version 3.11 --universal \
        --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
        --prerelease if-necessary-or-explicit "$@" --output-file "requirements/$name.txt"
    echo "requirements/$name.txt"
}

# UPGRADE=1 takes newer versions; without it only what pyproject.toml asks for changes.
upgrade=()
if [ -n "${UPGRADE:-}" ]; then upgrade=(--upgrade); fi

lock run ${upgrade[@]+"${upgrade[@]}"}
lock dev --extra dev --constraints requirements/run.txt ${upgrade[@]+"${upgrade[@]}"}
lock embedded --extra embedded --constraints requirements/run.txt ${upgrade[@]+"${upgrade[@]}"}
lock embedded-fallback --extra embedded-fallback --constraints requirements/run.txt ${upgrade[@]+"${upgrade[@]}"}
