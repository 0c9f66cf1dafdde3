#!/usr/bin/env bash
# Fetches what the pages load beside our own files, exactly as locked in deploy/vendor, and puts it
# with its licence into static/vendor. With --check it only compares, and fails on a difference.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ "${1:-}" = --check ]; then
  (cd static/vendor && sha256sum --check --quiet SHA256SUMS)
  exit
fi
command -v npm >/dev/null || { echo "make vendor needs npm." >&2; exit 1; }
cp deploy/vendor/{package.json,package-lock.json,.npmrc} "$work"
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --silent)

package=$work/node_modules/@fontsource-variable/atkinson-hyperlegible-next
target=static/vendor/atkinson-hyperlegible-next
mkdir -p "$target"
cp "$package/files/"atkinson-hyperlegible-next-{latin,latin-ext}-wght-normal.woff2 "$target/"
cp "$package/LICENSE" "$target/OFL.txt"
node -p "require('$package/package.json').version" >"$target/VERSION"
(cd static/vendor && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
echo "static/vendor is as locked."
