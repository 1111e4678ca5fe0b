package data_test

import (
	"context"
	"fmt"
	"log"

	"github.com/dvn-vk/dvn-vk/data"
)

// A training loop takes a step's batches from a loader and keeps, for a checkpoint, where the streams stand.
func ExampleLoader() {
	shapes := data.Source{Kind: "shapes", Size: 16, Channels: 3, Train: 100, Test: 20, Seed: 1}
	train, err := data.Load("", shapes, data.Train)
	if err != nil {
		log.Fatal(err)
	}
	stream := data.NewStream(train, data.MeasureNormalisation(train), 32, 1)
	loader := data.NewLoader(context.Background(), []*data.Stream{stream}, 2)
	defer loader.Close()
	for range 5 {
		step, err := loader.Next()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(step[0].N, "images, then", step[0].After)
	}
	// Output:
	// 32 images, then {1 0 32}
	// 32 images, then {1 0 64}
	// 32 images, then {1 0 96}
	// 4 images, then {1 1 0}
	// 32 images, then {1 1 32}
}

// The classes of one data set can be divided into tasks (scenario S1).
func ExampleSet_SelectClasses() {
	textures := data.Source{Kind: "textures", Size: 16, Channels: 3, Train: 80, Test: 16, Seed: 1}
	train, err := data.Load("", textures, data.Train)
	if err != nil {
		log.Fatal(err)
	}
	second, err := train.SelectClasses(5, 8)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(second.Len(), "images of", second.Classes)
	// Output: 40 images of [bricks rings clouds grain]
}
