package safetensors

// File is the content of a .safetensors file.
type File struct {
	Metadata map[string]string // nil or empty: none
	Tensors  []Tensor          // in the order of their bytes
}

// Lookup finds a tensor by name.
func (f *File) Lookup(name string) (t Tensor, ok bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// maxHeaderBytes is the format's limit on the header's length.
const maxHeaderBytes = 100_000_000

// prefixBytes is the length of the number in front of the header.
const prefixBytes = 8

// metadataKey stands in the header among the tensors' names.
const metadataKey = "__metadata__"
