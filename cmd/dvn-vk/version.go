package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
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

// version is the module's version, and the revision where it was built from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "of unknown origin"
	}
	text := info.Main.Version
	if text == "" {
		text = "(devel)"
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = ", modified"
		}
	}
	if revision == "" {
		return text
	}
	return fmt.Sprintf("%s (revision %s%s)", text, revision, modified)
}
