# Every target that has a "## " line is listed by `make help`.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
LDFLAGS := -X main.version=$(VERSION)

# Built first, for this machine: go tool would build it for GOOS.
STATICCHECK := bin/staticcheck
FUZZTIME ?= 15s
KILLS ?= 30
SEEDS ?= 2000
FROM ?= 1

# Tests that drive a browser or real processes measure time, and simulations need it:
# without the race detector, one package at a time. Everything else runs with it.
SLOW := /ops/internal/(e2e|gallery|mixed|workload|drill)$$
SIMULATION := ./node/internal/simulation
GALLERY := ops/internal/gallery
.DEFAULT_GOAL := help

.PHONY: help build skewed deb wasm demo test test-deps lint fmt bench bench-client bench-blocks bench-record bench-backup bench-release bench-failover drills seeds fuzz screenshots clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | sort | awk -F '\t' '{printf "  %-13s %s\n", $$1, $$2}'

build: wasm ## Build the browser client and bin/tvilling, which carries it
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/tvilling ./ops/cmd/tvilling

skewed: wasm ## Build bin/tvilling-skewed, whose clock can be moved, for the drill clock-skew; it is no release
	$(GO) run ./ops/internal/skewed -out bin/tvilling-skewed -version '$(VERSION)'

deb: build ## Make bin/tvilling.deb: the binary, units with sockets, alerts, dashboard and runbooks
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 0) ./ops/deploy/debian/build bin/tvilling '$(VERSION)' bin/tvilling.deb

wasm: ## Build the browser client alone
	$(GO) run ./wasm/cmd/build

demo: build ## Run five nodes on this machine with the test patients; Ctrl-C ends it and leaves nothing
	./bin/tvilling demo

test: test-deps lint wasm ## Install what the tests need, lint, and run every test
	$(GO) test -race -timeout 15m $$($(GO) list ./... | grep -vE '$(SLOW)|$(SIMULATION:.%=%)$$')
	$(GO) test -timeout 5m -tags level1 ./raftfsm/...
	$(GO) test -timeout 5m -tags level1 -run '^TestStores' ./node
	$(GO) test -count=1 -timeout 15m $(SIMULATION) -seeds=$(SEEDS)
	$(GO) test -count=1 -p 1 -timeout 20m $$($(GO) list ./... | grep -E '$(SLOW)')

# A browser for the tests, and npm, which brings what judges its pages. As root on Debian
# they are installed; else say so.
test-deps: ## Install Chromium, npm and axe-core, as root on Debian, where they are not
	@missing=; command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing='chromium fonts-dejavu-core'; \
	  command -v npm >/dev/null || missing="$$missing nodejs npm"; \
	  [ -z "$$missing" ] || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; \
	  else echo "make test: needed and not here: $$missing. Install them (Debian: apt-get install $$missing) and run again" >&2; exit 1; fi
	@cd $(GALLERY) && { cmp -s package-lock.json node_modules/.installed || { npm ci --silent --no-audit --no-fund && cp package-lock.json node_modules/.installed; }; }

lint: ## gofmt, go vet, staticcheck and the project's own rules (ops/lint)
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs -r ls -d 2>/dev/null | xargs -r gofmt -l); if [ -n "$$unformatted" ]; then echo "gofmt: run make fmt for:" $$unformatted >&2; exit 1; fi
	$(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet ./wasm/...
	$(GO) build -modfile=ops/lint/tools/go.mod -o $(STATICCHECK) honnef.co/go/tools/cmd/staticcheck
	$(STATICCHECK) ./...
	GOOS=js GOARCH=wasm $(STATICCHECK) ./wasm/...
	$(GO) test -count=1 ./ops/lint/...

fmt: ## Format every Go file
	git ls-files -co --exclude-standard '*.go' | xargs -r gofmt -w

bench: build ## Measure a cluster of five processes: a table and bin/bench.json
	@rm -f bin/bench-browser.json
	TVILLING_BENCH=$(CURDIR)/bin $(GO) test -count=1 -timeout 5m -run '^TestMeasureBrowser$$' ./ops/internal/bench
	./bin/tvilling bench --only senders,openers,mixed,kills --browser bin/bench-browser.json --json bin/bench.json

bench-client: wasm ## Measure the browser's program beside one that does nothing: starts, frames, search, memory: a table and bin/bench-client.json
	@mkdir -p bin
	TVILLING_BENCH_CLIENT=$(CURDIR)/bin $(GO) test -count=1 -timeout 10m -run '^TestMeasureClient$$' -v ./ops/internal/bench

bench-blocks: build ## Measure BLOCKS blocks (default 200) to the emptied page under 50 open views: a table and bin/bench-blocks.json
	TVILLING_BENCH=$(CURDIR)/bin TVILLING_BENCH_BLOCKS=$(BLOCKS) $(GO) test -count=1 -timeout 60m -run '^TestMeasureBlocks$$' ./ops/internal/bench

bench-record: ## Measure what the record costs, its proofs and their verifying, with a million entries
	$(GO) test -count=1 -run '^TestMatrix$$' -v ./node/internal/access | grep cases
	$(GO) test -run '^$$' -bench '^BenchmarkVerify' -benchtime 3x -timeout 60m ./ops/internal/logproof
	$(GO) test -run '^$$' -bench '^BenchmarkAuditedOpen$$' -benchtime 3000x -timeout 60m ./node/internal/session
	$(GO) test -run '^$$' -bench '^BenchmarkTree$$' -benchtime 2000x -timeout 60m ./raftfsm

bench-backup: ## Measure a backup to a sealed file, its verifying and its restoring, of MIB (default 1024) of state: seconds and MB/s
	TVILLING_BACKUP_MIB=$(or $(MIB),1024) $(GO) test -count=1 -run '^$$' -bench '^BenchmarkBackup$$' -benchtime 1x -timeout 60m ./node

drills: build bin/tvilling-next ## Run every drill on clusters of its own: a table, and reports in bin/drills (as root with nft: real networks and disks)
	./bin/tvilling drill run --all --binary bin/tvilling-next --reports bin/drills

bench-release: build bin/tvilling-next ## Measure a release of five nodes under 64 openers, 16 senders and 500 open views: a table, and a report in bin/release
	./bin/tvilling drill run release --binary bin/tvilling-next --openers 64 --senders 16 --streams 500 --reports bin/release

bench-failover: build ## Measure how long nobody can open a patient after each of KILLS (default 30) kills of the leader
	./bin/tvilling bench --only kills --kills $(KILLS) --json bin/bench-failover.json

seeds: ## Run SEEDS (default 2000) simulated clusters under faults, in virtual time, from FROM (default 1)
	$(GO) test -count=1 -timeout 60m -v -run 'TestSeeds$$' $(SIMULATION) -seeds=$(SEEDS) -from=$(FROM)

# The same program under another version, for a release to have something to do.
.PHONY: bin/tvilling-next
bin/tvilling-next: wasm
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-X main.version=$(VERSION)-next' -o $@ ./ops/cmd/tvilling

fuzz: ## Fuzz every decoder for FUZZTIME each (default 15s)
	@set -e; for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

screenshots: test-deps wasm ## Picture every state of the client into bin/gallery (open its index.html), and the best into ops/docs/images
	TVILLING_GALLERY=$(CURDIR)/bin/gallery TVILLING_PICTURES=$(CURDIR)/ops/docs/images $(GO) test -count=1 -run '^TestPictures$$' -timeout 15m ./$(GALLERY)

clean: ## Remove everything that was built
	rm -rf bin && git clean -fqX wasm/site/files
	$(GO) clean -testcache
