package training

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dvn-vk/dvn-vk/data"
	"github.com/dvn-vk/dvn-vk/dvn"
	"github.com/dvn-vk/dvn-vk/dvn/network"
	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/gpu"
	"github.com/dvn-vk/dvn-vk/layers"
)

// score is one head's accuracy in percent.
type score struct {
	task, level, images int
	top1, top5          float64
	hasTop5             bool
}

// topFiveFrom: top-5 accuracy says something where there are more classes than this.
const topFiveFrom = 20

// evaluate tests the heads of a phase on their tasks' test images.
func (s *session) evaluate(ctx context.Context, p *dvn.Phase) ([]score, error) {
	return evaluateHeads(ctx, s.kernels, s.store, p, s.tasks)
}

func evaluateHeads(ctx context.Context, k *layers.Kernels, store *dvn.Store, p *dvn.Phase, tasks []taskData) ([]score, error) {
	var all []score
	for j, t := range tasks {
		e := p.Evaluation(j + 1)
		if len(e.Heads) == 0 {
			continue
		}
		scores, err := evaluateTask(ctx, k, store, e, j+1, t)
		if err != nil {
			return nil, err
		}
		all = append(all, scores...)
	}
	return all, nil
}

func evaluateTask(ctx context.Context, k *layers.Kernels, store *dvn.Store, p dvn.Phase, task int, t taskData) ([]score, error) {
	evaluator, err := dvn.NewEvaluator(k, store, p, map[int]int{task: min(evaluationBatch, t.test.Len())})
	if err != nil {
		return nil, err
	}
	defer evaluator.Close()
	classes := p.Tasks[task-1].Classes
	scores := make([]score, len(p.Heads))
	for batch := range data.EvaluationBatches(t.test, t.normalisation, evaluationBatch) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		result, err := evaluator.Run(map[int]dvn.Batch{task: {Images: batch.Images}})
		if err != nil {
			return nil, err
		}
		for i, h := range p.Heads {
			logits := result.Logits(dvn.HeadID{Task: h.Task, Level: h.Level})
			for n, label := range batch.Labels {
				switch rank := rankOf(logits[n*classes:(n+1)*classes], int(label)); {
				case rank == 0:
					scores[i].top1++
					fallthrough
				case rank < 5:
					scores[i].top5++
				}
			}
		}
	}
	for i, h := range p.Heads {
		s := &scores[i]
		s.task, s.level, s.images, s.hasTop5 = h.Task, h.Level, t.test.Len(), classes > topFiveFrom
		s.top1, s.top5 = 100*s.top1/float64(s.images), 100*s.top5/float64(s.images)
	}
	return scores, nil
}

// rankOf is the number of classes before the label: those with larger logits, and with equal ones but a lower number.
func rankOf(logits []float32, label int) int {
	rank := 0
	for c, z := range logits {
		if z > logits[label] || z == logits[label] && c < label {
			rank++
		}
	}
	return rank
}

// latencyRepetitions of one image through one head; the median counts.
const latencyRepetitions = 11

// table is the final table: every head that was trained.
func (s *session) table(ctx context.Context) ([]Row, error) {
	return makeTable(ctx, s.kernels, s.store, s.phases[len(s.phases)-1], s.Config, s.tasks)
}

func makeTable(ctx context.Context, k *layers.Kernels, store *dvn.Store, p *dvn.Phase, c scenario.Config, tasks []taskData) ([]Row, error) {
	scores, err := evaluateHeads(ctx, k, store, p, tasks)
	if err != nil {
		return nil, err
	}
	backbone, err := network.ParseBackbone(c.Backbone)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, sc := range scores {
		i := slices.IndexFunc(p.Heads, func(h dvn.Head) bool { return h.Task == sc.task && h.Level == sc.level })
		h, t := p.Heads[i], p.Tasks[sc.task-1]
		parameters, err := backbone.HeadParameters(p.Shares, h.Units, t.Classes, t.Channels)
		if err != nil {
			return nil, err
		}
		latency, err := headLatency(k, store, p, h)
		if err != nil {
			return nil, err
		}
		rows = append(rows, Row{
			Task: sc.task, Level: sc.level, Name: c.Tasks[sc.task-1].Name, Units: h.Units, Parameters: parameters.Weights(),
			Accuracy: sc.top1, Top5: sc.top5, HasTop5: sc.hasTop5, LatencyMS: latency, Images: sc.images,
		})
	}
	return rows, nil
}

// headLatency is the median time in ms of one image through a head alone, as a user runs it: loaded without the rest of the
// network, copies between host and device included.
func headLatency(k *layers.Kernels, store *dvn.Store, p *dvn.Phase, h dvn.Head) (float64, error) {
	level, err := dvn.LoadLevel(k, *p, dvn.HeadID{Task: h.Task, Level: h.Level}, store.Source())
	if err != nil {
		return 0, err
	}
	defer level.Close()
	inference, err := level.NewInference(1, false)
	if err != nil {
		return 0, err
	}
	defer inference.Close()
	t := p.Tasks[h.Task-1]
	image, logits := make([]float32, t.Size*t.Size*t.Channels), make([]float32, t.Classes)
	times := make([]time.Duration, latencyRepetitions)
	for i := range times {
		start := time.Now()
		if err := inference.Run(image, logits); err != nil {
			return 0, err
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[len(times)/2].Seconds() * 1e3, nil
}

// EvalOptions of an evaluation.
type EvalOptions struct {
	Dir, DataDir string           // the run's folder; where the data sets are now, empty: as before
	LimitTest    int              // test the first images of each task only; 0: as the run did
	Precision    layers.Precision // empty: the run's
	Device       *gpu.Device
	Observer     Observer
}

// Evaluate makes the table of a run from its newest checkpoint that verifies. It needs the test images only.
func Evaluate(ctx context.Context, o EvalOptions) ([]Row, error) {
	c, skipped, err := readNewest(o.Dir)
	if err != nil {
		return nil, err
	}
	for _, why := range skipped {
		o.Observer.message("a newer checkpoint cannot be used: " + why.Error())
	}
	if o.DataDir != "" {
		c.config.Data.Dir = o.DataDir
	}
	if o.LimitTest > 0 {
		c.config.Data.LimitTest = o.LimitTest
	}
	var tasks []taskData
	for j, t := range c.config.Tasks {
		test, err := loadSplit(c.config, t, data.Test, c.config.Data.LimitTest)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(test.Classes, c.classes[j]) {
			return nil, fmt.Errorf("task %s: the test set's %d classes are not the %d that the run was trained on: name the run's own data with --data", t.Name, len(test.Classes), len(c.classes[j]))
		}
		tasks = append(tasks, taskData{test: test, normalisation: c.normalisations[j]})
	}
	kernels, err := layers.NewKernels(o.Device, cmp.Or(o.Precision, layers.Precision(c.config.Precision)))
	if err != nil {
		return nil, err
	}
	phases := phasesOf(c.config, c.classCounts())
	store, err := dvn.NewStore(o.Device, false, phases...)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	if err := c.restore(store, "", false); err != nil {
		return nil, err
	}
	return makeTable(ctx, kernels, store, c.reached(), c.config, tasks)
}
