package main

import (
	"strings"
	"testing"
	"time"
)

// fakeConsole writes both outputs into text, with a clock that the test moves.
func fakeConsole(width int) (c *console, text *strings.Builder, clock *time.Time) {
	text, clock = &strings.Builder{}, &time.Time{}
	return &console{out: text, err: text, width: func() int { return width }, now: func() time.Time { return *clock }}, text, clock
}

func TestWithoutATerminalLinesComeWhenTenSecondsAndATenthHavePassed(t *testing.T) {
	type moment struct{ second, done int }
	for _, test := range []struct {
		what    string
		total   int64
		moments []moment
		want    string
	}{
		{"short work prints nothing", 100, []moment{{1, 20}, {5, 60}, {9, 100}}, ""},
		{"a tenth in ten seconds", 100, []moment{{4, 9}, {10, 20}, {15, 30}, {20, 40}},
			"work: 20 of 100 steps, fine, 40s left\nwork: 40 of 100 steps, fine, 30s left\n"},
		{"long work waits for its tenths", 1000, []moment{{10, 10}, {50, 99}, {60, 100}, {119, 199}, {130, 210}},
			"work: 100 of 1000 steps, fine, 9m0s left\nwork: 210 of 1000 steps, fine, 8m9s left\n"},
		{"work whose end is not known", -1, []moment{{9, 10}, {10, 11}, {12, 30}},
			"work: 11 steps, fine\n"},
	} {
		t.Run(test.what, func(t *testing.T) {
			c, text, clock := fakeConsole(0)
			p := c.begin("work", 0, test.total, unit{"steps", 1})
			start := *clock
			for _, m := range test.moments {
				*clock = start.Add(time.Duration(m.second) * time.Second)
				p.set(int64(m.done), "fine")
			}
			p.end()
			if text.String() != test.want {
				t.Errorf("got:\n%swant:\n%s", text, test.want)
			}
		})
	}
}

func TestOnATerminalThereIsABarAndNoLines(t *testing.T) {
	c, text, clock := fakeConsole(80)
	p := c.begin("work", 0, 100, unit{"steps", 1})
	*clock = clock.Add(time.Minute)
	p.set(50, "half of it")
	c.message("a word in between")
	p.end()
	if strings.Contains(text.String(), "steps") {
		t.Errorf("there is a line beside the bar: %q", text)
	}
	if !strings.Contains(text.String(), "work") || !strings.Contains(text.String(), "a word in between\n") {
		t.Errorf("bar or message is missing: %q", text)
	}
	if c.bar != nil {
		t.Error("the bar is still there after its end")
	}
}

func TestDownloadsCountMegabytesAndLearnTheirSizeLate(t *testing.T) {
	c, text, clock := fakeConsole(0)
	p := c.begin("cifar10", 0, -1, megabytes())
	p.resize(170_000_000)
	*clock = clock.Add(10 * time.Second)
	p.set(85_000_000, "")
	if want := "cifar10: 85 of 170 MB, 10s left\n"; text.String() != want {
		t.Errorf("got %q, want %q", text, want)
	}
}

func TestATextIsCutToWhatFits(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{{"épochs", 3, "épo"}, {"epoch", 9, "epoch"}, {"epoch", -1, ""}} {
		if got := cut(test.text, test.width); got != test.want {
			t.Errorf("cut(%q, %d) = %q, want %q", test.text, test.width, got, test.want)
		}
	}
}
