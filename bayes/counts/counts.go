// Package counts reads what other filters learned: dumps of their counts of
// tokens, which bayes/osb and bayes/naive take over as far as their tokens are the
// same.
//
// Rspamd's tokens are hashes of pairs of words, which bayes/osb makes too.
// Bogofilter's are words, and SpamAssassin's are hashes of words, which bayes/naive
// can find again. Neither can be turned into the other, and none into the features
// of bayes/fused, whose weights are no counts: a model refuses what it can't use.
package counts

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A Kind says whose dump it is.
type Kind string

// The kinds.
const (
	Rspamd       Kind = "rspamd"
	Bogofilter   Kind = "bogofilter"
	SpamAssassin Kind = "spamassassin"
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{Rspamd, Bogofilter, SpamAssassin} }

// ErrUseless is of a dump whose tokens a model can't find again.
var ErrUseless = errors.New("counts: the model can't use these tokens")

// A Token is one with its counts.
type Token struct {
	// Word is bogofilter's token, "" in other dumps.
	Word string
	// ID is Rspamd's number of a token, or the five bytes of SpamAssassin's hash of
	// a word as a number.
	ID        uint64
	Spam, Ham int64 // messages that had it
}

// A Dump is what another filter learned.
type Dump struct {
	Kind      Kind
	Spam, Ham int64 // messages that were learned
	Tokens    []Token
	// Others counts tokens of the dump that are left out: those of single users.
	Others int
}

// Limits bound what is read. Zero fields mean the default.
type Limits struct {
	Tokens int // that a dump may have, DefaultTokens
}

// DefaultTokens is how many tokens a dump may have by default. A million takes
// about 50 MB while it is imported.
const DefaultTokens = 5_000_000

const (
	maxLine     = 16 << 10
	maxCount    = 1 << 40
	maxMessages = 10_000_000
)

// Read reads a dump. table is the name of Rspamd's table, "" means RS; the other
// filters have none. An error names the line.
func Read(r io.Reader, kind Kind, table string, lim Limits) (*Dump, error) {
	if lim.Tokens <= 0 {
		lim.Tokens = DefaultTokens
	}
	d := &Dump{Kind: kind}
	var line func(text []byte) error
	switch kind {
	case Rspamd:
		line = (&rspamd{d: d, table: table}).line
	case Bogofilter:
		line = d.bogofilter
	case SpamAssassin:
		line = (&spamAssassin{d: d}).line
	default:
		return nil, fmt.Errorf("counts: %q is none of %q", kind, Kinds())
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	n := 0
	for lines.Scan() {
		n++
		if err := line(lines.Bytes()); err != nil {
			return nil, fmt.Errorf("counts: %s, line %d: %w", kind, n, err)
		}
		if len(d.Tokens) > lim.Tokens {
			return nil, fmt.Errorf("counts: %s, line %d: more than %d tokens", kind, n, lim.Tokens)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("counts: %s, line %d: %w", kind, n+1, err)
	}
	return d, d.check()
}

// check refuses a dump that can't be whole.
func (d *Dump) check() error {
	if d.Spam == 0 && d.Ham == 0 {
		return fmt.Errorf("counts: %s: the dump does not say how many messages were learned; it may be cut off or of another filter", d.Kind)
	}
	if d.Spam > maxMessages || d.Ham > maxMessages {
		return fmt.Errorf("counts: %s: %d spam and %d ham were learned, of which %d each can be read", d.Kind, d.Spam, d.Ham, maxMessages)
	}
	for _, t := range d.Tokens {
		if d.Spam == 0 && t.Spam > 0 || d.Ham == 0 && t.Ham > 0 {
			return fmt.Errorf("counts: %s: tokens of a class in which no message was learned", d.Kind)
		}
	}
	return nil
}

// number reads a count.
func number[T string | []byte](s T) (int64, error) {
	n, err := strconv.ParseInt(string(s), 10, 64)
	if err != nil || n < 0 || n > maxCount {
		return 0, fmt.Errorf("%.40q is no count", s)
	}
	return n, nil
}
