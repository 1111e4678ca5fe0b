package scenario_test

import (
	"fmt"
	"log"

	"github.com/dvn-vk/dvn-vk/dvn/scenario"
)

func ExampleParse() {
	config, err := scenario.Parse("mine.toml", []byte(`
backbone = "wrn-14-1"
[learning]
epochs = 10
[[tasks]]
kind = "cifar10"
[[tasks]]
kind = "cifar100"
labels = "coarse"
`))
	if err != nil {
		log.Fatal(err)
	}
	for _, task := range config.Tasks {
		fmt.Println(task.Name, task.Size, task.Stride, task.Batch)
	}
	fmt.Println(config.Orders, config.RateAt(1))

	_, err = scenario.Parse("mine.toml", []byte("backbone = \"wrn-14-1\"\n[[tasks]]\nkind = \"cifar10\"\nbatch = 0\n"))
	fmt.Println(err)
	// Output:
	// cifar10 32 1 128
	// cifar100-coarse 32 1 128
	// [[1 2] [2 1]] 0.1
	// mine.toml:4: tasks[1].batch: 0 is not from 1 to 65536
}
