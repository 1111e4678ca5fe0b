package bench

import (
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// writeCSV writes all keys of records, so that files of different measurements have the same columns. Lists are separated by
// spaces.
func writeCSV(w io.Writer, records []Record) error {
	fields := recordFields()
	c := csv.NewWriter(w)
	header := make([]string, len(fields))
	for i, f := range fields {
		header[i] = key(f)
	}
	if err := c.Write(header); err != nil {
		return err
	}
	for i := range records {
		row, value := make([]string, len(fields)), reflect.ValueOf(records[i])
		for j, f := range fields {
			row[j] = fmt.Sprint(value.FieldByIndex(f.Index))
			if f.Type.Kind() == reflect.Slice {
				row[j] = strings.Trim(row[j], "[]")
			}
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// recordFields are the fields of a record that are written, in order.
func recordFields() (fields []reflect.StructField) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Record]()) {
		if !f.Anonymous {
			fields = append(fields, f)
		}
	}
	return fields
}

// key is a field's name in JSON and CSV.
func key(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
