// Package osb is Rspamd's statistics module: it makes the same tokens of a
// message (pairs of words, orthogonal sparse bigrams), and judges by the same
// formula, Robinson's with Fisher's chi square. It is for those who come from
// Rspamd and keep what it learned: with a store of storage/redis in Rspamd's
// layout both programs can learn into the same keys, side by side. Who begins
// anew is better served by package bayes, which errs far less.
//
// # What differs from Rspamd
//
// A token that a message has more than once counts once when it is learned.
// Words of Chinese, Japanese and Thai text are those of UAX 29, without a
// dictionary; the language of a text without enough stop words is guessed
// otherwise than by Rspamd's trigrams. Meta tokens of header fields stand in a
// fixed order, that of Rspamd changes with each start. Text that HTML hides is
// none here, of which Rspamd 3.4 reads some. Rspamd's own note of what it has
// learned ("learned_ids") is neither read nor written: each program knows its own
// lessons. Words are split at full stops, as Rspamd splits them that runs without
// LANG, in Docker for instance.
package osb
