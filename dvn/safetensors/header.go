package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf8"
)

// entry is a tensor as the header describes it, with the range of its bytes in the data behind the header.
type entry struct {
	tensor     Tensor // without Data
	begin, end int
}

// parseHeader reads the JSON token by token: encoding/json's way into structs would let duplicate keys, null and
// other spellings of a key pass.
func parseHeader(header []byte) (metadata map[string]string, entries []entry, err error) {
	if !utf8.Valid(header) {
		return nil, nil, errors.New("the header is not valid UTF-8")
	}
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, errors.New("the header does not begin with {: not a safetensors file")
	}
	p := parser{json.NewDecoder(bytes.NewReader(header))}
	p.json.UseNumber()
	err = p.object(func(name string) error {
		if name == metadataKey {
			metadata = map[string]string{}
			return within(quote(metadataKey), p.texts(metadata))
		}
		e, err := p.entry()
		e.tensor.Name = name
		entries = append(entries, e)
		return within("tensor "+quote(name), err)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	if _, err := p.json.Token(); err != io.EOF {
		return nil, nil, errors.New("header: more than spaces follows the closing }")
	}
	return metadata, entries, nil
}

func within(where string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	return nil
}

// parser reads the JSON values that a header is made of and refuses all others.
type parser struct{ json *json.Decoder }

// object calls value with each key; value reads what belongs to it. A key that comes twice is an error.
func (p parser) object(value func(key string) error) error {
	if err := p.delimiter('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.json.More() {
		key, err := p.text()
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%s is there twice", quote(key))
		}
		seen[key] = true
		if err := value(key); err != nil {
			return err
		}
	}
	return p.delimiter('}')
}

// entry reads the dtype, shape and data_offsets of a tensor.
func (p parser) entry() (entry, error) {
	var e entry
	var offsets []int
	err := p.object(func(key string) (err error) {
		switch key {
		case "dtype":
			var name string
			name, err = p.text()
			e.tensor.DType = DType(name)
		case "shape":
			e.tensor.Shape, err = p.sizes()
		case "data_offsets":
			offsets, err = p.sizes()
		default:
			err = errors.New("no such key in the format")
		}
		return within(quote(key), err)
	})
	switch {
	case err != nil:
		return entry{}, err
	case e.tensor.DType == "" || e.tensor.Shape == nil || offsets == nil:
		return entry{}, errors.New("dtype, shape or data_offsets is missing")
	case len(offsets) != 2:
		return entry{}, fmt.Errorf("data_offsets holds %d numbers, 2 are needed: where the bytes begin and end", len(offsets))
	}
	e.begin, e.end = offsets[0], offsets[1]
	return e, nil
}

// texts reads an object whose values are strings.
func (p parser) texts(into map[string]string) error {
	return p.object(func(key string) (err error) {
		into[key], err = p.text()
		return within(quote(key), err)
	})
}

// sizes reads an array of whole numbers from 0 that an int holds.
func (p parser) sizes() ([]int, error) {
	if err := p.delimiter('['); err != nil {
		return nil, err
	}
	sizes := []int{}
	for p.json.More() {
		token, err := p.token()
		if err != nil {
			return nil, err
		}
		number, _ := token.(json.Number)
		n, err := strconv.Atoi(number.String())
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%s is no size: sizes are whole numbers from 0 to %d", quote(fmt.Sprint(token)), math.MaxInt)
		}
		sizes = append(sizes, n)
	}
	return sizes, p.delimiter(']')
}

func (p parser) text() (string, error) {
	token, err := p.token()
	if err != nil {
		return "", err
	}
	text, ok := token.(string)
	if !ok {
		return "", fmt.Errorf("%s stands where a text must", quote(fmt.Sprint(token)))
	}
	return text, nil
}

func (p parser) delimiter(want json.Delim) error {
	token, err := p.token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("%s stands where %s must", quote(fmt.Sprint(token)), want)
	}
	return nil
}

func (p parser) token() (json.Token, error) {
	token, err := p.json.Token()
	if err == io.EOF {
		return nil, errors.New("the JSON ends too early")
	}
	if err != nil {
		return nil, fmt.Errorf("not valid JSON near byte %d: %w", p.json.InputOffset(), err)
	}
	return token, nil
}
