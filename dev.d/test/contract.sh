#!/usr/bin/env bash
# 22: the contract of the REST API: an OpenAPI document, whose examples and every answer of the API's tests are of their schemas
source "$(dirname "$0")/../stage.sh"

install_packages build test
# A nodejs from elsewhere than Debian brings its own, and cannot stand Debian's.
command -v npm >/dev/null || install_packages npm
build_targets test_api
check 'the document is OpenAPI 3.1, and its examples and every answer are of their schemas' "$root/tests/e2e/api/check.sh" "$build_dir"
finish
