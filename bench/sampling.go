package bench

import "time"

// sample runs a piece of work until warm, then at least minimum times and as long as duration says.
func sample(duration time.Duration, work func() error) ([]time.Duration, error) {
	const warmUp, minimum = 3, 5
	var samples []time.Duration
	var end time.Time
	for i := 0; ; i++ {
		start := time.Now()
		if i == warmUp {
			end = start.Add(duration)
		}
		if err := work(); err != nil {
			return nil, err
		}
		if i >= warmUp {
			samples = append(samples, time.Since(start))
		}
		if len(samples) >= minimum && time.Now().After(end) {
			return samples, nil
		}
	}
}
