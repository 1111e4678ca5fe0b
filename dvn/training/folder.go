package training

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/dvn-vk/dvn-vk/dvn/scenario"
	"github.com/dvn-vk/dvn-vk/layers"
)

// folder is a run's folder while it is open: metrics.jsonl and log.txt are appended to.
type folder struct {
	dir     string
	metrics *os.File
	logFile *os.File
	log     *slog.Logger
}

const (
	configFile  = "config.toml"
	kernelsFile = "kernels.json"
	metricsFile = "metrics.jsonl"
	logFile     = "log.txt"
)

// createFolder makes a new run folder with its configuration and, for people, its kernels: resuming takes those of the
// checkpoint. A folder that holds anything already is refused.
func createFolder(dir string, c scenario.Config, kernels layers.Selection) (*folder, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty: name another folder with --out, or continue its run with --resume %s", dir, dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	text, err := c.TOML()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, configFile), text, 0o644); err != nil {
		return nil, err
	}
	if text, err = json.MarshalIndent(kernels, "", "  "); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, kernelsFile), append(text, '\n'), 0o644); err != nil {
		return nil, err
	}
	return openFolder(dir, 0)
}

// openFolder opens a run's files and cuts metrics.jsonl to the length that the checkpoint knew.
func openFolder(dir string, metricsBytes int64) (*folder, error) {
	f := &folder{dir: dir}
	var err error
	if f.logFile, err = os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return nil, err
	}
	f.log = slog.New(slog.NewTextHandler(f.logFile, nil))
	if f.metrics, err = os.OpenFile(filepath.Join(dir, metricsFile), os.O_CREATE|os.O_RDWR, 0o644); err != nil {
		return nil, errors.Join(err, f.close())
	}
	info, err := f.metrics.Stat()
	if err == nil && info.Size() < metricsBytes {
		err = fmt.Errorf("%s has %d bytes, the checkpoint knew %d: it was changed", f.metrics.Name(), info.Size(), metricsBytes)
	}
	if err == nil {
		err = f.metrics.Truncate(metricsBytes)
	}
	if err == nil {
		_, err = f.metrics.Seek(metricsBytes, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// metric is a line of metrics.jsonl: what an epoch brought for one head.
type metric struct {
	Phase    int      `json:"phase"`
	Epoch    int      `json:"epoch"` // counts on through all phases
	Task     int      `json:"task"`
	Level    int      `json:"level"`
	Loss     float64  `json:"loss"`
	Accuracy float64  `json:"accuracy"`
	Top5     *float64 `json:"top5,omitempty"`
	Seconds  float64  `json:"seconds"`
	Rate     float64  `json:"rate"`
	// Of FP16: the loss scale at the epoch's end, and the run's steps so far that changed nothing since a gradient was not finite.
	LossScale    *float32 `json:"loss_scale,omitempty"`
	SkippedSteps *uint32  `json:"skipped_steps,omitempty"`
}

// write appends lines, waits until they are on disk, and returns the file's length.
func (f *folder) write(lines []metric) (int64, error) {
	var text []byte
	for _, line := range lines {
		encoded, err := json.Marshal(line)
		if err != nil {
			return 0, err
		}
		text = append(append(text, encoded...), '\n')
	}
	if _, err := f.metrics.Write(text); err != nil {
		return 0, err
	}
	if err := f.metrics.Sync(); err != nil {
		return 0, err
	}
	return f.metrics.Seek(0, io.SeekCurrent)
}

func (f *folder) close() error {
	var err error
	for _, file := range []*os.File{f.metrics, f.logFile} {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
	}
	return err
}
