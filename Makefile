# Thin names for the commands; ./test.sh is the whole run.

.PHONY: test check generate bench fuzz new-check

test: ## everything, as CI does
	./test.sh

check: ## the quick ones: no race detector, no fuzzing
	@test -z "$$(gofmt -l .)" || { echo "not gofmt'ed:"; gofmt -l .; exit 1; }
	@for m in . examples; do (cd $$m && \
		GOWORK=off go vet ./... && \
		GOWORK=off go tool -modfile=$(CURDIR)/tools/go.mod staticcheck ./... && \
		GOWORK=off go test ./...) || exit 1; done

generate: ## docs/symbols.md
	go generate ./...

bench:
	go test -run '^$$' -bench . -benchmem ./...

fuzz: ## all targets for a minute each
	FUZZTIME=60s ./test.sh

new-check: ## NAME=x: a new family checks/x with its fixture
	@test -n "$(NAME)" || { echo "usage: make new-check NAME=family"; exit 1; }
	go run ./internal/newcheck "$(NAME)"
