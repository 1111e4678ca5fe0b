package layers

import "math"

// CrossEntropyRef is loss.comp for one image with a label: -log softmax(z)[label], and the gradient to z.
func CrossEntropyRef(z []float64, label int) (loss float64, gradient []float64) {
	q, logSum := softmaxRef(z, 1)
	gradient = q
	gradient[label]--
	return logSum - z[label], gradient
}

// DistillationRef is loss.comp for one image with a teacher's logits: -sum_c p_c log q_c with p = softmax(teacher / T) and
// q = softmax(z / T), and the gradient to z, (q - p) / T.
func DistillationRef(z, teacher []float64, temperature float64) (loss float64, gradient []float64) {
	q, logSum := softmaxRef(z, temperature)
	p, _ := softmaxRef(teacher, temperature)
	gradient = make([]float64, len(z))
	for c := range z {
		loss += p[c] * (logSum - z[c]/temperature)
		gradient[c] = (q[c] - p[c]) / temperature
	}
	return loss, gradient
}

// softmaxRef returns softmax(z / T) and the logarithm of the sum of exp(z / T).
func softmaxRef(z []float64, temperature float64) (q []float64, logSum float64) {
	top, sum := z[0], 0.0
	for _, value := range z {
		top = max(top, value)
	}
	for _, value := range z {
		q = append(q, math.Exp((value-top)/temperature))
		sum += q[len(q)-1]
	}
	for c := range q {
		q[c] /= sum
	}
	return q, math.Log(sum) + top/temperature
}
