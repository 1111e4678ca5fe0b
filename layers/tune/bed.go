package tune

import (
	"time"

	"github.com/dvn-vk/dvn-vk/layers"
)

// bed is where candidates are tried: a device, or what a test makes up.
type bed interface {
	// candidates are the variants that can run a case, preferred the one that suits the kind of device.
	candidates(c layers.ConvCase) []layers.Variant
	preferred(c layers.ConvCase) layers.Variant
	// fits says what a variant needs at the case's own batch that the device has not.
	fits(c layers.ConvCase, v layers.Variant) error
	// open lays out the operands of a case.
	open(o operands) (site, error)
}

// site is a case on a bed.
type site interface {
	// run runs the pass once by a variant, which is built at first, and the preparation of its weights.
	run(v layers.Variant) (lap, error)
	// poison writes NaN wherever the pass may write.
	poison() error
	// output is what the last run left, halos included.
	output() ([]float32, error)
	close()
}

// lap is how long a run took.
type lap struct{ preparation, pass time.Duration }
