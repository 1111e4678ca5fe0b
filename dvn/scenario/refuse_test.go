package scenario

import (
	"strings"
	"testing"
)

// valid is a document of 15 lines that the refused ones differ from.
const valid = `name = "valid"
backbone = "wrn-8-1"
units = [1, 1]
level_units = [1, 2]
orders = [[1, 2], [2, 1]]
[learning]
lr = 0.1
drops = [0.5]
[[tasks]]
kind = "cifar10"
classes = [1, 10]
[[tasks]]
kind = "shapes"
size = 32
batch = 8
`

// with replaces one line of valid.
func with(old, line string) string {
	if strings.Count(valid, old+"\n") != 1 {
		panic("not one line " + old)
	}
	return strings.Replace(valid, old, line, 1)
}

var refused = []struct {
	name     string
	document string
	want     []string // each must be part of the error
}{
	{"an unknown key", with("lr = 0.1", "lrr = 0.1"), []string{"x.toml:7: learning.lrr: unknown key"}},
	{"an unknown table", with("[learning]", "[lerning]"), []string{"x.toml:6: lerning: unknown key"}},
	{"two unknown keys", valid + "a = 1\nb = 2\n", []string{"x.toml:16: tasks.a: unknown key", "x.toml:17: tasks.b: unknown key"}},
	{"a key in capitals", with("lr = 0.1", "LR = 0.1"), []string{"x.toml:7: learning.LR: unknown key"}},
	{"a key twice", with("lr = 0.1", "lr = 0.1\nlr = 0.2"), []string{"x.toml:8: lr: key lr is already defined"}},
	{"text for a number", with("batch = 8", `batch = "8"`), []string{"x.toml:15: tasks.batch: needs a whole number, not a TOML string"}},
	{"a fraction for a whole number", with("batch = 8", `batch = 8.5`), []string{"x.toml:15: tasks.batch: needs a whole number, not a TOML float"}},
	{"a number for a list", with("units = [1, 1]", `units = 1`), []string{"x.toml:3: units: needs a list, not a TOML integer"}},
	{"a list for a table", "\nlearning = [1]", []string{"x.toml:2: learning: needs a table, not a TOML array"}},
	{"one table for the tasks", "backbone = \"wrn-8-1\"\n[tasks]\nkind = \"cifar10\"\n", []string{"x.toml:3: tasks.kind: tasks is a list: begin each task with [[tasks]]"}},
	{"broken TOML", with("lr = 0.1", "lr = "), []string{"x.toml:7: "}},
	{"no UTF-8", "\xff", []string{"x.toml:1: "}},
	{"a negative seed", "seed = -1\n" + valid, []string{"x.toml:1: seed: "}},
	{"a number beyond 64 bits", "seed = 99999999999999999999\n" + valid, []string{"x.toml:1: seed: "}},
	{"an empty document", "", []string{"x.toml: backbone: missing", "x.toml: tasks: there are none"}},
	{"a name with a slash", with(`name = "valid"`, `name = "a/b"`), []string{`x.toml:1: name: "a/b"`}},
	{"an unknown backbone", with(`backbone = "wrn-8-1"`, `backbone = "wrn-9-1"`), []string{`x.toml:2: backbone: backbone "wrn-9-1"`}},
	{"a negative share", with("units = [1, 1]", "units = [1, -1]"), []string{"x.toml:3: units: ", "share -1 of unit 2"}},
	{"a share that is no number", with("units = [1, 1]", "units = [1, nan]"), []string{"x.toml:3: units: ", "share NaN"}},
	{"a share without maps", with("units = [1, 1]", "units = [1, 0.001]"), []string{"x.toml:3: units: ", "16 maps"}},
	{"17 units", with("units = [1, 1]", "units = [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), []string{"x.toml:3: units: ", "17 units"}},
	{"no units", with("units = [1, 1]", "units = []"), []string{"x.toml:3: units: ", "0 units"}},
	{"no levels", with("level_units = [1, 2]", "level_units = []"), []string{"x.toml:4: level_units: there are no levels"}},
	{"a level without units", with("level_units = [1, 2]", "level_units = [0, 2]"), []string{"x.toml:4: level_units[1]: 0 units"}},
	{"levels that do not grow", with("level_units = [1, 2]", "level_units = [1, 1]"), []string{"x.toml:4: level_units[2]: 1 units are not more than the 1"}},
	{"a level of more units than there are", with("level_units = [1, 2]", "level_units = [1, 3]"), []string{"x.toml:4: level_units[2]: 3 units are more than there are, 2"}},
	{"a missing order", with("orders = [[1, 2], [2, 1]]", "orders = [[1, 2]]"), []string{"x.toml:5: orders: there are 1 for 2 tasks"}},
	{"a unit twice in an order", with("orders = [[1, 2], [2, 1]]", "orders = [[1, 2],\n [2, 2]]"), []string{"orders[2]: unit 2 comes twice"}},
	{"a unit that does not exist", with("orders = [[1, 2], [2, 1]]", "orders = [[0, 1], [2, 1]]"), []string{"x.toml:5: orders[1]: unit 0 is not one of 1 to 2"}},
	{"an order too short for the last level", with("orders = [[1, 2], [2, 1]]", "orders = [[1, 2], [2]]"), []string{"x.toml:5: orders[2]: it has 1 units: from 2,"}},
	{"an unknown objective", "objective = \"both\"\n" + valid, []string{`x.toml:1: objective: "both" is not one of joint, sequential`}},
	{"an unknown batch-norm", "bn = \"none\"\n" + valid, []string{`x.toml:1: bn: "none" is not one of private, shared, batch`}},
	{"an unknown trunk mode", "trunk_mode = \"off\"\n" + valid, []string{`x.toml:1: trunk_mode: "off"`}},
	{"an unknown reduction", "loss_reduction = \"max\"\n" + valid, []string{`x.toml:1: loss_reduction: "max"`}},
	{"an unknown teacher", "teacher = \"bottom\"\n" + valid, []string{`x.toml:1: teacher: "bottom"`}},
	{"an unknown precision", "precision = \"fp8\"\n" + valid, []string{`x.toml:1: precision: "fp8" is not one of fp32, fp16`}},
	{"a temperature of zero", "temperature = 0\n" + valid, []string{"x.toml:1: temperature: 0 is not a positive number"}},
	{"an infinite temperature", "temperature = inf\n" + valid, []string{"x.toml:1: temperature: +Inf"}},
	{"an empty frozen pattern", "frozen = [\n\"a\",\n\"\"]\n" + valid, []string{"x.toml:3: frozen[2]: "}},
	{"a negative limit", "data.limit_train = -1\n" + valid, []string{"x.toml:1: data.limit_train: -1"}},
	{"a negative number of steps", "checkpoint_every = -1\n" + valid, []string{"x.toml:1: checkpoint_every: -1"}},
	{"an unknown preset", with("lr = 0.1", `preset = "fast"`), []string{`x.toml:7: learning.preset: "fast" is not one of wrn2016, he2016, own`}},
	{"an own schedule that lacks keys", with("lr = 0.1", `preset = "own"`), []string{"x.toml:6: learning.epochs: 0", "x.toml:6: learning.lr: 0", "x.toml:6: learning.batch: 0"}},
	{"no epochs", with("lr = 0.1", "epochs = 0"), []string{"x.toml:7: learning.epochs: 0 is not from 1"}},
	{"a rate of zero", with("lr = 0.1", "lr = 0"), []string{"x.toml:7: learning.lr: 0 is not a positive number"}},
	{"a rate that is no number", with("lr = 0.1", "lr = nan"), []string{"x.toml:7: learning.lr: NaN is not a positive number"}},
	{"a rate below what float32 holds", with("lr = 0.1", "lr = 1e-60"), []string{"x.toml:7: learning.lr: 1e-60"}},
	{"a drop after the end", with("drops = [0.5]", "drops = [0.5, 1.5]"), []string{"x.toml:8: learning.drops[2]: 1.5 is not between 0.5 and 1"}},
	{"drops that descend", with("drops = [0.5]", "drops = [0.5, 0.4]"), []string{"x.toml:8: learning.drops[2]: 0.4"}},
	{"a factor of zero", with("lr = 0.1", "factor = 0"), []string{"x.toml:7: learning.factor: 0"}},
	{"a momentum of one", with("lr = 0.1", "momentum = 1"), []string{"x.toml:7: learning.momentum: 1"}},
	{"a negative decay", with("lr = 0.1", "weight_decay = -1e-4"), []string{"x.toml:7: learning.weight_decay: -0.0001"}},
	{"a batch of nothing", with("batch = 8", "batch = 0"), []string{"x.toml:15: tasks[2].batch: 0 is not from 1"}},
	{"an unknown kind", with(`kind = "cifar10"`, `kind = "mnist"`), []string{`x.toml:10: tasks[1].kind: "mnist" is not one of cifar10`}},
	{"a missing kind", with(`kind = "cifar10"`, ""), []string{`x.toml:9: tasks[1].kind: ""`}},
	{"two tasks of one name", with(`kind = "cifar10"`, "kind = \"cifar10\"\nname = \"shapes\""), []string{`tasks[2].name: "shapes" is another task's name`}},
	{"labels of a set without a choice", with("batch = 8", `labels = "fine"`), []string{"x.toml:15: tasks[2].labels: only cifar100"}},
	{"unknown labels", valid + "[[tasks]]\nkind = \"cifar100\"\nlabels = \"all\"\n", []string{`x.toml:18: tasks[3].labels: "all" is not one of fine, coarse`}},
	{"a class range of three numbers", with("classes = [1, 10]", "classes = [1, 2, 3]"), []string{"x.toml:11: tasks[1].classes: 3 numbers"}},
	{"a class 0", with("classes = [1, 10]", "classes = [0, 4]"), []string{"x.toml:11: tasks[1].classes: 0 to 4"}},
	{"a class range backwards", with("classes = [1, 10]", "classes = [5, 4]"), []string{"x.toml:11: tasks[1].classes: 5 to 4"}},
	{"more classes than there are", with("classes = [1, 10]", "classes = [6, 11]"), []string{"x.toml:11: tasks[1].classes: class 11: cifar10 has 10"}},
	{"a path that no folder has", with("batch = 8", `path = "p"`), []string{"x.toml:15: tasks[2].path: only the kind folder"}},
	{"a folder without path and size", with(`kind = "shapes"`, `kind = "folder"`), []string{"x.toml:12: tasks[2].path: missing"}},
	{"a folder without a size", valid + "[[tasks]]\nkind = \"folder\"\npath = \"p\"\n", []string{"x.toml:16: tasks[3].size: 0"}},
	{"numbers of images of a set that has its own", with("classes = [1, 10]", "train = 5\ntest = 5"), []string{"x.toml:11: tasks[1].train: only generated", "x.toml:12: tasks[1].test: only generated"}},
	{"a generated set without images", with("batch = 8", "train = 0"), []string{"x.toml:15: tasks[2].train: 0"}},
	{"another size than the data set's", with("classes = [1, 10]", "size = 64"), []string{"x.toml:11: tasks[1].size: 64: the images of cifar10 have 32 pixels"}},
	{"another number of channels than the data set's", with("classes = [1, 10]", "channels = 1"), []string{"x.toml:11: tasks[1].channels: 1: the images of cifar10 have 3"}},
	{"two channels", with("batch = 8", "channels = 2"), []string{"x.toml:15: tasks[2].channels: 2"}},
	{"images too small to draw", with("size = 32", "size = 7"), []string{"x.toml:14: tasks[2].size: 7"}},
	{"images too large", with("size = 32", "size = 100000"), []string{"x.toml:14: tasks[2].size: 100000"}},
	{"a stride of zero", with("batch = 8", "stride = 0"), []string{"x.toml:15: tasks[2].stride: 0"}},
	{"stems of different output", with("batch = 8", "stride = 2"), []string{"x.toml:15: tasks[2].stride: the stem makes maps of 16 pixels from 32, those of task 1 have 32"}},
	{"different images in sequential training", "objective = \"sequential\"\n" + with("size = 32", "size = 64"), []string{"x.toml:15: tasks[2].size: 64 pixels, 3 channels: in sequential training"}},
	{"images of a later task", with("classes = [1, 10]", "images_of = 2"), []string{"x.toml:11: tasks[1].images_of: 2"}},
	{"images of another data set", with("batch = 8", "images_of = 1"), []string{"x.toml:15: tasks[2].images_of: task 1 differs"}},
}

func TestImpossibleConfigurationsAreRefusedWithLineAndReason(t *testing.T) {
	if _, err := Parse("x.toml", []byte(valid)); err != nil {
		t.Fatalf("the document that the others differ from is refused: %v", err)
	}
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			config, err := Parse("x.toml", []byte(c.document))
			if err == nil {
				t.Fatalf("accepted as %+v", config)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got\n%v\nwant it to contain\n%s", err, want)
				}
			}
		})
	}
}

