// Package tune decides by which variants the passes of convolutions run on a device: it checks every candidate against the
// reference, times those that are right against each other, and keeps what came out in the user's cache. It knows cases, not
// networks: package dvn lists those of a network.
package tune
