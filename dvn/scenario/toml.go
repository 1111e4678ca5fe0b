package scenario

import (
	"bytes"
	"fmt"

	"github.com/pelletier/go-toml/v2"
)

// TOML writes the complete configuration with a comment for each key. Parse of it gives c back, where c is valid.
func (c Config) TOML() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# A training run, complete: tasks, levels, units and classes count from 1.\n\n")
	if err := toml.NewEncoder(&b).Encode(c); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", c.Name, err)
	}
	return b.Bytes(), nil
}
