// Package naive is plain naive Bayes: the words of a message, each with its
// share of the mails of a class, multiplied. The counts are in a store; the sum
// is that of github.com/jbrukh/bayesian. It is for those who want the textbook's
// method, with any classes; package bayes errs far less, and its probabilities
// mean what they say. These are nearly always next to 0 or 1.
package naive
