// Package fused is winnow's own learner: two logistic regressions and naive
// Bayes counts whose verdicts are joined by a third regression, all of them
// trained one message at a time.
//
// Its members read two views of a message. Tokens are typed: words of a field,
// pairs of words of the text, parts of links, the shape of the message, names of
// symbols. Grams are the 5-byte windows of the decoded text. Features are
// hashed into tables of fixed size with a seed that each installation draws for
// itself, so that nobody outside knows which words share a slot.
//
// A Model decides what a lesson changes (Learn gives an Event) and Apply makes
// the change. Applying is all that a journal needs to bring back a table, and
// every machine that applies the same events holds the same bytes.
package fused
