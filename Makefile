# The README's two commands. Each installs the Debian packages that are missing, so that a fresh machine with Swift
# needs nothing else.

SPANSTORM = .build/release/spanstorm
PACKAGES = zlib1g-dev libssl-dev openssl pkg-config python3
SCENARIO = scenarios/chat-broadcast.yaml

.PHONY: demo test build packages
.DEFAULT_GOAL := demo

# The main job: a passing run against the reference server, then the same run with a fault that is caught.
demo: build
	@echo "== The reference server, as it should be:"
	$(SPANSTORM) run $(SCENARIO) --reference --for 5s
	@echo "== The same server, leaking each message's trace context into later work:"
	@$(SPANSTORM) run $(SCENARIO) --reference --for 5s --fault context-leak; \
	status=$$?; test $$status -eq 1 || { echo "expected exit status 1 (fail), got $$status"; exit 1; }
	@echo "== Caught: 'spanstorm run' ended with 1, and says above which span leaked from which message."

# The tests, with the ones that compare with swift-protobuf; product by product, because that package would otherwise
# build its compiler as well.
test: export SPANSTORM_ORACLE = 1
test: packages
	swift build --product spanstorm
	swift build --product benchmarks
	swift build --product spanstormPackageTests
	swift test --skip-build

build: packages
	swift build -c release --product spanstorm

packages:
	@missing=""; \
	for package in $(PACKAGES); do \
	  dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing"; \
	  run=""; [ "$$(id -u)" = 0 ] || run=sudo; \
	  $$run apt-get update -qq && $$run apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
