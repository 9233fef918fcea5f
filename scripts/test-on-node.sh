#!/usr/bin/env bash
# Runs the tests of what applications install (client and protocol) on other releases of Node, for example
# `scripts/test-on-node.sh 20 22 24`. They come from the npm registry, as the packages that the package `node` is made of, into
# .cache. A release that cannot be installed is skipped, and said so. Build first.
set -euo pipefail
cd "$(dirname "$0")/.."

package="node-$(node -p 'process.platform + "-" + process.arch')"
failed=0
for major in "$@"; do
  directory=".cache/node-$major"
  node="$directory/node_modules/$package/bin/node"
  if [ ! -x "$node" ]; then
    mkdir -p "$directory"
    npm install --no-save --no-audit --no-fund --loglevel=error --prefix "$directory" "$package@$major" || true
  fi
  if ! version="$("$node" --version 2>/dev/null)"; then
    echo "SKIPPED: the tests on Node $major, since $package@$major cannot be installed or run here" >&2
    continue
  fi
  echo "the tests of client and protocol on Node $version"
  "$node" scripts/test.mjs packages/client/ packages/protocol/ || failed=1
done
exit $failed
