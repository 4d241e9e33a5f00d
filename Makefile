# Two commands do everything: `make demo` and `make test`.
.PHONY: demo test web web-test rust-test story chromium

WEB_STAMP = web-ui/dist/index.html
WEB_SOURCES = $(shell find web-ui/src web-ui/public web-ui/index.html web-ui/package.json -type f 2>/dev/null)

# Features of all packages together, so that `make test` finds everything built already.
demo: web
	cargo build --locked --workspace --bins
	"$${CARGO_TARGET_DIR:-target}/debug/testnet" up --open

test: web web-test rust-test

web: $(WEB_STAMP)

$(WEB_STAMP): web-ui/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web-ui && npm run build

web-ui/node_modules/.package-lock.json: web-ui/package-lock.json
	cd web-ui && npm ci --no-audit --no-fund

web-test: web-ui/node_modules/.package-lock.json
	cd web-ui && npm test

rust-test: chromium
	cargo test --workspace --locked

# The browser tests drive the system's Chromium; Debian's package is installed where it is missing and root is given.
chromium:
	@test -x "$$JIAOLIAN_CHROMIUM" || command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; } \
	  || { echo "chromium is missing: install it with a Chinese font, or name one in JIAOLIAN_CHROMIUM" >&2; exit 1; }
