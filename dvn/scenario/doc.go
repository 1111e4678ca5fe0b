// Package scenario is what a user configures: a training run as a TOML file, the built-in ones of spec section 7
// among them, with every choice of the specification that is a configuration key.
// It reads strictly (unknown keys and impossible values are refused with their line), fills in defaults, and writes a
// complete, commented configuration back. It loads no data and knows no device: package dvn runs what is configured here.
package scenario
