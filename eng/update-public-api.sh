#!/usr/bin/env bash
# Rewrites src/LlmCourse/PublicAPI.Unshipped.txt: everything public that PublicAPI.Shipped.txt does not have.
set -euo pipefail
cd "$(dirname "$0")/.."
unshipped=src/LlmCourse/PublicAPI.Unshipped.txt
echo '#nullable enable' > "$unshipped"
export TrackPublicApi=true
dotnet restore src/LlmCourse -v quiet
dotnet format analyzers src/LlmCourse --no-restore --diagnostics RS0016 --severity warn
# One order, whatever the analyzer's, so that a difference shows what changed.
{ echo '#nullable enable'; grep -v -e '^#' -e '^$' "$unshipped" | LC_ALL=C sort -u; } > "$unshipped.new"
mv "$unshipped.new" "$unshipped"
dotnet build src/LlmCourse -v quiet --nologo
echo "$(($(wc -l < "$unshipped") - 1)) public members in $unshipped"
