#!/usr/bin/env bash
# Packs the library and uses it as a stranger would: from a local feed, in a fresh console project outside this tree whose
# first statement is a torch call of its own. Built, run and published in every way that users do. Needs NuGet only.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
version="0.1.0-ci.$(date +%s).$RANDOM"
packages=$(dotnet nuget locals global-packages --list | sed 's/^global-packages: *//')
trap 'chmod -R u+w "$work"; rm -rf "$work" "${packages%/}/llmcourse/$version"; rmdir "${packages%/}/llmcourse" 2> /dev/null || true' EXIT
chmod 755 "$work"
rid=$(dotnet msbuild eng/consumer/Consumer.csproj -getProperty:NETCoreSdkPortableRuntimeIdentifier)

step() { printf '%3ds  %s\n' "$SECONDS" "$*"; }
fail() { echo "check-package: $*" >&2; exit 1; }
# expect TEXT COMMAND...: the command succeeds and prints TEXT
expect() {
    local text=$1 output
    shift
    output=$("$@" 2>&1) || fail "$* failed: $output"
    grep -qF -- "$text" <<< "$output" || fail "$* printed no '$text': $output"
}
# As somebody who cannot write into the application's folder and has an empty cache.
stranger() {
    local who=()
    [ "$(id -u)" != 0 ] || who=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    "${who[@]}" env HOME=/nonexistent XDG_CACHE_HOME="$work/cache-$1" "${@:2}"
}

step "pack"
CI=true dotnet pack src/LlmCourse -c Release -o "$work/feed" -p:Version="$version" -v quiet --nologo
package="$work/feed/LlmCourse.$version.nupkg"
[ -f "$work/feed/LlmCourse.$version.snupkg" ] || fail "no symbol package"
listing=$(unzip -l "$package"; unzip -p "$package" LlmCourse.nuspec)
for part in lib/net10.0/LlmCourse.dll lib/net10.0/LlmCourse.xml PACKAGE.md buildTransitive/LlmCourse.targets \
    buildTransitive/LlmCourse.NativeStart.cs '<license type="expression">MIT</license>' '<readme>PACKAGE.md</readme>'; do
    grep -qF -- "$part" <<< "$listing" || fail "the package has no $part"
done

step "build and run a fresh project"
mkdir "$work/app"
cp eng/consumer/* "$work/app"
cd "$work/app"
# Properties that a user would not need: where the package is, and links instead of copies of half a gigabyte.
export LlmCourseVersion=$version RestoreAdditionalProjectSources=$work/feed NuGetAudit=false
export CreateHardLinksForCopyLocalIfPossible=true
dotnet build -c Release -v quiet --nologo
expect "torch says 6" dotnet run -c Release --no-build
expect "generated 3 tokens" dotnet run -c Release --no-build

step "publish, framework-dependent"
dotnet publish -c Release -r "$rid" --self-contained false -o "$work/dependent" -v quiet --nologo
expect "libtorch is $work/dependent/" dotnet "$work/dependent/Consumer.dll"

step "publish, self-contained"
dotnet publish -c Release -r "$rid" --self-contained -o "$work/contained" -v quiet --nologo
expect "torch says 6" env -u DOTNET_ROOT PATH=/usr/bin:/bin "$work/contained/Consumer"

step "a folder that cannot be written, two processes at once, an empty cache"
chmod a-w "$work/contained"
mkdir -m 777 "$work/cache-shared"
expect "torch says 6" stranger absent "$work/contained/Consumer"
expect "torch says 6" stranger shared "$work/contained/Consumer" &
first=$!
expect "torch says 6" stranger shared "$work/contained/Consumer"
wait "$first" || fail "the first of two processes at once"

step "an external libtorch, with and without one in the application"
mkdir "$work/libtorch"
cp "$work"/dependent/{libc10,libtorch,libtorch_cpu}.so "$work"/dependent/libgomp* "$work/libtorch"
export LLMCOURSE_LIBTORCH=$work/libtorch
expect "libtorch is $work/libtorch/" dotnet "$work/dependent/Consumer.dll"
rm "$work"/dependent/{libc10,libtorch,libtorch_cpu}.so
expect "libtorch is $work/libtorch/" dotnet "$work/dependent/Consumer.dll"

step "a failure says what was tried"
if output=$(LLMCOURSE_LIBTORCH=/nonexistent dotnet "$work/dependent/Consumer.dll" 2>&1); then
    fail "an absent libtorch went unnoticed"
fi
grep -q "NativeLibraryException: LLMCOURSE_LIBTORCH is '/nonexistent'" <<< "$output" || fail "an unclear failure: $output"

step "the package works"
