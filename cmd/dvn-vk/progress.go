package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// console is where a command's words go: results to out, messages and progress to err.
type console struct {
	out, err io.Writer
	width    func() int // of err in characters; 0 where it is no terminal: then progress is lines, else a bar
	now      func() time.Time
	bar      *progressbar.ProgressBar // the one on screen, or nil
}

func newConsole() *console {
	width := func() int {
		columns, _, err := term.GetSize(int(os.Stderr.Fd()))
		if err != nil {
			return 0
		}
		return columns
	}
	return &console{out: os.Stdout, err: os.Stderr, width: width, now: time.Now}
}

// message prints a line for people, above the bar where there is one.
func (c *console) message(format string, arguments ...any) {
	if c.bar != nil {
		_ = c.bar.Clear() // a bar that cannot be drawn is no reason to stop
	}
	fmt.Fprintf(c.err, format+"\n", arguments...)
	if c.bar != nil {
		_ = c.bar.RenderBlank()
	}
}

// unit is what progress counts.
type unit struct {
	name string
	size int64 // of one in what is counted
}

// megabytes counts bytes.
func megabytes() unit { return unit{"MB", 1_000_000} }

// progress is how far a piece of work is.
type progress struct {
	console *console
	what    string
	unit    unit
	total   int64 // -1: not known
	bar     *progressbar.ProgressBar

	start, shownAt time.Time
	first, shown   int64
}

// barRoom is what percentage, count and times need of a line that must not wrap; the bar itself shrinks.
const barRoom = 32

// Without a terminal a line appears when both have passed since the last: neither short nor long work fills a log.
const (
	lineEvery = 10 * time.Second
	lineParts = 10 // of the whole
)

// begin shows progress of work of which done of total is done already; total is -1 where it is not known.
func (c *console) begin(what string, done, total int64, u unit) *progress {
	now := c.now()
	p := &progress{console: c, what: what, unit: u, total: total, start: now, shownAt: now, first: done, shown: done}
	if c.width() > 0 {
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(c.err), progressbar.OptionSetDescription(what),
			progressbar.OptionSetWidth(20), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowCount(),
			progressbar.OptionShowBytes(u.size > 1), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
		c.bar = p.bar
		p.set(done, "")
	}
	return p
}

// set says how much is done; detail, which may be empty, is shown beside it.
func (p *progress) set(done int64, detail string) {
	if p.bar != nil {
		if detail != "" {
			p.bar.Describe(cut(p.what+": "+detail, p.console.width()-barRoom))
		}
		_ = p.bar.Set64(done)
		return
	}
	now := p.console.now()
	if now.Sub(p.shownAt) < lineEvery || p.total > 0 && done-p.shown < p.total/lineParts {
		return
	}
	line := fmt.Sprintf("%s: %d", p.what, done/p.unit.size)
	if p.total > 0 {
		line += fmt.Sprintf(" of %d", p.total/p.unit.size)
	}
	line += " " + p.unit.name
	if detail != "" {
		line += ", " + detail
	}
	if p.total > 0 && done > p.first {
		left := now.Sub(p.start).Seconds() / float64(done-p.first) * float64(p.total-done)
		line += fmt.Sprintf(", %s left", seconds(left))
	}
	p.console.message("%s", line)
	p.shownAt, p.shown = now, done
}

// resize says that the whole is another than was thought.
func (p *progress) resize(total int64) {
	if p.bar != nil && total != p.total {
		p.bar.ChangeMax64(total)
	}
	p.total = total
}

// end takes the bar away; nil is harmless.
func (p *progress) end() {
	if p == nil || p.bar == nil {
		return
	}
	_ = p.bar.Clear()
	_ = p.bar.Exit()
	p.console.bar = nil
}

// cut is as much of a text as fits.
func cut(text string, width int) string {
	letters := []rune(text)
	return string(letters[:min(len(letters), max(width, 0))])
}

// seconds prints a time for people.
func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}
