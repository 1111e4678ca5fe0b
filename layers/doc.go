// Package layers holds the operations of a network, forward and backward: which shader runs, with which tables and push
// constants, on how many workgroups, and what it reads and writes. Beside each operation stands its reference: the same in
// plain Go loops with float64 sums, under the same names. It knows nothing of tasks, training or data.
package layers
