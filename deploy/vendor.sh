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

copy() { # copy PACKAGE FOLDER FILE…: into static/vendor/FOLDER, with the version
  local package=$work/node_modules/$1 target=static/vendor/$2
  shift 2
  mkdir -p "$target"
  (cd "$package" && cp "$@" "$OLDPWD/$target/")
  node -p "require('$package/package.json').version" >"$target/VERSION"
}

font=atkinson-hyperlegible-next
copy "@fontsource-variable/$font" "$font" files/"$font"-{latin,latin-ext}-wght-normal.woff2 LICENSE
copy "@fontsource/$font" "$font-static" files/"$font"-{latin,latin-ext}-{400,700}-normal.woff LICENSE # for PDF
for folder in "$font" "$font-static"; do
  mv "static/vendor/$folder/LICENSE" "static/vendor/$folder/OFL.txt"
done
copy qr qr decode.js index.js LICENSE LICENSE-MIT # finds QR codes in pictures
copy swagger-ui-dist swagger-ui swagger-ui-bundle.js swagger-ui.css LICENSE NOTICE # shows what the API can do
for file in static/vendor/swagger-ui/swagger-ui{-bundle.js,.css}; do # no maps, and no pictures our policy would refuse
  sed -E -e 's,/[/*]# sourceMappingURL=[^ *]*( \*/)?,,' \
    -e 's,url\("data:([^"\\]|\\.)*"\),none,g;s,url\(data:[^)]*\),none,g' "$file" >"$work/unmapped" && cp "$work/unmapped" "$file"
done
copy uplot uplot dist/uPlot.iife.min.js dist/uPlot.min.css LICENSE
(cd static/vendor && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
echo "static/vendor is as locked."
