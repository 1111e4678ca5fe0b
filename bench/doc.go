// Package bench says what is measured and how it is printed: records of timings with every sample, and their statistics. It
// measures networks through package dvn with random weights and images, so it needs no data; it decides nothing about how
// networks run.
package bench
