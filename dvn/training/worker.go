package training

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/dvn-vk/dvn-vk/data"
	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/scenario"
)

// worker is what one phase works with.
type worker struct {
	phase   *dvn.Phase
	tasks   []int // whose images are seen, in the streams' order
	loader  *data.Loader
	trainer *dvn.Trainer
	old     *dvn.Store // the network at the start of the phase; nil where no head distills
	steps   int        // of an epoch
	next    *nextStep  // whose batches the trainer has; nil for none
}

// nextStep is what a step reads.
type nextStep struct {
	streams []data.StreamState // after it
	images  int                // an image counts once a task
}

// load gives the trainer the batches of the next step.
func (w *worker) load() error {
	batches, err := w.loader.Next()
	if err != nil {
		return err
	}
	step, next := map[int]dvn.Batch{}, &nextStep{}
	for i, b := range batches {
		step[w.tasks[i]] = dvn.Batch{Images: b.Images, Labels: b.Labels}
		next.streams = append(next.streams, b.After)
		next.images += b.N
	}
	if err := w.trainer.Load(step); err != nil {
		return err
	}
	w.next = next
	return nil
}

// run lets the trainer go through the step that was loaded, and loads the one after it meanwhile.
func (w *worker) run(rate float64) (*nextStep, *dvn.StepResult, error) {
	if w.next == nil {
		if err := w.load(); err != nil {
			return nil, nil, err
		}
	}
	done := w.next
	if err := w.trainer.Start(rate); err != nil {
		return nil, nil, err
	}
	if err := w.load(); err != nil {
		return nil, nil, err
	}
	result, err := w.trainer.Wait()
	return done, result, err
}

// preparedSteps is how many steps the loader is ahead.
const preparedSteps = 2

// newWorker begins a phase, or continues it from a checkpoint. Momentum starts at 0 in every phase (spec section 5).
func (s *session) newWorker(p *dvn.Phase, from *checkpoint) (*worker, error) {
	w := &worker{phase: p, tasks: trainedTasks(p)}
	fresh := len(s.state.Streams) == 0
	if err := w.prepareStores(s, from, fresh); err != nil {
		w.close()
		return nil, err
	}
	var streams []*data.Stream
	for i, task := range w.tasks {
		t := s.tasks[task-1]
		stream := data.NewStream(t.train, t.normalisation, s.Config.Tasks[task-1].Batch, streamSeed(s.Config, task))
		if !fresh {
			if len(s.state.Streams) != len(w.tasks) {
				w.close()
				return nil, fmt.Errorf("the checkpoint has %d data streams, the phase %d", len(s.state.Streams), len(w.tasks))
			}
			if err := stream.Restore(s.state.Streams[i]); err != nil {
				w.close()
				return nil, err
			}
		}
		streams = append(streams, stream)
	}
	var err error
	if w.trainer, err = dvn.NewTrainer(s.kernels, s.store, w.old, *p, capacityOf(s.Config, p), s.Profile); err != nil {
		w.close()
		return nil, err
	}
	if s.state.LossScale != nil {
		w.trainer.SetLossScale(*s.state.LossScale)
	}
	w.steps = stepsPerEpoch(streams)
	w.loader = data.NewLoader(context.Background(), streams, preparedSteps)
	return w, nil
}

func (w *worker) prepareStores(s *session, from *checkpoint, fresh bool) error {
	if fresh {
		if err := s.store.ClearMomentum(); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(w.phase.Heads, func(h dvn.Head) bool { return h.Loss == dvn.Distillation }) {
		return nil
	}
	var err error
	if w.old, err = dvn.NewStore(s.Device, false, s.phases...); err != nil {
		return err
	}
	if fresh {
		return w.old.CopyFrom(s.store)
	}
	return from.restore(w.old, oldPrefix, false)
}

func (w *worker) close() {
	if w.loader != nil {
		w.loader.Close()
	}
	if w.trainer != nil {
		w.trainer.Close()
	}
	w.old.Close()
}

// capacityOf is the batch of every task whose images a phase sees.
func capacityOf(c scenario.Config, p *dvn.Phase) map[int]int {
	capacity := map[int]int{}
	for _, task := range trainedTasks(p) {
		capacity[task] = c.Tasks[task-1].Batch
	}
	return capacity
}

// evaluationBatch is the number of test images in a batch.
const evaluationBatch = 128

// checkConfig: a run goes on with its own configuration; an edited one would not continue what the checkpoint began. Where
// the data sets lie may have changed since.
func checkConfig(dir string, c scenario.Config) error {
	path := filepath.Join(dir, configFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	now, err := scenario.Parse(path, text)
	if err != nil {
		return err
	}
	now.Data.Dir = c.Data.Dir
	a, errA := now.TOML()
	b, errB := c.TOML()
	if errA != nil || errB != nil || string(a) != string(b) {
		return fmt.Errorf("%s is not the configuration that the checkpoint was made with: put it back, or start a new run with it", path)
	}
	return nil
}
