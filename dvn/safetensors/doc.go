// Package safetensors reads and writes .safetensors files, the form of checkpoints and fixtures (spec section 9).
// Reading is strict: a file that is truncated, damaged or hostile gets one sentence that names the tensor, and no
// memory is taken for what the file does not hold. Writing is atomic, with a checksum where the caller asks for one.
// What the tensors mean is not known here: names, shapes and metadata of checkpoints are the business of package dvn.
//
// A file is the length of the header in bytes (a little-endian uint64), the header (JSON: for each tensor its dtype,
// shape and the range of its bytes; texts under "__metadata__"), then the tensors' bytes without holes.
package safetensors
