// Package results holds what was measured, one file a device and commit, and writes docs/benchmarks.md from it. Files are called
// DEVICE_COMMIT.jsonl or DEVICE_COMMIT_NOTE.jsonl, .json as well: the device's name in lower case, with a dash for whatever is
// no letter, digit or dot; the commit that was measured, or for another program what its records have as the driver; a note
// where that is not enough. They hold records as dvn-vk bench writes them, all of one device, driver and commit. Nothing is
// measured here.
package results
