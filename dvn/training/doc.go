// Package training runs whole trainings: it turns a scenario into phases, feeds them from data sets, evaluates after every
// epoch, and keeps a run folder (config.toml, metrics.jsonl, log.txt, checkpoints) from which an interrupted run continues
// bit-identically. What it has to say goes to an Observer; it prints nothing.
package training
