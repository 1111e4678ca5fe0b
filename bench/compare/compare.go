package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dvn-vk/dvn-vk/bench"
)

// Options say how measurements are paired.
type Options struct {
	Ignore []string // parts of the key (KeyNames) that may differ
	Best   bool     // each level's best batch, in time per image
}

// Comparison is a series beside another one, the base.
type Comparison struct {
	A     Series `json:"a"` // the base
	B     Series `json:"b"`
	Rows  []Row  `json:"rows"`
	Means []Mean `json:"means"`
	OnlyA []Key  `json:"only_a"` // without a partner
	OnlyB []Key  `json:"only_b"`
}

// Row is a pair of measurements of the same work.
type Row struct {
	A        Measurement `json:"a"`
	B        Measurement `json:"b"`
	Ratio    float64     `json:"ratio"`    // of B's median time to A's: below 1, B is faster
	Interval *Interval   `json:"interval"` // of the ratio; nil: too few samples
	P        *float64    `json:"p"`        // nil: too few samples
}

// Differs tells whether the samples show a difference, at 5 %.
func (r Row) Differs() bool { return r.P != nil && *r.P < 1-Confidence }

// Mean is the geometric mean of the ratios of one kind of work.
type Mean struct {
	What  string  `json:"what"` // all: of all rows, where there are several kinds
	Ratio float64 `json:"ratio"`
	Rows  int     `json:"rows"`
}

// Files compares files of records: each series (a file's device and driver) with the first one. It fails if a file cannot be
// read, if there is one series only, if Options names an unknown key, and if nothing has a partner.
func Files(paths []string, o Options) ([]Comparison, error) {
	var series []Series
	for _, path := range paths {
		records, err := bench.ReadFile(path)
		if err != nil {
			return nil, err
		}
		mine := Split(path, records, o.Best)
		if len(mine) == 0 {
			return nil, fmt.Errorf("%s marks no batch as the best: it needs the inference of every level at several batch sizes", path)
		}
		series = append(series, mine...)
	}
	return All(series, o)
}

// All compares each series with the first one.
func All(series []Series, o Options) ([]Comparison, error) {
	for _, name := range o.Ignore {
		if !slices.Contains(KeyNames(), name) {
			return nil, fmt.Errorf("ignore %q: a measurement is known by %s", name, strings.Join(KeyNames(), ", "))
		}
	}
	if len(series) < 2 {
		return nil, fmt.Errorf("%s is the only device and driver: a comparison needs two, or two files", series[0])
	}
	var all []Comparison
	rows := 0
	for _, b := range series[1:] {
		c := pair(series[0], b, o.Ignore)
		rows += len(c.Rows)
		all = append(all, c)
	}
	if rows == 0 {
		a, b := series[0], series[1]
		return nil, fmt.Errorf("nothing in %s has a partner in the others: its first is (%s), theirs (%s); see --ignore",
			a.File, a.Measurements[0], b.Measurements[0])
	}
	return all, nil
}

// pair makes a row of every measurement of a with every one of b that is of the same work.
func pair(a, b Series, ignored []string) Comparison {
	c := Comparison{A: a, B: b, Rows: []Row{}, OnlyA: []Key{}, OnlyB: []Key{}}
	found := make([]bool, len(b.Measurements))
	for _, x := range a.Measurements {
		before := len(c.Rows)
		for i, y := range b.Measurements {
			if x.Agrees(y.Key, ignored) {
				found[i] = true
				c.Rows = append(c.Rows, Row{A: x, B: y, Ratio: y.MedianMS / x.MedianMS, Interval: ratioInterval(x, y), P: test(x, y)})
			}
		}
		if len(c.Rows) == before {
			c.OnlyA = append(c.OnlyA, x.Key)
		}
	}
	for i, y := range b.Measurements {
		if !found[i] {
			c.OnlyB = append(c.OnlyB, y.Key)
		}
	}
	c.Means = means(c.Rows)
	return c
}

// means are those of every kind of work, in the order in which they come, and of all.
func means(rows []Row) []Mean {
	all := []Mean{}
	byWhat := map[string][]Row{}
	for _, r := range rows {
		if byWhat[r.A.What] == nil {
			all = append(all, Mean{What: r.A.What})
		}
		byWhat[r.A.What] = append(byWhat[r.A.What], r)
	}
	for i, m := range all {
		all[i].Ratio, all[i].Rows = geometricMean(byWhat[m.What]), len(byWhat[m.What])
	}
	if len(all) > 1 {
		all = append(all, Mean{What: "all", Ratio: geometricMean(rows), Rows: len(rows)})
	}
	return all
}
