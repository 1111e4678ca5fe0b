// Package data reads labelled images and turns them into batches for training and evaluation.
//
// Here live the readers of the published data sets, of people's own folders and of the generated sets, the
// augmentation, the streams and the loader that prepares batches ahead, contact sheets and the download of archives.
// Networks, devices and layers do not: this package imports nothing of the project and hands out plain slices.
package data
