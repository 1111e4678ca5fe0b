package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dvn-vk/dvn-vk/dvn/safetensors"
	"github.com/dvn-vk/dvn-vk/dvn/training"
	"github.com/dvn-vk/dvn-vk/gpu"
)

// The tests find the program as dvn-vk in their PATH.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dvn-vk": main})
}

func TestScripts(t *testing.T) {
	cache := t.TempDir() // of compiled pipelines and of measurements: the user's own is left alone
	compiled := mesaCache(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   exits,
			"fixture": makeFixture,
		},
		Condition: hasCondition,
		Setup: func(env *testscript.Env) error {
			// Which driver the machine has, and how it is found, is a matter of its environment.
			env.Vars = append(os.Environ(), env.Vars...)
			env.Setenv("HOME", os.Getenv("HOME"))
			for _, name := range []string{"XDG_CACHE_HOME", "LocalAppData"} {
				env.Setenv(name, cache)
			}
			env.Setenv("MESA_SHADER_CACHE_DIR", compiled)
			env.Setenv("DVNVK_NO_TUNE", "1") // the scripts that tune unset it
			return nil
		},
	})
}

// mesaCache is where Mesa keeps what it compiled, for this user's other programs too: half of the scripts' time otherwise.
func mesaCache(t *testing.T) string {
	if folder := os.Getenv("MESA_SHADER_CACHE_DIR"); folder != "" {
		return folder
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		return t.TempDir()
	}
	return folder
}

// hasCondition knows [halves]: the device that the program chooses has 16-bit storage.
func hasCondition(condition string) (bool, error) {
	if condition != "halves" {
		return false, fmt.Errorf("condition %s: there is no such", condition)
	}
	instance, err := gpu.NewInstance()
	if err != nil {
		return false, err
	}
	defer instance.Close()
	info, _, err := instance.Choose("")
	return info.Features.Storage16, err
}

// exits CODE COMMAND... runs a command that must end with an exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// fixture KIND FILE writes a small fixture: good, or with one thing wrong.
func makeFixture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fixture KIND FILE")
	}
	file, err := safetensors.Read("../../dvn/fixture/files/feature-extraction-2.safetensors")
	ts.Check(err)
	const result = "step1/task2/level1/loss"
	at := -1
	for i, t := range file.Tensors {
		if t.Name == result {
			at = i
		}
	}
	if at < 0 {
		ts.Fatalf("the fixture has no %s", result)
	}
	switch args[0] {
	case "good":
	case "wrong":
		file.Tensors[at] = safetensors.F32(result, []int{1}, []float32{100})
	case "infinite":
		copy(file.Tensors[at].Data, []byte{0, 0, 0x80, 0x7f})
	case "missing":
		file.Tensors = append(file.Tensors[:at], file.Tensors[at+1:]...)
	default:
		ts.Fatalf("fixture %s: there is no such kind", args[0])
	}
	ts.Check(safetensors.Write(ts.MkAbs(args[1]), file))
}

func TestExitCodesTellMistakesFromFailuresAndInterruptions(t *testing.T) {
	stopped, stop := context.WithCancelCause(context.Background())
	stop(errors.New("signal"))
	for _, test := range []struct {
		what string
		ctx  context.Context
		err  error
		want int
	}{
		{"a mistake on the command line", t.Context(), &usageError{errors.New("unknown flag")}, exitUsage},
		{"a failure", t.Context(), errors.New("no such file"), exitFailed},
		{"a failure after a signal", stopped, errors.New("the disk is full"), exitFailed},
		{"training that was interrupted", stopped, fmt.Errorf("%w: go on", training.ErrInterrupted), exitInterrupted},
		{"work that saw the context end", stopped, fmt.Errorf("fixture: %w", context.Canceled), exitInterrupted},
		{"work that tells the context's cause", stopped, fmt.Errorf("get: %w", context.Cause(stopped)), exitInterrupted},
		{"a context of the work's own", t.Context(), context.Canceled, exitFailed},
	} {
		if got := exitCode(test.ctx, test.err); got != test.want {
			t.Errorf("%s: exit code %d, want %d", test.what, got, test.want)
		}
	}
}
