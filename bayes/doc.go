// Package bayes learns what is spam from the mail that its users label.
//
// A Learner keeps the tables of a model (bayes/fused) in memory and what was
// learned in a store: a journal of events, and every few hundred events a
// snapshot. Processes that share a store apply one journal, so their tables are
// the same. A lesson that Learn acknowledged is in the journal: it survives the
// death of the process.
//
// A Learner belongs to the program, which opens it before the Scanners that ask
// it, and closes it after them.
package bayes
