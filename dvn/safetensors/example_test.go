package safetensors_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/dvn-vk/dvn-vk/dvn/safetensors"
)

func Example() {
	folder, err := os.MkdirTemp("", "safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "step-1.safetensors")

	err = safetensors.WriteChecked(path, &safetensors.File{
		Metadata: map[string]string{"backbone": "wrn-8-1"},
		Tensors: []safetensors.Tensor{
			safetensors.F32("task1.level1.fc.bias", []int{3}, []float32{0.5, -1, 0}),
		},
	})
	if err != nil {
		log.Fatal(err)
	}

	file, err := safetensors.ReadChecked(path)
	if err != nil {
		log.Fatal(err)
	}
	bias, ok := file.Lookup("task1.level1.fc.bias")
	if !ok {
		log.Fatal("no bias")
	}
	values, err := bias.Float32s()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(file.Metadata["backbone"], bias.Shape, values)
	// Output: wrn-8-1 [3] [0.5 -1 0]
}
