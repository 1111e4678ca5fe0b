package training

import (
	"errors"
	"time"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Observer is told what happens; functions that are nil are left out.
type Observer struct {
	Message   func(text string) // one line for people
	Epoch     func(EpochStart)
	Step      func(StepDone)
	EpochDone func(EpochDone)
}

// EpochStart begins an epoch. Everything counts from 1.
type EpochStart struct {
	Phase, Phases, Epoch, Epochs int
	Step, Steps                  int // steps done already, after a resume, and of the whole epoch
	Rate                         float64
}

// StepDone ends a step of an epoch. An image counts once a task.
type StepDone struct {
	Step, Steps, Images int
	Losses              map[dvn.HeadID]float32
}

// EpochDone ends an epoch, evaluation included.
type EpochDone struct {
	Phase, Epoch    int
	Rows            []EpochRow
	Seconds         float64           // of the run so far, in all sessions
	ImagesPerSecond float64           // of this epoch's training steps in this session
	LossScale       *layers.LossScale // at its end; nil in FP32
}

// EpochRow is what an epoch brought for one head. Accuracies in percent on the test split.
type EpochRow struct {
	Task, Level          int
	Name                 string
	Loss, Accuracy, Top5 float64
	HasTop5              bool // more than 20 classes
}

// Row is one line of the final table: a level of a task.
type Row struct {
	Task       int     `json:"task"`
	Level      int     `json:"level"`
	Name       string  `json:"name"`
	Units      []int   `json:"units"`
	Parameters int     `json:"parameters"` // convolution, stem and fully connected weights (spec section 6)
	Accuracy   float64 `json:"accuracy"`   // percent of the test images
	Top5       float64 `json:"top5,omitempty"`
	HasTop5    bool    `json:"-"`
	LatencyMS  float64 `json:"latency_ms"` // one image, head alone
	Images     int     `json:"images"`     // tested
}

// Profile adds up the operations of all steps by kind, the heaviest first.
type Profile struct {
	Steps      int
	Wall       bool // the host's clock: the device has no timestamps
	Total      time.Duration
	Operations []ProfileRow
}

// ProfileRow is one kind of operation.
type ProfileRow struct {
	Kind        string
	Count       int // in all steps
	Duration    time.Duration
	Share       float64 // of the total, 0 to 1
	GFLOPS, GBS float64
}

// Summary is what a finished training leaves.
type Summary struct {
	Dir             string
	Rows            []Row
	Steps           int               // of the run, skipped ones included
	LossScale       *layers.LossScale // at its end; nil in FP32
	Profile         *Profile          // nil where none was asked for
	AlreadyFinished bool              // a resume had nothing to do
}

// ErrInterrupted is returned where the context ended: the step was finished and a checkpoint written.
var ErrInterrupted = errors.New("interrupted")

func (o Observer) message(text string) {
	if o.Message != nil {
		o.Message(text)
	}
}
