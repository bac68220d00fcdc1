#!/bin/sh
# The project's test run, in each module as if there were no workspace:
# formatting, vet, staticcheck, tidy modules, generated files, a build without
# cgo, all tests under the race detector, those of hostile sizes at full size,
# each fuzz target for a moment, and the README's commands in the workspace. It
# needs Go, a C compiler (for -race), OpenDKIM and Mail::DKIM (peers that check
# signatures), Postfix and miltertest (for the milter), xmllint, redis-server,
# redis-sentinel, spamd, c-icap, p0f, clamd, bogofilter, sievec and rspamd; as
# root on Debian or Ubuntu it installs them itself.
#
#   FUZZTIME=60s ./test.sh     fuzz longer (default 2000x, whole scans 500x; 0 for none)
set -u
cd "$(dirname "$0")" || exit 1
started=$(date +%s)
root=$(pwd)
export GOWORK=off # a package that the workspace lends would not be missed
# All but the race detector does without cgo, so that what one step has compiled
# the next one finds in Go's cache.
export CGO_ENABLED=0
summary=
failed=

compiles() { printf '#include <stdlib.h>\nint main(void){return 0;}\n' | cc -x c -o "$log/a.out" - 2>/dev/null; }

# missing prints the Debian packages that the tests need and that are not here.
missing() {
	compiles || echo gcc libc6-dev
	PATH="$PATH:/usr/sbin" command -v opendkim >/dev/null || echo opendkim
	perl -MMail::DKIM -e 1 2>/dev/null || echo libmail-dkim-perl
	command -v xmllint >/dev/null || echo libxml2-utils
	PATH="$PATH:/usr/sbin" command -v postfix >/dev/null || echo postfix
	command -v miltertest >/dev/null || echo miltertest
	command -v redis-server >/dev/null || echo redis-server
	PATH="$PATH:/usr/sbin" command -v spamd >/dev/null || echo spamd
	command -v c-icap >/dev/null || echo c-icap
	PATH="$PATH:/usr/sbin" command -v p0f >/dev/null || echo p0f
	PATH="$PATH:/usr/sbin" command -v clamd >/dev/null || echo clamav-daemon
	command -v redis-sentinel >/dev/null || echo redis-sentinel
	command -v bogofilter >/dev/null || echo bogofilter
	command -v sievec >/dev/null || echo dovecot-sieve
	test -x /usr/lib/dovecot/imap || echo dovecot-imapd
	command -v rspamd >/dev/null || echo rspamd
}

need() {
	if ! command -v go >/dev/null; then
		echo "test.sh: needs Go 1.26 or later (https://go.dev/dl/)" >&2
		exit 1
	fi
	packages=$(missing | xargs)
	[ -z "$packages" ] && return
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "test.sh: needs these Debian packages (a C compiler for go test -race, and other implementations to test against): $packages" >&2
		exit 1
	fi
	echo "test.sh: installing $packages"
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get update -q && apt-get install -qy --no-install-recommends $packages; } >"$log/apt" 2>&1
	packages=$(missing | xargs)
	[ -z "$packages" ] && return
	cat "$log/apt"
	echo "test.sh: could not install $packages" >&2
	exit 1
}

# each COMMAND... runs the command in the library's module and in the programs'.
each() {
	for module in . examples; do
		(cd "$module" && "$@") || return 1
	done
}

# step NAME COMMAND... runs one step, notes how it went and goes on.
step() {
	name=$1
	shift
	printf '== %s\n' "$name"
	from=$(date +%s)
	if "$@"; then word=ok; else
		word=FAILED
		failed="$failed, $name"
	fi
	summary="$summary$(printf '%-28s %-7s %4d s' "$name" "$word" $(($(date +%s) - from)))
"
}

formatted() {
	out=$(gofmt -l . 2>&1)
	[ -z "$out" ] || { echo "not gofmt'ed:"; echo "$out"; return 1; }
}

staticchecked() { each go tool -modfile="$root/tools/go.mod" staticcheck ./...; }

tidy() { each go mod tidy -diff && (cd tools && go mod tidy -diff); }

built() { each go build ./...; }

# workspace runs what the README says, from the root.
workspace() (
	unset GOWORK
	go run ./examples/scan testdata/spam.eml >/dev/null &&
		go run ./examples/scan -explain testdata/ham.eml >/dev/null &&
		go build -o "$log/dms" ./examples/dms
)

checksums() { find . -type f \( -name '*.go' -o -name '*.md' -o -name '*.tsv' -o -name '*.txt' \) ! -path './.git/*' -exec cksum {} + | sort -k 3; }

generated() {
	checksums >"$log/before"
	each go generate ./... || return 1
	checksums >"$log/after"
	diff "$log/before" "$log/after" >"$log/diff" && return
	echo "go generate changed these files; commit them:"
	awk '/^[<>]/ { print $4 }' "$log/diff" | sort -u
	return 1
}

