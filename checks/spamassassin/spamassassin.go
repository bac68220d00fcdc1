// Package spamassassin runs rule files of SpamAssassin, as Rspamd's module of
// that name: header, body, rawbody, uri, full, mimeheader and meta rules with
// their scores and descriptions, conditions, replacement tags, lists of addresses,
// and the functions of the common plugins.
//
// Read says of every line that has no effect here why, by file and line. A rule
// that is scored is a symbol; rules whose names begin with two underscores only
// serve others.
package spamassassin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/texts"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/symbols"
)

// Options are the rule files. The zero value has none.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Paths are rule files, or patterns for their names (path/filepath.Match), in
	// their order; those of one pattern are in the order of the alphabet. They are
	// read when the family is made. A path to nothing is a Problem.
	Paths []string
	// Files are further rule files, after those of Paths.
	Files []File
	// Alpha keeps rules with little weight from becoming symbols: those that are
	// no meta rules and whose score is not above it, up or down, only serve meta
	// rules. 0 means Rspamd's 0.5, a negative value makes all of them symbols.
	Alpha float64
	// Scored makes symbols only of rules that a line scores, and of meta rules.
	Scored bool
	// MatchLimit is how many bytes of one text are looked at; 0 means 1 MiB.
	MatchLimit int
	// Group is the group of the symbols, "" means "spamassassin".
	Group string
}

// A File is one rule file. Files are read in their order, and what a later one
// says of a rule holds.
type File struct {
	Name string
	Text string `json:"-"` // the configuration has a digest of it
}

// A Problem is a line of a file that has no effect, or not all of it.
type Problem struct {
	File   string
	Line   int // from 1
	Text   string
	Reason string
}

func (p Problem) String() string {
	const most = 80
	text := p.Text
	if len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.Reason, text)
}

// Validate returns what is wrong with the options. Lines that have no effect are
// no error: see Problems.
func (o Options) Validate() error {
	v := valid.Of("spamassassin")
	v.Number("MatchLimit", int64(o.MatchLimit), 0, 1<<30)
	v.If(math.IsNaN(o.Alpha) || math.IsInf(o.Alpha, 0), "Alpha", "%v is no number", o.Alpha)
	return v.Err()
}

// Problems lists the lines of the files that have no effect here, in order, after
// files that can't be read.
func (o Options) Problems() []Problem {
	files, missing := o.load()
	return append(missing, read(files).problems...)
}

// maxFiles bounds the bytes of all files.
const maxFiles = 256 << 20

// load reads the files of Paths.
func (o Options) load() (files []File, missing []Problem) {
	left := maxFiles
	for _, path := range o.Paths {
		names, err := filepath.Glob(path)
		if err != nil || len(names) == 0 {
			missing = append(missing, Problem{File: path, Reason: "there is no such file"})
		}
		for _, name := range names {
			data, err := readAtMost(name, left)
			if err != nil {
				missing = append(missing, Problem{File: name, Reason: err.Error()})
				continue
			}
			left -= len(data)
			files = append(files, File{Name: name, Text: string(data)})
		}
	}
	return append(files, o.Files...), missing
}

func readAtMost(name string, n int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(n)+1))
	if err == nil && len(data) > n {
		err = errors.New("rule files of more than 256 MiB")
	}
	return data, err
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "spamassassin", Doc: "rule files of SpamAssassin", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	files, problems := o.load()
	if len(files)+len(problems) == 0 {
		return f
	}
	digests := make([]string, len(files))
	for i, x := range files {
		digests[i] = checks.Digest(x.Text)
	}
	f.Config = struct {
		Options
		Digests []string
	}{o, digests}
	r := read(files)
	problems = append(problems, r.problems...)
	s := newSheet(o, r)
	c := &checks.Check{
		Name: "spamassassin", Doc: "rule files of SpamAssassin", Heavy: true,
		Requires: append(s.texts.Requires(), checks.Facts(aliases.Fact)...),
		Start:    func(_ context.Context, env *checks.Env) error { s.report(env, problems); return nil },
		Run:      func(_ context.Context, t *checks.Task) error { return s.run(t) },
	}
	if s.foreign {
		c.Stage = checks.Classify
		c.Requires = append(c.Requires, checks.AllSymbols())
	}
	for _, x := range s.symbols {
		c.Symbols = append(c.Symbols, x.def)
	}
	f.Checks = []*checks.Check{c}
	return f
}

// A symbol is a rule that is told.
type symbol struct {
	def  *symbols.Def
	rule int
}

// A sheet is all rules made ready.
type sheet struct {
	rules   []*rule
	byName  map[string]int
	symbols []symbol
	texts   *texts.Set
	lists   *lists
	foreign bool // meta rules name symbols of other families
}

func newSheet(o Options, r *reader) *sheet {
	s := &sheet{byName: map[string]int{}, lists: r.lists}
	b := texts.Builder{Octets: true}
	for _, name := range r.order {
		x := r.rules[name]
		if x == nil {
			continue
		}
		s.byName[name] = len(s.rules)
		s.rules = append(s.rules, x)
		if x.pattern != nil && x.score != 0 {
			x.id = b.Add(texts.Pattern{Kind: x.kind, Pattern: x.pattern, Headers: x.keys(), Selector: x.selector, Most: x.most})
		}
	}
	group := o.Group
	if group == "" {
		group = "spamassassin"
	}
	alpha := o.Alpha
	if alpha == 0 {
		alpha = 0.5
	}
	for i, x := range s.rules {
		if o.Scored && x.meta == nil && !x.said {
			continue
		}
		if x.score != 0 && !x.hidden() && (x.meta != nil || math.Abs(x.score) > alpha) {
			s.symbols = append(s.symbols, symbol{&symbols.Def{Name: x.name, Doc: x.doc(), Groups: []string{group}, Weight: x.score, OneShot: true, Shared: true}, i})
		}
		if x.meta != nil {
			s.foreign = s.foreign || slices.ContainsFunc(x.meta.names, func(n string) bool { _, own := s.byName[n]; return !own })
		}
	}
	s.texts = b.Set(o.MatchLimit)
	return s
}

// maxTold is how many problems the log has; Options.Problems has all.
const maxTold = 10

func (s *sheet) report(env *checks.Env, problems []Problem) {
	for i, p := range problems {
		if i == maxTold {
			env.Log.Warn("rule files of SpamAssassin: further lines have no effect", "lines", len(problems)-maxTold)
			return
		}
		env.Log.Warn("rule file of SpamAssassin: a line has no effect", "file", p.File, "line", p.Line, "reason", p.Reason)
	}
}

func (s *sheet) run(t *checks.Task) error {
	e := &evaluation{sheet: s, task: t, values: make([]float64, len(s.rules)), state: make([]uint8, len(s.rules))}
	e.matches = s.texts.FindWith(t, e.given)
	if s.foreign {
		e.names = t.Names()
	}
	for _, x := range s.symbols {
		if v := e.value(x.rule); v > 0 && v <= 1e9 {
			t.HitAt(symbols.Hit{Def: x.def, Factor: 1, Evidence: e.evidence(x.rule)})
		}
	}
	if e.matches.Cut > 0 {
		t.Note(fmt.Sprintf("%d patterns of rule files were not looked for to the end: the message is too large for them", e.matches.Cut))
	}
	return nil
}
