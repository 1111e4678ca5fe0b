package data

// The STL-10 binary format: X files hold images of 96x96, each as a red, a green and a blue plane that runs column by
// column; y files hold a label byte an image, 1 to 10 (A. Coates, H. Lee, A. Ng, AISTATS 2011).
const (
	stlSize        = 96
	stlPlaneBytes  = stlSize * stlSize
	stlRecordBytes = 3 * stlPlaneBytes
)

func officialSTL10() official {
	return official{kind: "stl10", folder: "stl10_binary", archive: "stl10_binary.tar.gz"}
}

func loadSTL10(dir string, _ Source, split Split) (*Set, error) {
	const names = "class_names.txt"
	images, labels := split.String()+"_X.bin", split.String()+"_y.bin"
	files, err := officialSTL10().read(dir, names, images, labels)
	if err != nil {
		return nil, err
	}
	classes, err := parseNames(files, names, 10)
	if err != nil {
		return nil, err
	}
	return parseSTL(files, images, labels, classes)
}

func parseSTL(files files, imageFile, labelFile string, classes []string) (*Set, error) {
	images, labels := files.contents[imageFile], files.contents[labelFile]
	records := len(images) / stlRecordBytes
	if len(images) == 0 || len(images)%stlRecordBytes != 0 {
		return nil, files.errorf(imageFile, "record %d is cut short: %d bytes are not a multiple of the record's %d",
			records+1, len(images), stlRecordBytes)
	}
	if len(labels) != records {
		return nil, files.errorf(labelFile, "%d labels for the %d images of %s", len(labels), records, imageFile)
	}
	set, err := newSet("stl10", stlSize, 3, classes, records)
	if err != nil {
		return nil, err
	}
	for i, label := range labels {
		if label < 1 || int(label) > len(classes) {
			return nil, files.errorf(labelFile, "record %d: label %d: there are 1 to %d", i+1, label, len(classes))
		}
		set.Labels[i] = int32(label) - 1
		transpose(set.Image(i), images[i*stlRecordBytes:(i+1)*stlRecordBytes])
	}
	return set, nil
}

// transpose turns three planes that run column by column into rows of pixels of three bytes.
func transpose(pixels, planes []byte) {
	for y := range stlSize {
		for x := range stlSize {
			pixel := 3 * (y*stlSize + x)
			for c := range 3 {
				pixels[pixel+c] = planes[c*stlPlaneBytes+x*stlSize+y]
			}
		}
	}
}
