package training

import (
	"context"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/layers"
)

// Convolutions lists the passes of all convolutions of a configuration's steps, in all phases: what a tuner measures. It needs
// no data: classes do not matter to convolutions. Evaluations are not among them; they run by what suits the device.
func Convolutions(k *layers.Kernels, c scenario.Config) ([]layers.ConvCase, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	classes := make([]int, len(c.Tasks))
	for j := range classes {
		classes[j] = 1
	}
	return convolutions(k, c, phasesOf(c, classes))
}

func convolutions(k *layers.Kernels, c scenario.Config, phases []*dvn.Phase) ([]layers.ConvCase, error) {
	var all []layers.ConvCase
	for _, p := range phases {
		cases, err := dvn.TrainingConvolutions(k, *p, capacityOf(c, p))
		if err != nil {
			return nil, err
		}
		all = append(all, cases...)
	}
	return all, nil
}

// tune gives a new run the kernels that it keeps.
func (s *session) tune(ctx context.Context) error {
	cases, err := convolutions(s.kernels, s.Config, s.phases)
	if err != nil {
		return err
	}
	s.kernels, err = s.Tuner.Kernels(ctx, s.kernels, cases)
	return err
}