# tests has one package more under way than there are processors, as many of them
# wait for other processes. A program under the race detector sleeps for a second
# when it ends, for races of what still runs then; a twentieth of that is enough.
tests() {
	code=0
	: >"$log/tests"
	at_once=$(($(getconf _NPROCESSORS_ONLN) + 1))
	export GORACE="atexit_sleep_ms=50 ${GORACE:-}"
	for module in . examples; do
		(cd "$module" && CGO_ENABLED=1 go test -p "$at_once" -race -vet=off -shuffle=on -timeout 15m -v ./...) >>"$log/tests" 2>&1 || code=1
	done
	if [ $code != 0 ]; then
		grep -vE '^ *(=== (RUN|PAUSE|CONT|NAME)|--- PASS)|^PASS$' "$log/tests"
	else
		grep -E '^ok' "$log/tests"
	fi
	printf 'tests: %d passed, %d failed, %d skipped\n' \
		"$(grep -cE '^ *--- PASS' "$log/tests")" "$(grep -cE '^ *--- FAIL' "$log/tests")" "$(grep -cE '^ *--- SKIP' "$log/tests")"
	grep -B 1 -E '^ *--- SKIP' "$log/tests" | grep -vE '^ *(--|=== )' | sed 's/^ */  /'
	return $code
}

# work does at full size what the race detector makes too dear: steps counted
# and time held to growing as hostile inputs do, in the packages that use worktest.
work() {
	files=$(grep -rl 'worktest\.' --include='*_test.go' .)
	tests=$(awk '/^func Test/ { sub(/\(.*/, "", $2); name = $2 } /worktest\./ && name { print name }' $files | sort -u | xargs | tr ' ' '|')
	go test -vet=off -run "Work|Linear|Traps|Memory|Hostile|Refused|^($tests)\$" $(dirname $files | sort -u)
}

# fuzz_package fuzzes the targets of the package in a directory, which are built
# once, on one processor.
fuzz_package() {
	dir=$1 log=$2
	binary=$log/$(echo "$dir" | tr / _).test
	(cd "$dir" && go test -c -vet=off -ldflags='-s -w' -fuzz . -o "$binary" .) || return 1
	targets=$(cd "$dir" && "$binary" -test.list '^Fuzz') || { echo "$dir: no list of fuzz targets"; return 1; }
	kept=$binary.kept
	if [ -z "${FUZZTIME:-}" ]; then
		export GODEBUG=fuzzseed=1
	else
		kept=$(go env GOCACHE)/fuzz/$(cd "$dir" && go list .) || return 1
	fi
	for target in $targets; do
		times=${FUZZTIME:-2000x}
		case $target in
		FuzzWhole | FuzzDialogue) times=${FUZZTIME:-500x} ;; # scans and connections, not parsers
		esac
		if ! (cd "$dir" && "$binary" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$times" -test.parallel 1 -test.fuzzminimizetime 20x -test.fuzzcachedir "$kept") >"$binary.out" 2>&1; then
			cat "$binary.out"
			echo "fuzz target $target in $dir failed"
			return 1
		fi
		echo "$target" >>"$log/fuzzed"
	done
	rm -rf "$binary" "$binary.kept"
}

# Two packages are fuzzed at a time. The default is a number of inputs, not a
# time (go test -fuzz now and then fails with "context deadline exceeded" when
# its time is up) from a fixed seed, so that a second run of the same code tries
# the same; who fuzzes longer tries new ones from what Go's cache has kept.
fuzz() {
	grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' . | xargs -n 1 dirname | sort -u |
		xargs -n 1 -P 2 sh -c 'exec ./test.sh fuzz-package "$1" "$0"' "$log" || return 1
	echo "$(wc -l <"$log/fuzzed") fuzz targets, ${FUZZTIME:-2000x} each"
}

if [ "${1:-}" = fuzz-package ]; then # by fuzz
	fuzz_package "$2" "$3"
	exit
fi

log=$(mktemp -d) || exit 1
trap 'rm -rf "$log"' EXIT
trap 'exit 130' INT TERM

need
step "gofmt" formatted
step "go vet" each go vet ./...
step "staticcheck" staticchecked
step "go mod tidy" tidy
step "generated files" generated
step "build without cgo" built
step "workspace" workspace
step "tests (race, shuffled)" tests
step "work at full size" work
[ "${FUZZTIME:-2000x}" = 0 ] || step "fuzz targets" fuzz

printf '\n%s' "$summary"
if [ -n "$failed" ]; then
	echo "test.sh: FAILED: ${failed#, } ($(($(date +%s) - started)) s)"
	exit 1
fi
echo "test.sh: all steps passed ($(($(date +%s) - started)) s)"
