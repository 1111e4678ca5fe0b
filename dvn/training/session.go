package training

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
	"github.com/dvn-vk/dvn-vk/layers/tune"
)

// Options of a new run.
type Options struct {
	Config       scenario.Config
	Dir          string // the run's folder: absent or empty
	Device       *gpu.Device
	DeviceReason string   // why this device, for the log
	Command      []string // as it was typed, for the record
	Version      string   // of the program
	Profile      bool
	Tuner        *tune.Tuner // decides by which variants the convolutions of steps run; nil: what suits the device
	Observer     Observer
}

// session is a run while it works.
type session struct {
	Options
	kernels *layers.Kernels
	folder  *folder
	tasks   []taskData
	classes []int
	phases  []*dvn.Phase
	store   *dvn.Store
	state   state
	began   time.Time // of this session
	before  float64   // seconds of earlier sessions
	profile *profiler
}

// Start trains a configuration in a new run folder and returns the final table. Where ctx ends, the step is finished, a
// checkpoint written, and the error is ErrInterrupted.
func Start(ctx context.Context, o Options) (*Summary, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	s := &session{Options: o, state: state{Phase: 1, Epoch: 1, LossSums: map[string]float64{}}, began: time.Now()}
	defer s.close()
	var err error
	if s.kernels, err = layers.NewKernels(o.Device, layers.Precision(o.Config.Precision)); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	if err := s.store.Initialise(o.Config.Seed); err != nil {
		return nil, err
	}
	if s.folder, err = createFolder(o.Dir, o.Config, s.kernels.Selection()); err != nil {
		return nil, err
	}
	return s.run(ctx, nil)
}

// ResumeOptions of a run that goes on.
type ResumeOptions struct {
	Dir          string // the run's folder
	DataDir      string // where the data sets are now; empty: as before
	Device       *gpu.Device
	DeviceReason string
	Command      []string
	Version      string
	Observer     Observer
}

