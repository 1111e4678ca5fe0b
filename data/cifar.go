package data

import (
	"fmt"
	"strings"
)

// The record of the CIFAR binary formats: one label byte (CIFAR-100: two, coarse then fine), then the red, green and
// blue planes of 32x32 bytes, each row by row (A. Krizhevsky, Learning multiple layers of features from tiny images).
const (
	cifarSize       = 32
	cifarPlaneBytes = cifarSize * cifarSize
)

// cifarLabel is one label byte of a record.
type cifarLabel struct {
	name    string
	classes []string
}

func loadCIFAR10(dir string, _ Source, split Split) (*Set, error) {
	const names = "batches.meta.txt"
	batches := []string{"test_batch.bin"}
	if split == Train {
		batches = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}
	}
	files, err := officialCIFAR10().read(dir, append([]string{names}, batches...)...)
	if err != nil {
		return nil, err
	}
	classes, err := parseNames(files, names, 10)
	if err != nil {
		return nil, err
	}
	return parseCIFAR("cifar10", files, batches, []cifarLabel{{"label", classes}}, 0)
}

func loadCIFAR100(dir string, src Source, split Split) (*Set, error) {
	const coarseNames, fineNames = "coarse_label_names.txt", "fine_label_names.txt"
	name, use := "cifar100", 1
	switch src.Labels {
	case "", "fine":
	case "coarse":
		name, use = "cifar100-coarse", 0
	default:
		return nil, fmt.Errorf("labels %q: choose fine (100 classes) or coarse (20 classes)", src.Labels)
	}
	batch := split.String() + ".bin"
	files, err := officialCIFAR100().read(dir, coarseNames, fineNames, batch)
	if err != nil {
		return nil, err
	}
	coarse, err := parseNames(files, coarseNames, 20)
	if err != nil {
		return nil, err
	}
	fine, err := parseNames(files, fineNames, 100)
	if err != nil {
		return nil, err
	}
	return parseCIFAR(name, files, []string{batch}, []cifarLabel{{"coarse label", coarse}, {"fine label", fine}}, use)
}

func officialCIFAR10() official {
	return official{kind: "cifar10", folder: "cifar-10-batches-bin", archive: "cifar-10-binary.tar.gz"}
}

func officialCIFAR100() official {
	return official{kind: "cifar100", folder: "cifar-100-binary", archive: "cifar-100-binary.tar.gz"}
}

// parseCIFAR joins the records of all batches, in that order, with the label of index use as the set's label.
func parseCIFAR(name string, files files, batches []string, labels []cifarLabel, use int) (*Set, error) {
	recordBytes := len(labels) + 3*cifarPlaneBytes
	records := 0
	for _, batch := range batches {
		size := len(files.contents[batch])
		if size == 0 || size%recordBytes != 0 {
			return nil, files.errorf(batch, "record %d is cut short: %d bytes are not a multiple of the record's %d",
				size/recordBytes+1, size, recordBytes)
		}
		records += size / recordBytes
	}
	set, err := newSet(name, cifarSize, 3, labels[use].classes, records)
	if err != nil {
		return nil, err
	}
	i := 0
	for _, batch := range batches {
		content := files.contents[batch]
		for at := 0; at < len(content); at += recordBytes {
			record := content[at : at+recordBytes]
			for k, label := range labels {
				if int(record[k]) >= len(label.classes) {
					return nil, files.errorf(batch, "record %d: %s %d: there are 0 to %d",
						at/recordBytes+1, label.name, record[k], len(label.classes)-1)
				}
			}
			set.Labels[i] = int32(record[use])
			interleave(set.Image(i), record[len(labels):])
			i++
		}
	}
	return set, nil
}

// interleave turns three planes into pixels of three bytes.
func interleave(pixels, planes []byte) {
	n := len(planes) / 3
	red, green, blue := planes[:n], planes[n:2*n], planes[2*n:]
	for p := range n {
		pixels[3*p], pixels[3*p+1], pixels[3*p+2] = red[p], green[p], blue[p]
	}
}

// parseNames reads class names, one a line. There must be exactly n.
func parseNames(files files, file string, n int) ([]string, error) {
	names := lines(files.contents[file])
	if len(names) != n {
		return nil, files.errorf(file, "%d class names: there must be %d", len(names), n)
	}
	return names, nil
}

// lines returns the lines of a text that are not blank, without the space around them.
func lines(text []byte) []string {
	var found []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			found = append(found, line)
		}
	}
	return found
}
