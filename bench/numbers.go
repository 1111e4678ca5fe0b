package bench

import (
	"fmt"
	"strconv"
	"strings"
)

// Numbers is a list of positive numbers as it is written on a command line: numbers and ranges, separated by commas. A range
// first-last counts by 1, first-last+step by step, first-last*factor by a factor: 1-256*4 is 1, 4, 16, 64, 256.
type Numbers []int

// maxNumbers bounds a list: nobody waits for more measurements.
const maxNumbers = 1000

// UnmarshalText reads a list.
func (n *Numbers) UnmarshalText(text []byte) error {
	*n = nil
	for part := range strings.SplitSeq(string(text), ",") {
		if err := n.add(part); err != nil {
			return err
		}
		if len(*n) > maxNumbers {
			return fmt.Errorf("%q: more than %d numbers", text, maxNumbers)
		}
	}
	return nil
}

// add appends what one number or range stands for.
func (n *Numbers) add(part string) error {
	fail := func() error {
		return fmt.Errorf("%q: write a positive number, or a range as in 1-8, 8-64+8 or 1-256*2", part)
	}
	first, rest, isRange := strings.Cut(part, "-")
	if !isRange {
		rest = first
	}
	last, step, next := rest, "1", func(at, by int) int { return at + by }
	if before, after, ok := strings.Cut(rest, "+"); ok && isRange {
		last, step = before, after
	} else if before, after, ok := strings.Cut(rest, "*"); ok && isRange {
		last, step, next = before, after, func(at, by int) int { return at * by }
	}
	var values [3]int
	for i, text := range []string{first, last, step} {
		value, err := strconv.Atoi(text)
		if err != nil || value < 1 || value > 1<<30 {
			return fail()
		}
		values[i] = value
	}
	from, to, by := values[0], values[1], values[2]
	if from > to || next(from, by) == from {
		return fail()
	}
	for at := from; at <= to && len(*n) <= maxNumbers; at = next(at, by) {
		*n = append(*n, at)
	}
	return nil
}
