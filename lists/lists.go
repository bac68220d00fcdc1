// Package lists reads and follows lists that operators keep: Rspamd's maps. A
// list is a set of keys with a value each, and says what of a message it has:
// texts, addresses in networks, or what a glob or a regular expression matches.
//
// A Watcher follows lists of files and of HTTP servers for all families of a
// process. What a list holds is a Snapshot, which never changes; a new one takes
// its place whole, and only when all of it could be read: on an error the last
// good one stays. A scan that keeps to one Snapshot sees one generation.
//
// A list too large to be read, or kept by a program that answers for it, is a
// Table.
package lists

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A Kind says what the keys of a list are.
type Kind uint8

// The kinds.
const (
	// Keys are texts, compared without the case of ASCII letters: Rspamd's set
	// and hash.
	Keys Kind = iota
	// Nets are addresses and networks, IPv4 and IPv6: Rspamd's radix. The
	// narrowest network that has an address counts. A key may be several,
	// separated by commas.
	Nets
	// Globs are patterns that match a whole text: * stands for any number of
	// characters, + for at least one, ? for one or none. Case does not matter.
	Globs
	// Regexps are regular expressions of Perl's in Rspamd's notation ("/a.c/i").
	// What they may cost is bounded: one with look-around may miss in a long text.
	Regexps
	// CDB is a file in the format of the constant database
	// (https://cr.yp.to/cdb/cdb.txt). Its keys are compared as they are.
	CDB
	// Lines is a list in a format of its reader's: Snapshot.Lines returns it.
	Lines
)

func (k Kind) String() string {
	names := [...]string{"keys", "nets", "globs", "regexps", "cdb", "lines"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind %d", k)
}

// KindOf takes off what Rspamd's files put before a list to say its kind: "regexp;",
// "glob_multi;", "radix;" and so on. ok is false where nothing of that is there. The
// prefix of a multiple kind ends in "multi;".
func KindOf(s string) (kind Kind, rest string, ok bool) {
	kinds := map[string]Kind{
		"regexp": Regexps, "re": Regexps, "regexp_multi": Regexps, "re_multi": Regexps, "glob": Globs, "glob_multi": Globs,
		"radix": Nets, "ipnet": Nets, "set": Keys, "hash": Keys, "plain": Keys, "cdb": CDB,
	}
	if strings.HasPrefix(s, "cdb:/") {
		return CDB, s, true
	}
	name, rest, found := strings.Cut(s, ";")
	if kind, ok = kinds[name]; !found || !ok {
		return 0, s, false
	}
	return kind, rest, true
}

// A Definition says what a list is and where it comes from.
type Definition struct {
	// Name is what logs and health call the list; "" means its sources.
	Name string
	Kind Kind
	// Multi has Globs and Regexps return all entries that match, otherwise the
	// first alone counts.
	Multi bool
	// Sources are files ("/etc/winnow/a.map", "file:///etc/winnow/a.map") and
	// addresses ("https://example.org/a.map"), read one after the other as if
	// they were one. One that begins with "fallback+" is read only when the
	// others can't be, and nothing was read before.
	Sources []string
	// Entries are lines of the list beside its sources.
	Entries []string
}

// ErrDefinition is wrapped by the errors of definitions that make no list.
var ErrDefinition = errors.New("lists: bad definition")

// A List is a list in use. It is safe for concurrent use.
type List struct {
	def     Definition
	key     string // of equal definitions
	sources []*source
	watcher *Watcher

	now atomic.Pointer[Snapshot]

	loading sync.Mutex   // held by who reads the list; guards sources, sum and pending
	sum     string       // of what it was read of
	pending bool         // something changed that is not in use yet
	due     atomic.Int64 // when to look again, in nanoseconds of Unix time
	busy    atomic.Bool  // it is being fetched

	mu     sync.Mutex // guards what follows
	status Status
}

// Static makes a list of lines.
func Static(kind Kind, lines ...string) (*List, error) {
	w := NewWatcher(Options{})
	return w.List(Definition{Name: "static", Kind: kind, Entries: lines})
}

// Definition returns what the list was made of.
func (l *List) Definition() Definition { return l.def }

// Key stands for the definition: equal ones have equal keys. It is data for the
// configuration of a family.
func (l *List) Key() string { return l.key }

// Snapshot returns what the list holds now; it is never nil.
func (l *List) Snapshot() *Snapshot { return l.now.Load() }

// key returns a text that stands for a definition, whose sources are given.
func (d Definition) key(sources []string) string {
	kind := d.Kind.String()
	if d.Multi {
		kind += "_multi"
	}
	key := kind + ":" + strings.Join(sources, " ")
	if len(d.Entries) > 0 {
		key += " " + digest([]byte(strings.Join(d.Entries, "\n")))
	}
	return key
}

// name returns what logs call the list.
func (d Definition) name() string {
	if d.Name != "" || len(d.Sources) == 0 {
		return d.Name
	}
	return redact(d.Sources[0])
}

// make makes the list, empty.
func (d Definition) make(w *Watcher) (*List, error) {
	sources := make([]string, len(d.Sources))
	for i, s := range d.Sources {
		sources[i] = redact(s)
	}
	l := &List{def: d, key: d.key(sources), watcher: w}
	l.def.Sources, l.def.Entries = slices.Clone(d.Sources), slices.Clone(d.Entries)
	switch {
	case d.Kind > Lines:
		return nil, fmt.Errorf("%w: unknown %v", ErrDefinition, d.Kind)
	case d.Kind == CDB && (len(d.Sources) != 1 || len(d.Entries) > 0):
		return nil, fmt.Errorf("%w: a cdb is one file", ErrDefinition)
	}
	only := true
	for _, text := range d.Sources {
		s, err := parseSource(text)
		if err != nil {
			return nil, fmt.Errorf("%w: source %q: %w", ErrDefinition, redact(text), err)
		}
		only = only && s.fallback
		l.sources = append(l.sources, s)
	}
	if only && len(d.Sources) > 0 {
		return nil, fmt.Errorf("%w: all sources are fallbacks", ErrDefinition)
	}
	l.now.Store(empty(d))
	l.status = Status{Name: d.name(), Kind: d.Kind, Sources: sources}
	return l, nil
}

// Load reads the list now, whether or not it is time to, and returns why it
// could not be; the contents are then as they were.
func (l *List) Load(ctx context.Context) error {
	_, err := l.load(ctx, how{again: true, ask: true})
	return err
}

// log returns where to tell of the list.
func (l *List) log() *slog.Logger {
	if l.watcher.opt.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l.watcher.opt.Log.With("list", l.def.name())
}
