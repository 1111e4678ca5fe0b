// Package compare sets measurements side by side: of two devices, two drivers, two versions of this program, or this program
// and PyTorch. It pairs what measures the same work, and says with golang.org/x/perf's statistics how far the times differ and
// whether the samples show it. Nothing is measured here, and nothing about devices is known.
package compare
