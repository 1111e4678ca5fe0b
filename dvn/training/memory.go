package training

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/gpu"
)

// checkLeast refuses what the device cannot hold whatever kernels run, before any is measured.
func (s *session) checkLeast() error {
	least, err := s.least(s.Config)
	if err != nil {
		return err
	}
	available := s.Device.Available()
	if least <= available {
		return nil
	}
	s.Observer.message(fmt.Sprintf("memory needed: at least %s of %s", gpu.Bytes(least), gpu.Bytes(available)))
	return s.tooLarge("at least "+gpu.Bytes(least), available)
}

// checkMemory predicts what the largest phase takes, says so, and refuses what the device cannot hold.
func (s *session) checkMemory() error {
	memory, err := s.predict(s.Config)
	if err != nil {
		return err
	}
	available := s.Device.Available()
	text := fmt.Sprintf("memory needed: %s of %s (", gpu.Bytes(memory.Total()), gpu.Bytes(available))
	for i, purpose := range []gpu.Purpose{gpu.Weights, gpu.Activations, gpu.Gradients, gpu.Optimiser, gpu.Staging} {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %s", purpose, gpu.Bytes(memory[purpose]))
	}
	s.Observer.message(text + ")")
	if memory.Total() <= available {
		return nil
	}
	return s.tooLarge(gpu.Bytes(memory.Total()), available)
}

// tooLarge is the error of a run that needs more than is available: it says what would fit.
func (s *session) tooLarge(needs string, available uint64) error {
	text := fmt.Sprintf("%s has %s left and this run needs %s: ", s.Device.Info.Name, gpu.Bytes(available), needs)
	largest := s.largestBatch(available)
	if largest == 0 {
		return errors.New(text + "not even a batch of 1 fits; take a smaller backbone")
	}
	return fmt.Errorf("%sthe largest batch that fits is %d (--batch %d)", text, largest, largest)
}

// least is at most the memory of the phase that takes most.
func (s *session) least(c scenario.Config) (most uint64, err error) {
	for _, p := range s.phases {
		least, err := dvn.LeastTrainer(s.kernels, *p, capacityOf(c, p))
		if err != nil {
			return 0, err
		}
		most = max(most, least)
	}
	return most, nil
}

// predict is the memory of the phase that takes most.
func (s *session) predict(c scenario.Config) (dvn.Memory, error) {
	var most dvn.Memory
	for _, p := range s.phases {
		m, err := dvn.PredictMemory(s.kernels, *p, s.phases, capacityOf(c, p), evaluationBatch)
		if err != nil {
			return nil, err
		}
		if m.Total() > most.Total() {
			most = m
		}
	}
	return most, nil
}

// largestBatch searches the largest batch, the same for all tasks, whose memory is available; 0 for none.
func (s *session) largestBatch(available uint64) int {
	fits := func(batch int) bool {
		c := s.Config
		c.Tasks = slices.Clone(c.Tasks)
		for j := range c.Tasks {
			c.Tasks[j].Batch = batch
		}
		if least, err := s.least(c); err != nil || least > available {
			return false
		}
		m, err := s.predict(c)
		return err == nil && m.Total() <= available
	}
	if !fits(1) {
		return 0
	}
	low, high := 1, 1
	for _, t := range s.Config.Tasks {
		high = max(high, t.Batch)
	}
	for low+1 < high {
		if middle := (low + high) / 2; fits(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}
