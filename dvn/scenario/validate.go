package scenario

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/dvn-vk/dvn-vk/dvn/network"
)

// Bounds far beyond any use, so that arithmetic on valid configurations cannot overflow.
const (
	mostEpochs = 1_000_000
	mostBatch  = 65_536
	mostImages = 1_000_000_000
)

// Image sizes that folder and generated sets can be made in, in pixels.
const (
	leastSize = 8
	mostSize  = 1024
)

// Validate checks everything that can be known without a device or data; it expects the defaults to be filled in.
// The error has one line for each impossible value: key and reason.
func (c Config) Validate() error {
	problems := c.problems()
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

func (c Config) problems() []problem {
	var v validator
	v.name("name", c.Name)
	c.checkUnits(&v)
	v.oneOf("objective", c.Objective, "joint", "sequential")
	v.oneOf("bn", c.BN, "private", "shared", "batch")
	v.oneOf("trunk_mode", c.TrunkMode, "train", "eval")
	v.oneOf("loss_reduction", c.LossReduction, "sum", "mean")
	v.positive("temperature", c.Temperature)
	v.oneOf("teacher", c.Teacher, "top", "same")
	v.oneOf("precision", c.Precision, "fp32", "fp16")
	for i, pattern := range c.Frozen {
		v.text(fmt.Sprintf("frozen[%d]", i+1), pattern)
	}
	v.require(c.Seed <= math.MaxInt64, "seed", "%d is more than a TOML integer can be, %d", c.Seed, math.MaxInt64)
	v.between("checkpoint_every", c.CheckpointEvery, 0, mostImages)
	v.between("data.limit_train", c.Data.LimitTrain, 0, mostImages)
	v.between("data.limit_test", c.Data.LimitTest, 0, mostImages)
	c.Learning.check(&v)
	v.require(len(c.Tasks) > 0, "tasks", "there are none: begin each with [[tasks]]")
	for i := range c.Tasks {
		c.checkTask(&v, i)
	}
	return v.problems
}

// checkUnits checks the network's division: backbone, shares, levels and orders.
func (c Config) checkUnits(v *validator) {
	k := len(c.Units)
	if k < 1 || k > network.MaxUnits {
		v.require(false, "units", "%d units: a network has 1 to %d", k, network.MaxUnits)
		return
	}
	backbone, err := network.ParseBackbone(c.Backbone)
	switch {
	case c.Backbone == "":
		v.require(false, "backbone", "missing: write wrn-n-s, resnet-n or resnet-n-w, for example wrn-32-4")
	case err != nil:
		v.require(false, "backbone", "%v", err)
	default:
		err := backbone.CheckUnits(c.Units)
		v.require(err == nil, "units", "%v", err)
	}
	v.require(len(c.LevelUnits) > 0, "level_units", "there are no levels")
	before := 0
	for l, n := range c.LevelUnits {
		path := fmt.Sprintf("level_units[%d]", l+1)
		v.require(n > before, path, "%d units are not more than the %d of the level before", n, before)
		v.require(n <= k, path, "%d units are more than there are, %d", n, k)
		before = n
	}
	v.require(len(c.Orders) == len(c.Tasks), "orders", "there are %d for %d tasks: each task needs one", len(c.Orders), len(c.Tasks))
	for i, order := range c.Orders {
		path := fmt.Sprintf("orders[%d]", i+1)
		if len(order) < before || len(order) > k {
			v.require(false, path, "it has %d units: from %d, which the last level takes, to %d, all, are needed", len(order), before, k)
			continue
		}
		for at, u := range order {
			v.require(u >= 1 && u <= k, path, "unit %d is not one of 1 to %d", u, k)
			v.require(!slices.Contains(order[:at], u), path, "unit %d comes twice", u)
		}
	}
}

func (l Learning) check(v *validator) {
	v.oneOf("learning.preset", l.Preset, "wrn2016", "he2016", "own")
	v.between("learning.epochs", l.Epochs, 1, mostEpochs)
	v.positive("learning.lr", l.LR)
	before := 0.0
	for i, fraction := range l.Drops {
		path := fmt.Sprintf("learning.drops[%d]", i+1)
		v.require(fraction > before && fraction < 1, path, "%v is not between %v and 1: fractions of the epochs ascend", fraction, before)
		before = fraction
	}
	v.positive("learning.factor", l.Factor)
	v.require(l.Momentum >= 0 && l.Momentum < 1, "learning.momentum", "%v is not from 0 to below 1", l.Momentum)
	v.require(l.WeightDecay >= 0 && l.WeightDecay < 1, "learning.weight_decay", "%v is not from 0 to below 1", l.WeightDecay)
	v.between("learning.batch", l.Batch, 1, mostBatch)
}

// validator collects what is wrong.
type validator struct{ problems []problem }

func (v *validator) require(ok bool, path, reason string, args ...any) {
	if !ok {
		v.problems = append(v.problems, problem{path, fmt.Sprintf(reason, args...)})
	}
}

func (v *validator) oneOf(path, value string, choices ...string) {
	v.require(slices.Contains(choices, value), path, "%q is not one of %s", value, strings.Join(choices, ", "))
}

func (v *validator) between(path string, value, least, most int) {
	v.require(value >= least && value <= most, path, "%d is not from %d to %d", value, least, most)
}

// positive asks for a number that is above 0 in the float32 that the device works with, too.
func (v *validator) positive(path string, value float64) {
	v.require(value >= math.SmallestNonzeroFloat32 && value <= math.MaxFloat32, path, "%v is not a positive number", value)
}

// fileName is what every file system and shell takes as it is.
var fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

func (v *validator) name(path, value string) {
	v.require(fileName.MatchString(value), path, "%q is not a name of letters, digits, . _ - (100 at most) that begins with a letter or digit", value)
}

func (v *validator) text(path, value string) {
	v.require(value != "" && len(value) <= 200 && strings.IndexFunc(value, notPrintable) < 0, path, "%q is not a printable text of 1 to 200 bytes", value)
}
