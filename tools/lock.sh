#!/bin/sh
# Resolves requirements*.in into locks with hashes, for every platform and Python 3.12 on, and without index addresses.
set -eu
upgrade=${UPGRADE:+--upgrade}
for name in requirements requirements-dev; do
    # shellcheck disable=SC2086  # $upgrade is empty or one word
    .venv/bin/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links $upgrade "$name.in" --output-file "$name.txt"
done
