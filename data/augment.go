package data

// crop is the augmentation of one image (spec section 5): the normalised image is padded with zeros by an eighth of
// its size, cropped to its size again at a random place, and flipped from left to right half of the time.
type crop struct {
	dx, dy int // how far the cropped square lies right of and below the image
	flip   bool
}

// write normalises an image [size, size, channels] by the table of its channels and writes what the crop shows of it.
func (c crop) write(to []float32, from []byte, size int, table [][256]float32) {
	rowLen := size * len(table)
	first, last := max(0, -c.dx), min(size, size-c.dx) // the columns of the crop that lie on the image
	for y := range size {
		row := to[y*rowLen : (y+1)*rowLen]
		source := y + c.dy
		if source < 0 || source >= size {
			clear(row)
			continue
		}
		clear(row[:first*len(table)])
		clear(row[last*len(table):])
		begin := source*rowLen + (first+c.dx)*len(table)
		normalise(row[first*len(table):last*len(table)], from[begin:begin+(last-first)*len(table)], table)
		if c.flip {
			flipRow(row, len(table))
		}
	}
}

// flipRow reverses the pixels of a row.
func flipRow(row []float32, channels int) {
	for left, right := 0, len(row)-channels; left < right; left, right = left+channels, right-channels {
		for c := range channels {
			row[left+c], row[right+c] = row[right+c], row[left+c]
		}
	}
}
