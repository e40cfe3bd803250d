#!/usr/bin/env bash
# Resolve pyproject.toml and requirements/*.in to requirements/*.lock, with hashes.
# Pins that still fit are kept; UPGRADE=1 moves everything to the newest release.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch/uv"
"$scratch/uv/bin/pip" install --quiet --disable-pip-version-check uv==0.13.9

compile() { # compile LOCK INPUT... : write requirements/LOCK
  local lock=requirements/$1
  shift
  "$scratch/uv/bin/uv" pip compile --quiet --config-file requirements/uv.toml \
    --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "make lock" \
    ${UPGRADE:+--upgrade} --output-file "$lock" "$@"
  printf 'wrote %s\n' "$lock"
}

# The development lock first: it holds everything, and the runtime lock takes its
# versions from it, so that one environment serves both.
compile dev.lock --extra dev pyproject.toml requirements/runtime.in
compile runtime.lock --constraint requirements/dev.lock --no-annotate \
  pyproject.toml requirements/runtime.in
compile build.lock requirements/build.in
