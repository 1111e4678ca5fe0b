// Package network is the arithmetic of a nested network's shape: backbones and their layers, the division of
// feature maps into units, hierarchies of levels, and counts of parameters and FLOPs (spec sections 1 to 3 and 6).
// It holds no tensors and knows no device: package dvn builds networks from it, package scenario checks configurations with it.
// Units, tasks and levels count from 1 here as in the paper.
package network
