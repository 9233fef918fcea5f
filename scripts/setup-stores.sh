#!/bin/sh
# Installs servers of object stores, which tests of packages/delta run against, into .cache: an S3 server (versitygw)
# and a GCS server (fake-gcs-server) where there is Go, and an Azure server (azurite). Safe to run again. Tests skip and
# say so where one is missing.
set -u
cd "$(dirname "$0")/.."
status=0

install_go() {
  name=$1 module=$2 version=$3 package=$4
  if go version -m ".cache/bin/$name" 2>/dev/null | grep -q "mod[[:space:]]$module[[:space:]]$version[[:space:]]"; then
    echo "$name $version"
    return
  fi
  if GOBIN="$PWD/.cache/bin" go install "$package@$version" 2>.cache/setup-stores.log; then
    echo "$name $version"
  else
    tail -5 .cache/setup-stores.log >&2
    echo "$name could not be built: tests that need it will skip" >&2
    status=1
  fi
}

install_azurite() {
  version=$1
  if ! grep -q "\"version\": \"$version\"" .cache/azurite/node_modules/azurite/package.json 2>/dev/null; then
    mkdir -p .cache/azurite
    if ! npm install --prefix .cache/azurite --no-fund --no-audit --ignore-scripts --loglevel=error "azurite@$version"; then
      echo "azurite could not be installed: tests that need it will skip" >&2
      status=1
      return
    fi
  fi
  echo "azurite $version"
}

mkdir -p .cache/bin
if command -v go >/dev/null 2>&1; then
  install_go versitygw github.com/versity/versitygw v1.8.0 github.com/versity/versitygw/cmd/versitygw
  install_go fake-gcs-server github.com/fsouza/fake-gcs-server v1.56.1 github.com/fsouza/fake-gcs-server
else
  echo "no Go: tests that need an S3 or GCS server will skip" >&2
fi
install_azurite 3.35.0
exit $status
