//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dvn-vk/dvn-vk/dvn/safetensors"
)

// steady is a run of many quick steps, each with a checkpoint.
const steady = `
backbone = "wrn-8-1"
checkpoint_every = 1
[learning]
preset = "own"
epochs = 2
lr = 0.05
momentum = 0.9
batch = 2
[[tasks]]
kind = "shapes"
size = 8
train = 20
test = 4
[[tasks]]
kind = "textures"
size = 8
train = 16
test = 4
`

// runs trains steady in folders below dir.
type runs struct {
	*testing.T
	dir string
}

func newRuns(t *testing.T) runs {
	r := runs{t, t.TempDir()}
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // the user's compiled pipelines are left alone
	t.Setenv("DVNVK_NO_TUNE", "1")
	if err := os.WriteFile(filepath.Join(r.dir, "steady.toml"), []byte(steady), 0o644); err != nil {
		t.Fatal(err)
	}
	return r
}

// program prepares a command; it does not outlive the test.
func (r runs) program(arguments ...string) (command *exec.Cmd, messages *bytes.Buffer) {
	messages = &bytes.Buffer{}
	command = exec.CommandContext(r.Context(), "dvn-vk", arguments...)
	command.Dir, command.Stderr = r.dir, messages
	return command, messages
}

// finish runs a command that must succeed.
func (r runs) finish(arguments ...string) {
	r.Helper()
	command, messages := r.program(arguments...)
	if err := command.Run(); err != nil {
		r.Fatalf("dvn-vk %s: %v\n%s", strings.Join(arguments, " "), err, messages)
	}
}

// signalWhen starts a command, sends it a signal once a file that fits the pattern is there, and returns how it ended.
func (r runs) signalWhen(pattern string, signal os.Signal, arguments ...string) (code int, messages string) {
	r.Helper()
	command, output := r.program(arguments...)
	if err := command.Start(); err != nil {
		r.Fatal(err)
	}
	ended, end := context.WithCancel(r.Context())
	watched := make(chan bool)
	go func() {
		sent := false
		for !sent && ended.Err() == nil {
			if paths, _ := filepath.Glob(filepath.Join(r.dir, pattern)); len(paths) > 0 {
				sent = command.Process.Signal(signal) == nil
			}
		}
		watched <- sent
	}()
	err := command.Wait()
	end()
	if !<-watched {
		r.Fatalf("dvn-vk %s ended before %s was there: %v\n%s", strings.Join(arguments, " "), pattern, err, output)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.Fatal(err)
	}
	return command.ProcessState.ExitCode(), output.String()
}

// checkpoints reads every checkpoint of a run, each of which must verify: the newest last.
func (r runs) checkpoints(run string) []*safetensors.File {
	r.Helper()
	paths, err := filepath.Glob(filepath.Join(r.dir, run, "*.safetensors"))
	if err != nil || len(paths) == 0 {
		r.Fatalf("%s has no checkpoint: %v", run, err)
	}
	var all []*safetensors.File
	for _, path := range paths {
		file, err := safetensors.ReadChecked(path)
		if err != nil {
			r.Fatal(err)
		}
		all = append(all, file)
	}
	return all
}

// wantSame compares the last checkpoints of two runs, and the number of their metrics.
func (r runs) wantSame(got, want string) {
	r.Helper()
	last := func(run string) []safetensors.Tensor {
		all := r.checkpoints(run)
		return all[len(all)-1].Tensors
	}
	if diff := cmp.Diff(last(want), last(got)); diff != "" {
		r.Errorf("the last checkpoint of %s is not that of %s: %s", got, want, diff)
	}
	lines := func(run string) int {
		text, err := os.ReadFile(filepath.Join(r.dir, run, "metrics.jsonl"))
		if err != nil {
			r.Fatal(err)
		}
		return bytes.Count(text, []byte("\n"))
	}
	if got, want := lines(got), lines(want); got != want {
		r.Errorf("%d lines of metrics, want %d", got, want)
	}
}

func TestARunThatIsStoppedGoesOnWithTheSameBits(t *testing.T) {
	r := newRuns(t)
	r.finish("train", "steady.toml", "--out", "whole")
	for run, signal := range map[string]os.Signal{"interrupted": os.Interrupt, "terminated": syscall.SIGTERM} {
		t.Run(run, func(t *testing.T) {
			r := runs{t, r.dir}
			code, messages := r.signalWhen(run+"/*.safetensors", signal, "train", "steady.toml", "--out", run)
			if code != exitInterrupted {
				t.Errorf("exit code %d, want %d\n%s", code, exitInterrupted, messages)
			}
			if want := "go on with: dvn-vk train --resume " + run + "\n"; !strings.HasSuffix(messages, want) {
				t.Errorf("the last words are not %q:\n%s", want, messages)
			}
			r.finish("train", "--resume", run)
			r.wantSame(run, "whole")
		})
	}
	t.Run("killed while it writes checkpoints", func(t *testing.T) {
		const run = "killed"
		r := runs{t, r.dir}
		r.killWhen(run+"/*.safetensors", "train", "steady.toml", "--out", run)
		for range 3 {
			r.checkpoints(run)
			// What the last kill left must not pass for a file that is being written.
			for _, path := range r.halfWritten(run) {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			r.killWhen(run+"/*.tmp", "train", "--resume", run)
		}
		r.checkpoints(run)
		r.finish("train", "--resume", run)
		if left := r.halfWritten(run); len(left) > 0 {
			t.Errorf("half-written files were left: %v", left)
		}
		r.wantSame(run, "whole")
	})
}

// killWhen kills a command once a file that fits the pattern is there.
func (r runs) killWhen(pattern string, arguments ...string) {
	r.Helper()
	if code, messages := r.signalWhen(pattern, os.Kill, arguments...); code >= 0 {
		r.Fatalf("dvn-vk %s: exit code %d, want none: it was to be killed\n%s", strings.Join(arguments, " "), code, messages)
	}
}

// halfWritten lists the files of a run that were being written when it was killed.
func (r runs) halfWritten(run string) []string {
	paths, err := filepath.Glob(filepath.Join(r.dir, run, "*.tmp"))
	if err != nil {
		r.Fatal(err)
	}
	return paths
}
