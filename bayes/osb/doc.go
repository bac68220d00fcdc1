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
// none here, of which Rspamd 3.4 reads some. Words are split at full stops, as
// Rspamd splits them that runs without LANG, in Docker for instance.
//
// # What Rspamd has learned
//
// Rspamd notes a message that it has learned by a digest of all its tokens in their
// order (Digests). A store in its layout reads these notes and writes them, so that
// two programs on one server count a message once, and move it once. That is so for
// messages of which every token is the same here and there, about half: whatever
// differs above gives another digest, and so does the order in which Rspamd lists
// the domains of links. Rspamd itself knows no more of its own after a restart.
package osb
