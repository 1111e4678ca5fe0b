package bench

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Describe says what each value of a record means: by its key in JSON and CSV, and by its heading in the table.
func Describe(w io.Writer) error {
	const indent, width = "    ", 100
	for _, c := range Columns() {
		name := c.Key
		if c.Heading != "" && c.Heading != c.Key {
			name += ", in the table: " + c.Heading
		}
		if _, err := fmt.Fprintln(w, name); err != nil {
			return err
		}
		for line := range strings.Lines(text.WrapSoft(c.Meaning, width-len(indent))) {
			if _, err := fmt.Fprintln(w, indent+strings.TrimSpace(line)); err != nil {
				return err
			}
		}
	}
	return nil
}
