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
		meaning := strings.ReplaceAll(text.WrapSoft(c.Meaning, width-len(indent)), "\n", "\n"+indent)
		if _, err := fmt.Fprintf(w, "%s\n%s%s\n", name, indent, meaning); err != nil {
			return err
		}
	}
	return nil
}
