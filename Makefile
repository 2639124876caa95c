# make run    an office to try: builds the exchange, invents its accounts, prints them, runs until Ctrl-C
# make test   every test, those with sipp and real telephones (baresip) included; installs these two where they are missing
# make check  what .ci/run asks for before the tests: format, lints, licences
# make bench  parsing, the engine, the relay

OFFICE ?= var/office
CARGO ?= cargo
VAIHDE = target/release/vaihde

.PHONY: run test check bench build-tools

run: build-tools
	$(CARGO) build --locked --release --bin vaihde
	$(VAIHDE) setup $(OFFICE)
	$(VAIHDE) run $(OFFICE)

test: build-tools
	scripts/test-tools
	$(CARGO) test --locked --workspace

check: build-tools
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	scripts/deny

bench: build-tools
	$(CARGO) bench --locked --package vaihde-benches

build-tools:
	@scripts/build-tools
