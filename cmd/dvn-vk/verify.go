package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/dvn-vk/dvn-vk/dvn/fixture"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
	"github.com/dvn-vk/dvn-vk/layers/conformance"
)

// verifyCmd checks a device's numbers.
type verifyCmd struct {
	Fixtures []string `arg:"" optional:"" name:"fixture" help:"Fixture files. Default: those in the program itself."`
	Ops      bool     `help:"Check every operation by itself, in over a thousand cases, in place of whole networks."`
	JSON     bool     `help:"Print JSON."`
	precisionFlag
	deviceFlag
}

// Help shows an example.
func (verifyCmd) Help() string {
	return `Trains known networks for a few steps on the device and compares every tensor with an independent implementation in
float64. For each group of tensors it prints the largest error, max|a-b| relative to max|b|, and OK or NOT OK.

With --ops it compares each operation, forward and backward, with loops in float64 over many shapes. Errors are relative
to the sum of the absolute values that were added up, and every case has a tolerance that grows with the number of them;
printed is the error that came closest to its tolerance.

Ends with exit code 1 if anything is NOT OK. Run both first on a new device.

Example:

    dvn-vk verify
    dvn-vk verify --ops --device 1
    dvn-vk verify --json joint.safetensors`
}

// Validate refuses fixtures beside --ops.
func (v *verifyCmd) Validate() error {
	if v.Ops && len(v.Fixtures) > 0 {
		return errors.New("--ops has cases of its own and takes no fixtures")
	}
	return nil
}

// Run checks operations or fixtures.
func (v *verifyCmd) Run(ctx context.Context, c *console) error {
	return v.open(func(d *gpu.Device, reason string) error {
		if !v.JSON {
			fmt.Fprintf(c.out, "device: %s, %s\n\n", d.Info.Name, reason)
		}
		if v.Ops {
			return v.operations(ctx, c, d)
		}
		return v.fixtures(ctx, c, d)
	})
}

// operations runs the conformance cases.
func (v *verifyCmd) operations(ctx context.Context, c *console, d *gpu.Device) error {
	var p *progress
	results, err := conformance.Run(ctx, d, v.Precision, func(done, total int) {
		if p == nil {
			p = c.begin("operations", 0, int64(total), unit{"cases", 1})
		}
		p.set(int64(done), "")
	})
	p.end()
	if err != nil {
		return err
	}
	if v.JSON {
		if err := writeJSON(c.out, map[string]any{"ops": results}); err != nil {
			return err
		}
	} else {
		printOperations(c.out, results)
	}
	var bad []string
	for _, r := range results {
		if !r.OK {
			bad = append(bad, r.Op)
		}
	}
	return notOK("operations", bad)
}

// fixtures runs the files, or the embedded set; those that cannot be run do not keep the others from it.
func (v *verifyCmd) fixtures(ctx context.Context, c *console, d *gpu.Device) error {
	kernels, err := layers.NewKernels(d, v.Precision)
	if err != nil {
		return err
	}
	all, broken := v.read()
	unread := len(broken)
	reports := []fixture.Report{}
	var bad []string
	for _, f := range all {
		report, err := fixture.Verify(ctx, kernels, f)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			broken = append(broken, err)
			continue
		}
		reports = append(reports, report)
		if !report.OK {
			bad = append(bad, report.Fixture)
		}
		if !v.JSON {
			printReport(c.out, report)
		}
	}
	err = errors.Join(append(broken, notOK("fixtures", bad))...)
	if v.JSON {
		return errors.Join(writeJSON(c.out, fixturesOutput{reports, err == nil}), err)
	}
	printLoosest(c.out, reports)
	fmt.Fprintf(c.out, "%s: %d of %d fixtures\n", verdict(err == nil), len(reports)-len(bad), len(all)+unread)
	return err
}

// fixturesOutput is what --json prints.
type fixturesOutput struct {
	Fixtures []fixture.Report `json:"fixtures"`
	OK       bool             `json:"ok"`
}

// read reads the fixtures; broken says which could not be, and why.
func (v *verifyCmd) read() (all []*fixture.Fixture, broken []error) {
	if len(v.Fixtures) == 0 {
		all, err := fixture.Embedded()
		if err != nil {
			return nil, []error{err}
		}
		return all, nil
	}
	for _, path := range v.Fixtures {
		f, err := fixture.Read(path)
		if err != nil {
			broken = append(broken, err)
			continue
		}
		all = append(all, f)
	}
	return all, broken
}

// notOK is nil where the list is empty.
func notOK(what string, bad []string) error {
	if len(bad) == 0 {
		return nil
	}
	return fmt.Errorf("%s NOT OK on this device: %s", what, strings.Join(bad, ", "))
}

// printReport prints what one fixture came to.
func printReport(w io.Writer, r fixture.Report) {
	fmt.Fprintf(w, "%s: %s\n", r.Fixture, verdict(r.OK))
	t := newTable(w, "group", "tensors", "error", "tolerance", "", "tensor with the largest error")
	alignRight(t, 2, 3, 4)
	for _, g := range r.Groups {
		tolerance := "none"
		if g.Tolerance > 0 {
			tolerance = relative(g.Tolerance)
		}
		t.AppendRow(table.Row{g.Group, g.Tensors, relative(g.Error), tolerance, verdict(g.OK), g.Tensor})
	}
	t.Render()
	if r.Factor != 1 {
		fmt.Fprintf(w, "Winograd rounds more: tolerances are %g times those of the direct kernels\n", r.Factor)
	}
	if len(r.Faults) > 0 {
		fmt.Fprintln(w, r.Summary())
	}
	fmt.Fprintln(w)
}

// printLoosest prints the group of all fixtures that came closest to its tolerance.
func printLoosest(w io.Writer, reports []fixture.Report) {
	var loosest fixture.Report
	for _, r := range reports {
		if r.LoosestRatio >= loosest.LoosestRatio {
			loosest = r
		}
	}
	for _, g := range loosest.Groups {
		if g.Group == loosest.Loosest {
			fmt.Fprintf(w, "loosest: %s, %s: %s of %s allowed, in %s\n", loosest.Fixture, g.Group, relative(g.Error), relative(g.Tolerance), g.Tensor)
		}
	}
}

// printOperations prints a line an operation, and the worst case of those that failed.
func printOperations(w io.Writer, results []conformance.Result) {
	t := newTable(w, "operation", "cases", "worst error", "")
	alignRight(t, 2, 3)
	cases, ok := 0, true
	for _, r := range results {
		cases, ok = cases+r.Cases, ok && r.OK
		t.AppendRow(table.Row{r.Op, r.Cases, relative(r.WorstError), verdict(r.OK)})
	}
	t.Render()
	for _, r := range results {
		if !r.OK {
			fmt.Fprintf(w, "%s: %s\n", r.Op, r.Worst)
		}
	}
	fmt.Fprintf(w, "\n%s: %d operations, %d cases\n", verdict(ok), len(results), cases)
}

func verdict(ok bool) string {
	if ok {
		return "OK"
	}
	return "NOT OK"
}

// relative prints a relative error.
func relative(e float64) string {
	if e >= math.MaxFloat32 { // stands for numbers that are not finite
		return "not finite"
	}
	return fmt.Sprintf("%.1e", e)
}
