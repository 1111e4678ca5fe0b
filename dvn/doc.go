// Package dvn holds deep virtual networks: phases (which heads are trained on what, and what is frozen), their tensors on a
// device, training steps, evaluation, checkpoints and whole training runs (spec sections 1 to 9). It records networks with
// the operations of package layers; it reads no image files and prints nothing.
package dvn
