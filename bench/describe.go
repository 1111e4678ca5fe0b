package bench

import (
	"fmt"
	"io"
	"strings"
)

// describeWidth is that of a line of Describe.
const describeWidth = 100

// Describe says what each value of a record means, by its key in JSON and CSV and its heading in the table.
func Describe(w io.Writer) error {
	var text strings.Builder
	for _, c := range Columns() {
		name := c.Key
		if c.Heading != "" && c.Heading != c.Key {
			name += ", in the table " + c.Heading
		}
		fmt.Fprintf(&text, "%s:\n%s", name, wrapped(c.Meaning, "    ", describeWidth))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// wrapped breaks a text into lines.
func wrapped(text, indent string, width int) string {
	var out strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line)+len(word) >= width && line != indent {
			out.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += word + " "
	}
	out.WriteString(strings.TrimRight(line, " ") + "\n")
	return out.String()
}
