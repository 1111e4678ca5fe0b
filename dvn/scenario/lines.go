package scenario

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// lines tells for each key of a document on which line it stands. Keys are written as in messages:
// learning.lr, tasks[2].batch.
type lines map[string]int

// findLines goes through a document that has been decoded without an error.
func findLines(document []byte) lines {
	var p unstable.Parser
	p.Reset(document)
	found := lines{}
	tables := map[string]int{} // how often [[key]] has been seen
	table := ""
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table:
			table = found.addKey(&p, "", e.Key())
		case unstable.ArrayTable:
			key := found.addKey(&p, "", e.Key())
			tables[key]++
			table = fmt.Sprintf("%s[%d]", key, tables[key])
			found[table] = found[key]
		case unstable.KeyValue:
			found.addValue(&p, table, e)
		}
	}
	return found
}

// addKey records a key inside a table, and each part of a dotted key, and returns its path.
func (l lines) addKey(p *unstable.Parser, table string, parts unstable.Iterator) string {
	path := table
	for parts.Next() {
		part := parts.Node()
		path = join(path, string(part.Data))
		l[path] = p.Shape(part.Raw).Start.Line
	}
	return path
}

// addValue records the key of a key-value and the keys inside its value.
func (l lines) addValue(p *unstable.Parser, table string, keyValue *unstable.Node) {
	path := l.addKey(p, table, keyValue.Key())
	l.addInside(p, path, keyValue.Value())
}

func (l lines) addInside(p *unstable.Parser, path string, value *unstable.Node) {
	children := value.Children()
	for n := 1; children.Next(); n++ {
		switch child := children.Node(); value.Kind {
		case unstable.InlineTable:
			l.addValue(p, path, child)
		case unstable.Array:
			element := fmt.Sprintf("%s[%d]", path, n)
			l[element] = l[path]
			if child.Raw.Length > 0 {
				l[element] = p.Shape(child.Raw).Start.Line
			}
			l.addInside(p, element, child)
		}
	}
}

// of is the line of a key, or of the nearest thing around it that has one, or 0.
func (l lines) of(path string) int {
	for path != "" {
		if line, ok := l[path]; ok {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

// has says whether the document gives the key.
func (l lines) has(path string) bool {
	_, ok := l[path]
	return ok
}

func join(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}
