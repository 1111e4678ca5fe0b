// Command generate writes docs/benchmarks.md from the results in bench/results. With -check it reports a page that is not what
// it would write. It runs in the top folder of the repository.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/dvn-vk/dvn-vk/bench/results"
)

const page = "docs/benchmarks.md"

func main() {
	check := flag.Bool("check", false, "compare the page with the results, write nothing")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	all, err := results.Load(os.DirFS("bench/results"))
	if err != nil {
		return err
	}
	text := results.Page(all, results.Targets)
	if !check {
		return os.WriteFile(page, text, 0o644)
	}
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	if !bytes.Equal(old, text) {
		return errors.New(page + " is not of the results in bench/results: make benchmarks")
	}
	return nil
}
