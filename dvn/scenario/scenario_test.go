package scenario

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

func builtin(t *testing.T, name string) Config {
	t.Helper()
	c, err := Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The golden files are the built-in scenarios as --print-config shows them, all defaults filled in.
func TestBuiltInScenariosPrintAsTheirGoldenFiles(t *testing.T) {
	if names := Names(); !slices.Contains(names, "quick") || len(names) != 7 {
		t.Fatalf("got %v, want quick and the six of the paper", names)
	}
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			got, err := builtin(t, name).TOML()
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".toml")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("differs from %s (go test -update writes it): %s", golden, diff)
			}
		})
	}
}

func TestWhatIsPrintedParsesToTheSameConfiguration(t *testing.T) {
	configs := map[string]Config{}
	for _, name := range Names() {
		configs[name] = builtin(t, name)
	}
	odd := builtin(t, "quick")
	odd.Name = "odd"
	odd.Units = []float64{math.Sqrt(0.5), 1 - math.Sqrt(0.5)}
	odd.Frozen = []string{"task1.*", `a"b\c'd`}
	odd.Seed = math.MaxInt64
	odd.Data = Data{Dir: `C:\it's "mine"` + "\n\t\x00", LimitTrain: 3, LimitTest: 4, SkipBroken: true}
	odd.Learning.Drops = nil
	odd.Learning.LR = 1e-30
	odd.Tasks[0].Name = "Formen, größer"
	configs["odd"] = odd
	for name, want := range configs {
		t.Run(name, func(t *testing.T) {
			if err := want.Validate(); err != nil {
				t.Fatal(err)
			}
			b, err := want.TOML()
			if err != nil {
				t.Fatal(err)
			}
			got, err := Parse("other-name.toml", b)
			if err != nil {
				t.Fatalf("%v\n%s", err, b)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEveryKeyIsPrintedWithAComment(t *testing.T) {
	b, err := builtin(t, "quick").TOML()
	if err != nil {
		t.Fatal(err)
	}
	printed := strings.Split(string(b), "\n")
	keys := 0
	for i, line := range printed {
		if !strings.Contains(line, " = ") || strings.HasPrefix(line, "#") {
			continue
		}
		keys++
		if !strings.HasPrefix(printed[i-1], "# ") {
			t.Errorf("line %d, %s, has no comment before it", i+1, line)
		}
	}
	if keys != 15+4+8+2*12 {
		t.Errorf("%d keys are printed, want %d", keys, 15+4+8+2*12)
	}
}

func TestPresetsAreDefaultsThatOwnKeysReplace(t *testing.T) {
	c, err := Parse("a.toml", []byte("backbone = \"wrn-8-1\"\n[learning]\npreset = \"he2016\"\nepochs = 7\ndrops = []\n[[tasks]]\nkind = \"cifar10\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Learning{Preset: "he2016", Epochs: 7, LR: 0.1, Factor: 0.1, Momentum: 0.9, WeightDecay: 1e-4, Batch: 64}
	if diff := cmp.Diff(want, c.Learning); diff != "" {
		t.Error(diff)
	}
	if c.Name != "a" || c.Tasks[0].Batch != 64 {
		t.Errorf("name %q, batch %d, want a and 64", c.Name, c.Tasks[0].Batch)
	}
}

func TestZeroIsAValueNotAMissingKey(t *testing.T) {
	c, err := Parse("a.toml", []byte("backbone = \"wrn-8-1\"\nseed = 0\nlearning = {momentum = 0, weight_decay = 0.0}\ntasks = [{kind = \"cifar10\"}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Seed != 0 || c.Learning.Momentum != 0 || c.Learning.WeightDecay != 0 {
		t.Errorf("seed %d, momentum %v, decay %v, want zeros", c.Seed, c.Learning.Momentum, c.Learning.WeightDecay)
	}
}

func TestTheBuiltInScenariosAreThoseOfThePaper(t *testing.T) {
	j3 := builtin(t, "j3")
	var batches, strides []int
	for _, task := range j3.Tasks {
		batches, strides = append(batches, task.Batch), append(strides, task.Stride)
	}
	if !slices.Equal(batches, []int{64, 128, 64}) || !slices.Equal(strides, []int{2, 1, 3}) {
		t.Errorf("j3: batches %v, strides %v, want [64 128 64], [2 1 3]", batches, strides)
	}
	if h1 := builtin(t, "h1"); h1.Tasks[0].Name != "cifar100-coarse" || h1.Tasks[1].ImagesOf != 1 || h1.Learning.Epochs != 200 {
		t.Errorf("h1: %+v", h1)
	}
	if s1 := builtin(t, "s1"); s1.Objective != "sequential" || !slices.Equal(s1.Tasks[1].Classes, []int{6, 10}) {
		t.Errorf("s1: %+v", s1)
	}
	j2 := builtin(t, "j2")
	if diff := cmp.Diff([][]int{{1, 2, 3, 4}, {2, 1, 3, 4}, {3, 2, 4, 1}, {4, 3, 2, 1}}, j2.Orders); diff != "" {
		t.Errorf("j2: %s", diff)
	}
}

func TestTheRateDropsBeforeTheEpochsOfTheSpecification(t *testing.T) {
	for _, c := range []struct {
		epochs int
		drops  []float64
		want   map[int]float64
	}{
		{200, []float64{0.3, 0.6, 0.8}, map[int]float64{1: 0.1, 60: 0.1, 61: 0.02, 120: 0.02, 121: 0.004, 160: 0.004, 161: 0.0008, 200: 0.0008}},
		{10, []float64{0.3, 0.6, 0.8}, map[int]float64{3: 0.1, 4: 0.02, 6: 0.02, 7: 0.004, 8: 0.004, 9: 0.0008}},
		{5, []float64{0.5}, map[int]float64{3: 0.1, 4: 0.02}}, // floor(2.5 + 0.5) + 1 = 4
		{1, []float64{0.3, 0.6}, map[int]float64{1: 0.02}},    // floor(0.3 + 0.5) + 1 = 1, floor(0.6 + 0.5) + 1 = 2
		{3, nil, map[int]float64{1: 0.1, 3: 0.1}},
	} {
		config := Config{Learning: Learning{Epochs: c.epochs, LR: 0.1, Drops: c.drops, Factor: 0.2}}
		for epoch, want := range c.want {
			if got := config.RateAt(epoch); math.Abs(got-want) > 1e-12 {
				t.Errorf("%d epochs, drops %v: rate of epoch %d is %v, want %v", c.epochs, c.drops, epoch, got, want)
			}
		}
	}
}

func TestAFileIsLoadedByItsPathAndABuiltInScenarioByItsName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.toml")
	if err := os.WriteFile(path, []byte("backbone = \"wrn-8-1\"\n[[tasks]]\nkind = \"stl10\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(path); err != nil || c.Name != "mine" || c.Tasks[0].Stride != 3 {
		t.Errorf("got %+v, %v", c, err)
	}
	if c, err := Load("j1"); err != nil || c.Name != "j1" {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := Load(path + "x"); err == nil || !strings.Contains(err.Error(), "h1, j1, j2, j3, quick, s1, s2") {
		t.Errorf("got %v, want the names that exist", err)
	}
	absent := filepath.Join(t.TempDir(), "absent.toml")
	if _, err := Load(absent); err == nil || !strings.Contains(err.Error(), absent) {
		t.Errorf("got %v, want an error that names %s", err, absent)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte("#\n"), maxBytes), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "65536") {
		t.Errorf("got %v, want a refusal of a file that long", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		b, err := builtins.ReadFile("builtin/" + name + extension)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, c := range refused {
		f.Add([]byte(c.document))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse("fuzz.toml", b)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "fuzz.toml:") {
					t.Errorf("an error is not one line that names the file: %q", err)
				}
			}
			return
		}
		printed, err := c.TOML()
		if err != nil {
			t.Fatalf("a valid configuration cannot be printed: %v", err)
		}
		again, err := Parse("again.toml", printed)
		if err != nil {
			t.Fatalf("what was printed is refused: %v\n%s", err, printed)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Error(diff)
		}
		for epoch := range min(c.Learning.Epochs, 100) {
			if rate := c.RateAt(epoch + 1); !(rate >= 0) {
				t.Errorf("rate %v at epoch %d", rate, epoch+1)
			}
		}
	})
}