func TestValidateNamesKeysWithoutLines(t *testing.T) {
	c := builtin(t, "quick")
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	c.Learning.Epochs, c.Tasks[1].Batch, c.Seed = 0, -1, 1<<63
	err := c.Validate()
	for _, want := range []string{"learning.epochs: 0 is not", "tasks[2].batch: -1 is not", "seed: 9223372036854775808 is more"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to contain %q", err, want)
		}
	}
	if err := (Config{}).Validate(); err == nil {
		t.Error("an empty configuration is accepted")
	}
}

func TestTasksOfOneDataSetMayShareImagesOnlyWhereTheyAreTheSame(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		ok     bool
	}{
		{"other labels", func(*Config) {}, true},
		{"another batch", func(c *Config) { c.Tasks[1].Batch++ }, false},
		{"the same range of other labels", func(c *Config) { c.Tasks[0].Classes, c.Tasks[1].Classes = []int{1, 5}, []int{1, 5} }, false},
		{"a chain", func(c *Config) {
			third := c.Tasks[1]
			third.Name, third.ImagesOf = "third", 2
			c.Tasks, c.Orders = append(c.Tasks, third), append(c.Orders, []int{1, 2})
		}, false},
	} {
		h1 := builtin(t, "h1")
		c.change(&h1)
		err := h1.Validate()
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "images_of") {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}