// Resume continues the run in a folder from its newest checkpoint that verifies, with the run's own configuration. On the
// same device the bits are those of an uninterrupted run. A finished run is evaluated only.
func Resume(ctx context.Context, o ResumeOptions) (*Summary, error) {
	c, skipped, err := readNewest(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := checkConfig(o.Dir, c.config); err != nil {
		return nil, err
	}
	if o.DataDir != "" {
		c.config.Data.Dir = o.DataDir
	}
	if c.state.LossSums == nil {
		c.state.LossSums = map[string]float64{}
	}
	s := &session{
		Options: Options{
			Config: c.config, Dir: o.Dir, Device: o.Device, DeviceReason: o.DeviceReason, Command: o.Command, Version: o.Version, Observer: o.Observer,
		},
		state: c.state, before: c.state.Seconds, began: time.Now(),
	}
	defer s.close()
	for _, why := range skipped {
		s.Observer.message(fmt.Sprintf("a newer checkpoint cannot be used: %v", why))
	}
	if s.kernels, err = layers.NewKernelsOf(o.Device, c.origin.Selection); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	if err := c.restore(s.store, "", true); err != nil {
		return nil, err
	}
	if c.state.Finished {
		rows, err := s.table(ctx)
		return &Summary{Dir: o.Dir, Rows: rows, Steps: s.state.TotalSteps, LossScale: s.state.LossScale, AlreadyFinished: true}, err
	}
	if s.folder, err = openFolder(o.Dir, c.state.MetricsBytes); err != nil {
		return nil, err
	}
	if now := s.origin(); now.UUID != c.origin.UUID || now.Driver != c.origin.Driver || now.Kernels != c.origin.Kernels {
		s.say(fmt.Sprintf("the run began on %s (%s, %s): from here on the bits are those of %s (%s, %s)", c.origin.Device, c.origin.Driver, c.origin.Kernels, now.Device, now.Driver, now.Kernels))
	}
	s.say(fmt.Sprintf("resumed at phase %d, epoch %d, step %d", s.state.Phase, s.state.Epoch, s.state.Step))
	return s.run(ctx, c)
}

func (s *session) close() error {
	s.store.Close()
	if s.folder == nil {
		return nil
	}
	return s.folder.close()
}

// say tells the observer and the log.
func (s *session) say(text string) {
	s.Observer.message(text)
	if s.folder != nil {
		s.folder.log.Info(text)
	}
}

// prepare loads the data, lays the phases out, chooses kernels, predicts memory and allocates the store. What cannot fit is refused
// before kernels are chosen.
func (s *session) prepare(ctx context.Context) error {
	var err error
	if s.tasks, err = loadTraining(s.Config); err != nil {
		return err
	}
	for j, t := range s.tasks {
		s.classes = append(s.classes, len(t.train.Classes))
		s.Observer.message(fmt.Sprintf("task %d, %s: %d training and %d test images, %d classes", j+1, s.Config.Tasks[j].Name, t.train.Len(), t.test.Len(), len(t.train.Classes)))
		if n := len(t.train.Skipped) + len(t.test.Skipped); n > 0 {
			s.Observer.message(fmt.Sprintf("task %d: %d broken images left out: %s", j+1, n, strings.Join(append(t.train.Skipped, t.test.Skipped...), ", ")))
		}
	}
	s.phases = phasesOf(s.Config, s.classes)
	for _, p := range s.phases {
		if err := p.Validate(); err != nil {
			return err
		}
	}
	if err := checkFrozen(s.Config.Frozen, s.phases); err != nil {
		return err
	}
	if err := s.checkLeast(); err != nil {
		return err
	}
	if err := s.tune(ctx); err != nil {
		return err
	}
	if err := s.checkMemory(); err != nil {
		return err
	}
	s.store, err = dvn.NewStore(s.Device, true, s.phases...)
	return err
}

// run goes through the phases, epochs and steps that are left, and ends with the table.
func (s *session) run(ctx context.Context, from *checkpoint) (*Summary, error) {
	s.folder.log.Info("begin", "version", s.Version, "command", strings.Join(s.Command, " "), "device", s.Device.Info.Name, "driver", s.Device.Info.Driver,
		"reason", s.DeviceReason, "kernels", s.kernels.Describe(), "seed", s.Config.Seed, "config", s.Config.Name)
	if s.Profile {
		s.profile = newProfiler()
	}
	for s.state.Phase <= len(s.phases) {
		if err := s.phase(ctx, from); err != nil {
			s.folder.log.Error(err.Error())
			return nil, err
		}
		from = nil
	}
	rows, err := s.table(ctx)
	if err != nil {
		return nil, err
	}
	s.folder.log.Info("finished", "steps", s.state.TotalSteps, "seconds", s.seconds())
	return &Summary{Dir: s.Dir, Rows: rows, Steps: s.state.TotalSteps, LossScale: s.state.LossScale, Profile: s.profile.summary()}, nil
}

func (s *session) seconds() float64 { return s.before + time.Since(s.began).Seconds() }

// phase trains one phase from where the state stands, and moves the state to the next.
func (s *session) phase(ctx context.Context, from *checkpoint) error {
	p := s.phases[s.state.Phase-1]
	w, err := s.newWorker(p, from)
	if err != nil {
		return err
	}
	defer w.close()
	if len(s.phases) > 1 {
		s.say(fmt.Sprintf("phase %d of %d: %d heads", s.state.Phase, len(s.phases), len(p.Heads)))
	}
	for at := s.state.Phase; s.state.Phase == at; {
		if err := s.epoch(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// epoch trains the steps of an epoch that are left, evaluates, and writes metrics and a checkpoint.
func (s *session) epoch(ctx context.Context, w *worker) error {
	rate := s.Config.RateAt(s.state.Epoch)
	if s.Observer.Epoch != nil {
		s.Observer.Epoch(EpochStart{Phase: s.state.Phase, Phases: len(s.phases), Epoch: s.state.Epoch, Epochs: s.Config.Learning.Epochs, Step: s.state.Step, Steps: w.steps, Rate: rate})
	}
	images, start := 0, time.Now()
	for s.state.Step < w.steps {
		n, err := s.step(w, rate)
		if err != nil {
			return err
		}
		images += n
		if ctx.Err() != nil {
			return s.interrupt(w)
		}
		if every := s.Config.CheckpointEvery; every > 0 && s.state.TotalSteps%every == 0 && s.state.Step < w.steps {
			if err := s.save(w); err != nil {
				return err
			}
		}
	}
	trained := time.Since(start).Seconds()
	scores, err := s.evaluate(ctx, w.phase)
	if err != nil {
		if ctx.Err() != nil {
			return s.interrupt(w)
		}
		return err
	}
	return s.endEpoch(w, rate, scores, float64(images)/trained)
}

// step runs one training step and adds up its losses; images counts an image once a task.
func (s *session) step(w *worker, rate float64) (images int, err error) {
	done, result, err := w.run(rate)
	if err != nil {
		return 0, fmt.Errorf("phase %d, epoch %d, step %d: %w", s.state.Phase, s.state.Epoch, s.state.Step+1, err)
	}
	s.state.Streams = done.streams
	s.state.Step++
	s.state.TotalSteps++
	s.keepLossScale(w, result)
	for id, loss := range result.Losses {
		s.state.LossSums[id.String()] += float64(loss)
	}
	if s.profile != nil {
		if err := s.profile.add(w.trainer); err != nil {
			return 0, err
		}
	}
	if s.Observer.Step != nil {
		s.Observer.Step(StepDone{Step: s.state.Step, Steps: w.steps, Images: done.images, Losses: result.Losses})
	}
	return done.images, nil
}

// keepLossScale notes what a step in FP16 left of the loss scale.
func (s *session) keepLossScale(w *worker, result *dvn.StepResult) {
	if s.kernels.Precision() != layers.FP16 {
		return
	}
	scale := w.trainer.LossScale()
	s.state.LossScale = &scale
	if result.Skipped {
		s.folder.log.Info("step skipped: a gradient is not finite", "phase", s.state.Phase, "epoch", s.state.Epoch, "step", s.state.Step, "loss_scale", scale.Scale)
	}
}

// endEpoch writes what the epoch brought, moves the state on and writes a checkpoint.
func (s *session) endEpoch(w *worker, rate float64, scores []score, imagesPerSecond float64) error {
	done := EpochDone{Phase: s.state.Phase, Epoch: s.state.Epoch, Seconds: s.seconds(), ImagesPerSecond: imagesPerSecond, LossScale: s.state.LossScale}
	var lines []metric
	for _, sc := range scores {
		id := dvn.HeadID{Task: sc.task, Level: sc.level}
		row := EpochRow{
			Task: sc.task, Level: sc.level, Name: s.Config.Tasks[sc.task-1].Name,
			Loss: s.state.LossSums[id.String()] / float64(w.steps), Accuracy: sc.top1, Top5: sc.top5, HasTop5: sc.hasTop5,
		}
		line := metric{
			Phase: s.state.Phase, Epoch: (s.state.Phase-1)*s.Config.Learning.Epochs + s.state.Epoch, Task: row.Task, Level: row.Level,
			Loss: row.Loss, Accuracy: row.Accuracy, Seconds: done.Seconds, Rate: rate,
		}
		if s.state.LossScale != nil {
			line.LossScale, line.SkippedSteps = &s.state.LossScale.Scale, &s.state.LossScale.Skipped
		}
		if row.HasTop5 {
			line.Top5 = &row.Top5
		}
		done.Rows, lines = append(done.Rows, row), append(lines, line)
		s.folder.log.Info("epoch", "phase", s.state.Phase, "epoch", s.state.Epoch, "task", row.Task, "level", row.Level, "loss", row.Loss, "accuracy", row.Accuracy)
	}
	var err error
	if s.state.MetricsBytes, err = s.folder.write(lines); err != nil {
		return err
	}
	s.state.Epoch, s.state.Step, s.state.LossSums = s.state.Epoch+1, 0, map[string]float64{}
	if s.state.Epoch > s.Config.Learning.Epochs {
		s.state.Phase, s.state.Epoch, s.state.Streams = s.state.Phase+1, 1, nil
		s.state.Finished = s.state.Phase > len(s.phases)
	}
	if s.Observer.EpochDone != nil {
		s.Observer.EpochDone(done)
	}
	return s.save(w)
}

// interrupt writes a checkpoint where the run stands.
func (s *session) interrupt(w *worker) error {
	if err := s.save(w); err != nil {
		return err
	}
	s.folder.log.Info("interrupted", "phase", s.state.Phase, "epoch", s.state.Epoch, "step", s.state.Step)
	return ErrInterrupted
}

// save writes a checkpoint.
func (s *session) save(w *worker) error {
	s.state.Seconds = s.seconds()
	c := checkpoint{state: s.state, origin: s.origin(), config: s.Config}
	for _, t := range s.tasks {
		c.classes, c.normalisations = append(c.classes, t.train.Classes), append(c.normalisations, t.normalisation)
	}
	if err := c.write(s.Dir, s.store, w.old); err != nil {
		return err
	}
	s.folder.log.Info("checkpoint", "path", checkpointPath(s.Dir, s.state.TotalSteps))
	return nil
}

func (s *session) origin() origin {
	info := s.Device.Info
	return origin{Version: s.Version, Command: s.Command, Device: info.Name, UUID: info.UUID.String(), Driver: info.Driver, Kernels: s.kernels.Describe(), Selection: s.kernels.Selection()}
}
