package tune

import "github.com/dvn-vk/dvn-vk/layers"

// Source says where a choice comes from.
type Source string

// Sources of a choice.
const (
	Measured Source = "measured" // just now
	Cached   Source = "cache"    // measured earlier
	Default  Source = "default"  // not measured: what suits the kind of device
)

// Result is the choice for one case.
type Result struct {
	Case       layers.ConvCase
	Count      int // convolutions of the network that have this shape
	Winner     layers.Variant
	Source     Source
	Candidates []Candidate // that were tried, the fastest first, refused ones last
}

// Candidate is what one variant has come to in a case.
type Candidate struct {
	Variant layers.Variant `json:"variant"`
	MS      float64        `json:"ms,omitempty"`      // of the whole pass, from the shortest run
	GFLOPS  float64        `json:"gflops,omitempty"`  // of the direct sum in that time
	Error   float64        `json:"error,omitempty"`   // the largest that was found, in parts of what is allowed
	Refused string         `json:"refused,omitempty"` // why it cannot win; empty for one that can
	// Lost: the device was lost over it, so it is not tried again.
	Lost bool `json:"lost,omitempty"`
}

// Plan is the choices of results as kernels follow them, defaults included.
func Plan(results []Result) layers.Plan {
	plan := layers.Plan{}
	for _, r := range results {
		plan[r.Case.Key()] = r.Winner
	}
	return plan
}
