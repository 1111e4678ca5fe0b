package layers

import "github.com/dvn-vk/dvn-vk/gpu"

// A winogradRun is a run of images whose V and M fit a cache: the passes of one run follow each other before those of the next,
// in the same memory.
type winogradRun struct {
	first int        // image
	heads []ConvHead // those that have such images, cut to them
	of    []int      // which of the convolution's heads each is
}

// winogradCache is the number of bytes that V and M of a run take together on a CPU, where beyond the caches the transforms wait
// for memory (docs/performance.md). GPUs want everything at a time.
const winogradCache = 8 << 20

// ForCache are the same kernels for a cache of so many bytes: on a CPU the sums of the weights' gradients follow its runs.
func (k *Kernels) ForCache(bytes int) *Kernels {
	other := *k
	other.cache = bytes
	return &other
}

// winogradRuns cuts the heads' images into runs of the same length, which are whole rows of the product.
func (k *Kernels) winogradRuns(heads []ConvHead) []winogradRun {
	most, maps, size := 0, 0, heads[0].X.Size
	for _, h := range heads {
		most = max(most, h.X.Images)
		maps += h.X.Maps + h.Y.Maps
	}
	images := most
	if k.Device.Info.Type == gpu.CPU {
		tiles, multiple := k.winogradRows(1, size)
		least := multiple / greatestCommonDivisor(multiple, tiles)
		if k.precision == FP16 {
			least += least % 2 // an image of halves may end in the middle of 8 bytes
		}
		images = max(1, k.cache/(floatBytes*winogradPositions*tiles*maps)/least) * least
	}
	var runs []winogradRun
	for first := 0; first < most; first += images {
		run := winogradRun{first: first}
		for i, h := range heads {
			if n := min(images, h.X.Images-first); n > 0 {
				h.X, h.Y = h.X.part(first, n), h.Y.part(first, n)
				run.heads, run.of = append(run.heads, h), append(run.of, i)
			}
		}
		runs = append(runs, run)
	}
	return runs
}

// activations cuts a tensor of a run's i-th head to the run's images.
func (r winogradRun) activations(i int, a Activations) Activations {
	return a.part(r.first, r.heads[i].X.Images)
}

// partials cuts the sums by tiles, so many rows of maps each, of a run's i-th head to the run's tiles.
func (r winogradRun) partials(k *Kernels, i int, all gpu.Range, rows, maps int) gpu.Range {
	before := uint64(floatBytes * k.tilePartials(r.first, r.heads[i].X.Size) * rows * maps)
	all.Offset += before
	all.Size -= before
	return all
}
