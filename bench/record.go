package bench

// What a record can be of. Whole steps alone are WhatTrain, so that the sum over a list of records means something.
const (
	WhatTrain           = "train"                 // a whole joint training step
	WhatInfer           = "infer"                 // one level alone
	WhatForward         = "conv-forward"          // one convolution
	WhatBackwardData    = "conv-backward_data"    // the gradient of its input
	WhatBackwardWeights = "conv-backward_weights" // the gradient of its weights
	WhatOp              = "op"                    // anything else: Name says what
)

// Record is one measurement with every sample. Its JSON names are those of docs/json.md, and say the unit of measure; what a
// record has nothing to say of is absent. Columns describes each.
type Record struct {
	What      string    `json:"what"`              // one of the constants above
	Name      string    `json:"name,omitempty"`    // of an op: its kind in a step, or ceiling-... of a device
	Shape     string    `json:"shape,omitempty"`   // of a convolution: Shape.String
	Variant   string    `json:"variant,omitempty"` // of a convolution's kernels, where it was forced
	Backbone  string    `json:"backbone,omitempty"`
	Units     []float64 `json:"units,omitempty"` // shares
	Classes   []int     `json:"classes,omitempty"`
	Size      int       `json:"size,omitempty"`    // side of the images in pixels
	Level     int       `json:"level"`             // from 1; 0: none
	Params    int       `json:"params"`            // weights of convolutions, stems and fully connected layers
	Density   float64   `json:"density,omitempty"` // Params over those of the top level
	Batch     int       `json:"batch"`             // images of a task
	Precision string    `json:"precision"`
	Kernels   string    `json:"kernels,omitempty"` // how kernels are chosen, and the lanes of a workgroup

	MedianMS         float64 `json:"median_ms"`
	MeanMS           float64 `json:"mean_ms"`
	StdMS            float64 `json:"std_ms"` // of a sample, n-1
	MinMS            float64 `json:"min_ms"`
	ImgPerS          float64 `json:"img_per_s,omitempty"`          // at the median; an image counts once a task
	GFLOPS           float64 `json:"gflops,omitempty"`             // 1e9 operations a second, an FMA being two: at the median, of a ceiling at the minimum
	GBPerS           float64 `json:"gb_per_s,omitempty"`           // 1e9 bytes a second, likewise
	ShareOfPeak      float64 `json:"share_of_peak,omitempty"`      // GFLOPS over the device's measured FMA rate
	ShareOfBandwidth float64 `json:"share_of_bandwidth,omitempty"` // GBPerS over the device's measured copy bandwidth
	ShareOfStep      float64 `json:"share_of_step,omitempty"`      // of an op: its part of all operations of a step
	SpeedUp          float64 `json:"speed_up,omitempty"`           // of a level: the top level's time at the same batch over this one's
	Accounted        float64 `json:"accounted,omitempty"`          // of a step, with timestamps: all its operations over its wall time
	Calls            int     `json:"calls,omitempty"`              // of an op: how often in a step
	Bytes            uint64  `json:"bytes,omitempty"`              // that an op moves
	MemoryBytes      uint64  `json:"memory_bytes,omitempty"`       // on the device
	Best             bool    `json:"best,omitempty"`               // of a level's batch sizes
	Drift            float64 `json:"drift,omitempty"`              // last third over first third less 1, where there is a trend; 0: none
	WarmUp           int     `json:"warm_up,omitempty"`            // runs before the samples, not counted

	Origin

	SamplesMS []float64 `json:"samples_ms"`
}

// Origin is where and how a record was measured.
type Origin struct {
	Device     string `json:"device"`
	DeviceType string `json:"device_type,omitempty"` // as dvn-vk devices has it
	Driver     string `json:"driver"`                // name and version in the driver's own words
	API        string `json:"api,omitempty"`         // version of Vulkan
	Threads    int    `json:"threads,omitempty"`     // of a device that is a CPU
	Version    string `json:"version,omitempty"`     // of dvn-vk
	Commit     string `json:"commit,omitempty"`      // that it was built from; + where there were changes
	Go         string `json:"go,omitempty"`
	OS         string `json:"os,omitempty"`    // system and architecture
	CPU        string `json:"cpu,omitempty"`   // of the host
	Clock      string `json:"clock,omitempty"` // what the system tells of its clock's state
	Date       string `json:"date,omitempty"`  // RFC 3339
	Command    string `json:"command,omitempty"`
}
