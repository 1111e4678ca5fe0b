package conformance

import (
	"fmt"
	"math"
	"slices"

	"github.com/dvn-vk/dvn-vk/layers"
)

const mostClasses = 100

// logits draws logits of an image: now and then large ones, which overflow where the largest is not taken off.
func (t *trial) logits(classes int) []float64 {
	z, scale := t.numbers(classes), []float64{1, 10, 200}[t.IntN(3)]
	for c := range z {
		z[c] = float64(float32(z[c] * scale))
	}
	return z
}

func crossEntropy(t *trial) { t.losses(layers.CrossEntropy, 1) }

func distillation(t *trial) {
	t.losses(layers.Distillation, []float64{1, 2, 3.5}[t.IntN(3)])
}

func (t *trial) losses(kind layers.LossKind, temperature float64) {
	heads := make([]layers.LossHead, t.between(1, mostHeads))
	text := ""
	for i := range heads {
		heads[i] = layers.LossHead{Kind: kind, Classes: t.between(1, mostClasses), Images: t.between(1, 2*mostImages), Weight: []float32{1, 0.25}[t.IntN(2)]}
		text += fmt.Sprintf(" %d x %d", heads[i].Images, heads[i].Classes)
	}
	scale := []float64{1, 1 << 16}[t.IntN(2)]
	t.describe("temperature %g, scale %g, heads (images x classes)%s", temperature, scale, text)
	for i := range heads {
		heads[i] = t.lossHead(heads[i], temperature, scale)
	}
	t.builder.Loss(heads, temperature, t.input("scale", []float64{scale, 0, 0, 0}))
}

// lossHead lays out a head's tensors and says what its images' losses and gradients are.
func (t *trial) lossHead(h layers.LossHead, temperature, scale float64) layers.LossHead {
	var logits, teacher, each, ofEach, gradient, ofGradient []float64
	var labels []int32
	mean, ofMean, images := 0.0, 0.0, float64(h.Images)
	for range h.Images {
		z := t.logits(h.Classes)
		var one imageLoss
		if h.Kind == layers.CrossEntropy {
			label := t.IntN(h.Classes)
			one, labels = crossEntropyOf(z, label), append(labels, int32(label))
		} else {
			old := t.logits(h.Classes)
			one, teacher = distillationOf(z, old, temperature), append(teacher, old...)
		}
		logits, each, ofEach = append(logits, z...), append(each, one.loss), append(ofEach, one.ofLoss)
		mean, ofMean = mean+one.loss/images, ofMean+one.ofLoss/images
		factor := scale * float64(h.Weight) / images
		gradient = append(gradient, scaled(one.gradient, factor)...)
		for _, of := range one.ofGradient {
			ofGradient = append(ofGradient, factor*of+scale*tiny) // an exponential that is 0 is multiplied, too
		}
	}
	h.Logits = t.input("logits", logits)
	if h.Kind == layers.CrossEntropy {
		h.Labels = t.integers("labels", labels)
	} else {
		h.Teacher = t.input("teacher", teacher)
	}
	h.Gradient, h.Each, h.Loss = t.output("gradient", len(gradient)), t.output("each", h.Images), t.output("loss", 1)
	t.expect("gradient", h.Gradient, []int{h.Images, h.Classes}, gradient, ofGradient, allowed(exponential, h.Classes))
	t.expect("each", h.Each, []int{h.Images}, each, ofEach, allowed(exponential, h.Classes))
	t.expect("loss", h.Loss, []int{1}, []float64{mean}, []float64{ofMean}, allowed(exponential, h.Classes+h.Images))
	return h
}

// imageLoss is the reference's loss and gradient of an image, and their magnitudes.
type imageLoss struct {
	loss, ofLoss         float64
	gradient, ofGradient []float64
}

func crossEntropyOf(z []float64, label int) imageLoss {
	var l imageLoss
	l.loss, l.gradient = layers.CrossEntropyRef(z, label)
	l.ofLoss = logMagnitude(z, 1) + slices.Max(z) - z[label]
	l.ofGradient = softmaxMagnitude(z, 1)
	l.ofGradient[label]++
	return l
}

func distillationOf(z, teacher []float64, temperature float64) imageLoss {
	var l imageLoss
	l.loss, l.gradient = layers.DistillationRef(z, teacher, temperature)
	l.ofGradient = softmaxMagnitude(z, temperature)
	for c, p := range softmaxMagnitude(teacher, temperature) {
		l.ofLoss += p * (logMagnitude(z, temperature) + (slices.Max(z)-z[c])/temperature)
		l.ofGradient[c] = (l.ofGradient[c] + p) / temperature
	}
	return l
}

// softmaxMagnitude is the magnitude of softmax(z / T) (tolerance.go).
func softmaxMagnitude(z []float64, temperature float64) []float64 {
	q, sum, spread := exponentials(z, temperature)
	top := slices.Max(z)
	for c := range q {
		q[c] *= (1 + (top-z[c])/temperature + spread) / sum
	}
	return q
}

// logMagnitude is the magnitude of the logarithm of the sum of exp((z - top) / T).
func logMagnitude(z []float64, temperature float64) float64 {
	_, sum, spread := exponentials(z, temperature)
	return 1 + math.Log(sum) + spread
}

// exponentials of (z - top) / T, their sum, and the mean of |z - top| / T that they weigh.
func exponentials(z []float64, temperature float64) (e []float64, sum, spread float64) {
	top := slices.Max(z)
	for _, v := range z {
		below := (top - v) / temperature
		e = append(e, math.Exp(-below))
		sum += e[len(e)-1]
		spread += e[len(e)-1] * below
	}
	return e, sum, spread / sum
}
