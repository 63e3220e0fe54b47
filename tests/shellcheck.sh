#!/usr/bin/env bash
# Is every shell script clean?
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/files.sh
. "$here/files.sh"
cd "$here/.."

mapfile -t scripts < <(project_scripts)
shellcheck -x "${scripts[@]}"
