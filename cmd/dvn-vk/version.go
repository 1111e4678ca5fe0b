package main

import (
	"fmt"
	"runtime"

	"github.com/dvn-vk/dvn-vk/bench"
)

// versionCmd prints what this program was built from.
type versionCmd struct{}

// Help shows an example.
func (versionCmd) Help() string {
	return `Example:

    dvn-vk version`
}

// Run prints a line on the program and one on the platform.
func (versionCmd) Run(c *console) error {
	fmt.Fprintf(c.out, "dvn-vk %s\n%s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// version is the module's version, and the commit where it was built from a checkout.
func version() string {
	text, commit := bench.Build()
	if commit != "" {
		text += " (commit " + commit + ")"
	}
	return text
}
