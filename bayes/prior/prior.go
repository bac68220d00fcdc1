// Package prior holds what the learner may know before its first lesson. Only
// programs that import it carry the table.
//
// The table was made from the SpamAssassin public corpus of 2002, as far as NOTICE
// names it, by
//
//	go run ./examples/lab prior -corpus DIR -index FILE -only spamassassin -o bayes/prior/data/spamassassin.prior
//
// which makes the same bytes of the same messages, whatever their names and order.
// It prints the SHA-256 of the sorted SHA-256 sums of the messages: for 2,467 ham
// and 1,042 spam it was
//
//	d58355d67a5272094de73f72f7e7a4d6d5c923e1314a78bc8a4022fe53d49cfc
//
// For each view it has the 16,000 largest weights of features that occur in four
// messages or more. The symbols that checks raise are left out: their meaning
// depends on the transport, which the corpus can't show, and the table on a
// version of the rules. A table has to be made anew when the features change.
package prior

import (
	_ "embed"

	"github.com/winnowmail/winnow/bayes/fused"
)

//go:embed data/spamassassin.prior
var spamassassin []byte

// Builtin returns the table of this package, which it reads anew each time.
func Builtin() *fused.Prior {
	p, err := fused.ParsePrior(spamassassin)
	if err != nil {
		panic(err) // The bytes are part of the program, and a test reads them.
	}
	return p
}
