# Everything is a target here: `make help` lists them. Go builds the program; the scripts are in .ci.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help run test build lint format variants race windows shaders check-shaders fuzz bench benchmarks

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' Makefile

run: ## install what is missing, build, and train two small tasks on generated images
	.ci/install run
	$(MAKE) -s build
	bin/dvn-vk train quick

# Desktop layers (overlays, recorders) stay out of the tests; the validation layer's messages become errors.
test: ## install what is missing and run all tests; TESTFLAGS=-short and the like go to go test
	.ci/install test
	VK_LOADER_LAYERS_DISABLE='~implicit~' DVNVK_VALIDATION=1 go test -timeout 20m $(TESTFLAGS) ./...

build: ## build bin/dvn-vk
	go build -o bin/dvn-vk ./cmd/dvn-vk

lint: ## check format, length, go vet, golangci-lint and shell scripts
	.ci/lint

format: ## format Go, C and GLSL sources
	gofmt -w .
	git ls-files --cached --others --exclude-standard '*.c' '*.h' '*.comp' '*.glsl' | xargs clang-format -i

VARIANTS ?= winograd gemm
variants: ## run the networks' tests with each of VARIANTS (winograd gemm) forced on; on CPUs small networks do without by themselves
	for variant in $(VARIANTS); do \
	  VK_LOADER_LAYERS_DISABLE='~implicit~' DVNVK_VALIDATION=1 DVNVK_CONV_VARIANT=$$variant go test -timeout 20m ./dvn ./dvn/fixture || exit; \
	done

race: ## run the tests of what is concurrent under the race detector
	VK_LOADER_LAYERS_DISABLE='~implicit~' go test -race -short -timeout 20m ./data/... ./gpu/...

windows: export CGO_ENABLED := 1
windows: export GOOS := windows
windows: export GOARCH := amd64
windows: export CC := x86_64-w64-mingw32-gcc
windows: ## build and vet for Windows, with mingw-w64
	go build ./...
	go vet ./...

NEWER ?= glslangValidator
shaders: ## compile the shaders: SPIR-V and manifest, both committed; NEWER is a glslang 14 for those with cooperative matrices
	go run ./shaders/generate -newer '$(NEWER)'

check-shaders: ## check that the committed SPIR-V and manifest are those of the sources
	go run ./shaders/generate -check

FUZZTIME ?= 20s
fuzz: ## run each fuzz test for FUZZTIME (20s)
	.ci/fuzz $(FUZZTIME)

bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

benchmarks: ## write docs/benchmarks.md from the results in bench/results
	go run ./bench/results/generate
