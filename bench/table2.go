package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Table2Row is a level as the paper's Table 2 has it, from the level's records at several batch sizes.
type Table2Row struct {
	Level        int
	Params       int
	Density      float64 // Params over those of the top level
	Compression  float64 // the inverse
	LatencyMS    float64 // of one image alone
	ImageMS      float64 // of an image in the batch where that is least
	Batch        int     // that batch
	AloneSpeedUp float64 // LatencyMS of the top level over this one's
	ImageSpeedUp float64 // ImageMS of the top level over this one's: the practical speed-up
	MemoryBytes  uint64  // on the device, of one image alone
	PaperMS      float64 // an image, as published; 0: not known
	PaperSpeedUp float64 // as published; 0: not known
	PaperFigures string  // where they stand
	Notes        []string
}

// Table2 makes the rows of one device's records as Levels.Run returns them: by level, each with a batch of one image.
func Table2(records []Record) ([]Table2Row, error) {
	var rows []Table2Row
	for _, r := range records {
		if n := len(rows); n == 0 || rows[n-1].Level != r.Level {
			rows = append(rows, Table2Row{Level: r.Level, Params: r.Params, Density: r.Density, Compression: 1 / r.Density})
		}
		row := &rows[len(rows)-1]
		if r.Batch == 1 {
			row.LatencyMS, row.MemoryBytes = r.MedianMS, r.MemoryBytes
		}
		if r.Best {
			row.ImageMS, row.Batch = r.MedianMS/float64(r.Batch), r.Batch
		}
		if r.Drift != 0 {
			row.Notes = append(row.Notes, fmt.Sprintf("batch %d drifts by %+.0f %%", r.Batch, 100*r.Drift))
		}
	}
	paper, isPapers := paperOf(records[0].Backbone, records[0].Size, rows)
	for i := range rows {
		row, top := &rows[i], rows[len(rows)-1]
		if row.LatencyMS == 0 || row.Batch == 0 {
			return nil, fmt.Errorf("level %d has no record of one image, or none that is the best: measure batch 1 too", row.Level)
		}
		row.AloneSpeedUp, row.ImageSpeedUp = top.LatencyMS/row.LatencyMS, top.ImageMS/row.ImageMS
		if isPapers {
			row.PaperMS, row.PaperSpeedUp, row.PaperFigures = paper.levels[i].ms, paper.levels[i].speedUp, paper.where
		}
	}
	return rows, nil
}

// WriteTable2 writes what Levels.Run measured on one or several devices: as md the paper's Table 2 of each device, in other
// forms the records.
func WriteTable2(w io.Writer, format string, records []Record) error {
	if format != "md" {
		return Write(w, format, records)
	}
	for len(records) > 0 {
		n := 1
		for n < len(records) && records[n].Level >= records[n-1].Level { // the next device begins at the first level again
			n++
		}
		if err := writeTable2(w, records[:n]); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

func writeTable2(w io.Writer, records []Record) error {
	rows, err := Table2(records)
	if err != nil {
		return err
	}
	told, _ := common(records)
	if _, err := fmt.Fprintln(w, told); err != nil {
		return err
	}
	t := table.NewWriter()
	header := table.Row{"level", "parameters", "density", "compression", "ms, one image", "ms an image in a batch", "batch", "speed-up, one image", "speed-up in a batch", "memory"}
	paper := slices.ContainsFunc(rows, func(r Table2Row) bool { return r.PaperMS > 0 })
	if paper {
		header = append(header, "paper: ms an image", "paper: speed-up")
	}
	noted := slices.ContainsFunc(rows, func(r Table2Row) bool { return len(r.Notes) > 0 })
	if noted {
		header = append(header, "note")
	}
	t.AppendHeader(header)
	configs := make([]table.ColumnConfig, len(header))
	for i := range configs {
		configs[i] = table.ColumnConfig{Number: i + 1, Align: text.AlignRight}
	}
	t.SetColumnConfigs(configs)
	for _, r := range rows {
		row := table.Row{
			r.Level, amount(r.Params), percent(r.Density), times(r.Compression), decimal(r.LatencyMS), decimal(r.ImageMS), r.Batch,
			times(r.AloneSpeedUp), times(r.ImageSpeedUp), memory(r.MemoryBytes),
		}
		if paper {
			row = append(row, decimal(r.PaperMS), times(r.PaperSpeedUp))
		}
		if noted {
			row = append(row, strings.Join(r.Notes, ", "))
		}
		t.AppendRow(row)
	}
	if _, err := fmt.Fprintln(w, t.RenderMarkdown()); err != nil || !paper {
		return err
	}
	_, err = fmt.Fprintf(w, "\nThe paper's figures (%s) are of a TITAN Xp with TensorFlow.\n\n", rows[len(rows)-1].PaperFigures)
	return err
}

// times is as in 15.9x, and nothing for 0.
func times(ratio float64) string {
	if ratio == 0 {
		return ""
	}
	return fmt.Sprintf("%.1fx", ratio)
}
