package tune

import (
	"math/rand/v2"

	"github.com/dvn-vk/dvn-vk/layers"
)

// blockLength of the random numbers that all tensors repeat: the largest prime below 2^20, so that neither images nor maps
// repeat with it.
const blockLength = 1<<20 - 3

// seed of numbers and samples: every check sees the same.
const seed = 12

// randomBlock is blockLength numbers from -1 to 1 with all the bits that a precision stores: sums of few bits would be exact in
// any order, and hide an order that changes. They are what kernels compute with, whether they read float32 or not: variants
// differ in what they read of the weights.
func randomBlock(p layers.Precision) []float32 {
	random, block := rand.New(rand.NewPCG(seed, 1)), make([]float32, blockLength)
	for i := range block {
		block[i] = 2*random.Float32() - 1
	}
	return p.Decode(p.Encode(block))
}

// operands are the numbers that a case computes with: each tensor starts somewhere in the block and goes round.
type operands struct {
	layers.ConvCase
	block []float32
}

// Where tensors start in the block.
func (operands) weightStart() int    { return 250_007 }
func (operands) xStart(head int) int { return 7_919 * (head + 1) }
func (operands) yStart(head int) int { return 500_009 + 7_919*(head+1) }

func (o operands) number(k int) float64 { return float64(o.block[k%blockLength]) }

// weight is physical weight k, x and y the tensors of a head.
func (o operands) weight(k int) float64 { return o.number(o.weightStart() + k) }

func (o operands) x(head int) func(n, i, j, c int) float64 {
	return o.tensor(o.Heads[head].X, o.xStart(head))
}

func (o operands) y(head int) func(n, i, j, c int) float64 {
	return o.tensor(o.Heads[head].Y, o.yStart(head))
}

func (o operands) tensor(a layers.Activations, start int) func(n, i, j, c int) float64 {
	return func(n, i, j, c int) float64 { return o.number(start + ((n*a.Size+i)*a.Size+j)*a.Maps + c) }
}

// weights are all physical weights, as the device gets them.
func (o operands) weights() []float32 {
	return o.copied(make([]float32, o.Conv.Weights()), o.weightStart())
}

// padded is a tensor with a halo of zeros, as the device gets it.
func (o operands) padded(a layers.Activations, start int) []float32 {
	out, row := make([]float32, a.Len()), a.Size*a.Maps
	for n := range a.Images {
		for i := range a.Size {
			at := place(a, n, i, 0, 0)
			o.copied(out[at:at+row], start+(n*a.Size+i)*row)
		}
	}
	return out
}

func (o operands) copied(to []float32, start int) []float32 {
	for done := 0; done < len(to); {
		done += copy(to[done:], o.block[(start+done)%blockLength:])
	}
	return to
}

// place is where the number of image n, row i, column j and map c lies in a tensor with its halo.
func place(a layers.Activations, n, i, j, c int) int {
	return ((n*(a.Size+2)+i+1)*(a.Size+2)+j+1)*a.Maps + c
}

// outputs are the tensors that the pass writes, none where it writes weights.
func (o operands) outputs() []layers.Activations {
	var all []layers.Activations
	for _, h := range o.Heads {
		switch o.Pass {
		case layers.Forward:
			all = append(all, h.Y)
		case layers.BackwardData:
			all = append(all, h.X)
		}
	}
	return all
}

// written is the precision of the output: gradients of weights are float32 in any.
func (o operands) written() layers.Precision {
	if o.Pass == layers.BackwardWeights {
		return layers.FP32
	}
	return o.Precision()
}

// inputs are the tensors that it reads, and where their numbers start.
func (o operands) inputs() (all []layers.Activations, starts []int) {
	for i, h := range o.Heads {
		if o.Pass != layers.BackwardData {
			all, starts = append(all, h.X), append(starts, o.xStart(i))
		}
		if o.Pass != layers.Forward {
			all, starts = append(all, h.Y), append(starts, o.yStart(i))
		}
	}
	return all, starts
}
