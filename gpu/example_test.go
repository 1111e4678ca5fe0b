package gpu_test

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"log"
	"math"

	"github.com/dvn-vk/dvn-vk/gpu"
)

//go:embed testdata/axpy.spv
var axpy []byte // y = a * x + y; see testdata/axpy.comp

// A list of two operations is recorded once and run three times.
func Example() {
	instance, err := gpu.NewInstance()
	if err != nil {
		log.Fatal(err)
	}
	defer instance.Close()
	info, _, err := instance.Choose("") // DVNVK_DEVICE or the best one
	if err != nil {
		log.Fatal(err)
	}
	device, err := instance.Open(info)
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	if err := addTwice(device); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 operations, 1 barrier, y = [61 122 183]
}

func addTwice(device *gpu.Device) error {
	x, err := device.NewBuffer("x", gpu.Activations, 12)
	if err != nil {
		return err
	}
	defer x.Free()
	y, err := device.NewBuffer("y", gpu.Activations, 12)
	if err != nil {
		return err
	}
	defer y.Free()
	if err := x.WriteFloats(0, []float32{1, 2, 3}); err != nil {
		return err
	}
	if err := y.WriteFloats(0, []float32{1, 2, 3}); err != nil {
		return err
	}

	code := make([]uint32, len(axpy)/4)
	for i := range code {
		code[i] = binary.LittleEndian.Uint32(axpy[4*i:])
	}
	shader := gpu.Shader{Name: "axpy", Code: code, PushBytes: 24}
	pipeline, err := device.Pipeline(shader, 0, gpu.Constant{ID: 0, Value: 64}) // workgroups of 64
	if err != nil {
		return err
	}
	push := binary.LittleEndian.AppendUint64(nil, x.Address())
	push = binary.LittleEndian.AppendUint64(push, y.Address())
	push = binary.LittleEndian.AppendUint32(push, math.Float32bits(10))
	push = binary.LittleEndian.AppendUint32(push, 3) // elements

	recorder := device.NewRecorder()
	for _, name := range []string{"first", "second"} {
		recorder.Dispatch(gpu.Op{
			Name: name, Kind: "axpy", Pipeline: pipeline, Push: push, Workgroups: 1,
			Reads: []gpu.Range{x.All(), y.All()}, Writes: []gpu.Range{y.All()},
		})
	}
	list, err := recorder.Build("example", false)
	if err != nil {
		return err
	}
	defer list.Close()
	for range 3 {
		if err := list.Run(); err != nil {
			return err
		}
	}
	result := make([]float32, 3)
	if err := y.ReadFloats(0, result); err != nil {
		return err
	}
	fmt.Printf("%d operations, %d barrier, y = %v\n", list.Len(), list.Barriers(), result)
	return nil
}
