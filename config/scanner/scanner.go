// Package scanner makes the options of a Scanner, and of the daemon around it, of
// the files that configured Rspamd.
//
// Each section is read by a table (package checks/option): those of the families
// stand beside them, those of options, workers, redis and the like are here.
// What a file says is put into effect, is an error, or is warned of: nothing is
// left out in silence.
package scanner

import (
	"cmp"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/config"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/settings"
	"github.com/winnowmail/winnow/symbols"
)

// A Setup is what a tree comes to.
type Setup struct {
	// Options have what the tree says of the Scanner itself, over those of
	// Base. Its Layer and Families are left to Layer and to Families.
	Options winnow.Options
	// Families are the options of the families.
	Families standard.Options
	// Subject is the template of a rewritten subject, for Profile.WithSubject; "" is
	// the profile's. Layer finds it.
	Subject string
	// Rules are those of the section settings, never nil. Their Settings and Family
	// are left to whoever makes the Scanner.
	Rules *settings.Rules
	// Daemon is what belongs to a program around the Scanner.
	Daemon Daemon
	// Warnings are about what has no effect, in the order of the files. Of stock
	// files only what is in local.d, override.d and the like is warned of: what
	// they say by themselves is nobody's decision.
	Warnings []ucl.Warning
	// Idle are about what means nothing here and is missed by nobody, such as the
	// number of processes.
	Idle []ucl.Warning
	// Storeless are modules that stock files alone switch on and that do nothing, since
	// they have no store. Warnings tell of those that the operator's own files name.
	Storeless []string

	// Followed are lists that the files name and that change what they come to:
	// whoever sees one change reads the files again.
	Followed []*lists.List

	tree  *config.Tree
	told  map[ucl.Warning]bool // by warn
	lists *lists.Watcher
	seen  []*lists.Snapshot // of Followed
	more  *ucl.Value        // composites of a followed list
	off   []string          // families that are switched off

	servers   map[string]*redisServer // of modules, by their sections
	within    map[string]*redisServer // by sections redis within these
	below     map[string]*redisServer // by sections within redis
	stateless []string                // modules that have no server, though others do
}

// Base is what lies below the files.
type Base struct {
	Options  winnow.Options
	Families standard.Options
	// Store tells that there is a store even where the files name no Redis.
	Store bool
	// Lists gives the Watcher of all lists that the files name, by what they say
	// of it; nil means one of the Setup's own.
	Lists func(Maps) (*lists.Watcher, error)
}

// Read maps a tree. The error joins all that is wrong, each with its place.
func Read(t *config.Tree, base Base) (*Setup, error) {
	s := &Setup{Options: base.Options, Families: base.Families, tree: t}
	s.Warnings = append(s.Warnings, t.Warnings...)
	options := s.options()
	errs := []error{s.lua(), s.defaultKeys(), s.read(options), s.watcher(base)}
	tables := s.sections()
	for _, table := range tables {
		errs = append(errs, s.read(table))
	}
	tables = append(tables, options)
	errs = append(errs, s.classifiers(), s.redis(), s.workers(), s.settings(), s.dynamic())
	s.ruleLists()
	s.unread(tables)
	s.tellStoreless(s.Daemon.State != "" || base.Store)
	s.withoutStore(s.Daemon.State != "" || base.Store)
	if mx := s.Families.MX; mx != nil && mx.Dial == nil { // Rspamd connects
		mx.Dial = new(net.Dialer).DialContext
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := errors.Join(s.Families.Validate(), s.strangeActions(), s.exports()); err != nil {
		return nil, s.placed(err, tables)
	}
	slices.SortStableFunc(s.Warnings, func(a, b ucl.Warning) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line))
	})
	return s, nil
}

// watcher sets who makes the lists that the files name.
func (s *Setup) watcher(base Base) (err error) {
	if base.Lists == nil {
		m := s.Daemon.Maps
		s.lists = lists.NewWatcher(lists.Options{Every: m.Every, EveryFile: m.EveryFile, Dir: m.Dir})
	} else if s.lists, err = base.Lists(s.Daemon.Maps); err != nil {
		return err
	}
	s.Families.Multimap.Watcher = s.lists
	return nil
}

// sections are the tables of the sections that have no names of their own, but for
// that of options, which is read before.
func (s *Setup) sections() []*option.Section {
	list := append(append(s.Families.Sections(), s.plain()...), s.history(), s.neural(), s.logging(), s.Daemon.Exports.Section())
	for _, table := range list {
		if slices.Contains(stateful(), table.Name) {
			s.withServer(table)
		}
	}
	return list
}

// Sections are the tables of all sections that files can have, for help and
// documentation.
func Sections() []*option.Section {
	s := &Setup{}
	of := func(table *option.Section, name string) *option.Section {
		table.Name = name
		return table
	}
	symbol, _ := symbolTable("NAME", new(winnow.SymbolChange))
	return append(s.sections(), s.options(), new(redisServer).table(s.forModule), s.withServer(s.bayes()), of(s.controller(), "worker controller"),
		of(s.proxy(), "worker rspamd_proxy"), of(s.normal(), "worker normal"), actionsTable(actions.Thresholds{}, new(string), s.warn), groupTable(new(score.Group)), of(symbol, "symbols"),
		compositeTable(&score.Composite{Def: new(symbols.Def)}))
}

// read reads one section.
func (s *Setup) read(table *option.Section) error {
	v, ok := s.tree.Section(table.Name)
	if !ok {
		return nil
	}
	return table.Apply(v, s.warn)
}

// warn notes what has no effect, unless a stock file says it.
func (s *Setup) warn(err error) {
	w := ucl.Warning{Msg: err.Error()}
	if at := (*ucl.Error)(nil); errors.As(err, &at) {
		w.Pos, w.Msg = at.Pos, strings.TrimPrefix(w.Msg, at.Pos.String()+": ")
		if s.stock(at.Pos) {
			return
		}
	}
	list := &s.Warnings
	if errors.Is(err, option.ErrIdle) {
		list = &s.Idle
	}
	if s.told == nil {
		s.told = map[ucl.Warning]bool{}
	}
	if !s.told[w] {
		s.told[w] = true
		*list = append(*list, w)
	}
}

// stock says whether nobody but Rspamd wrote what stands at a place.
func (s *Setup) stock(at ucl.Pos) bool {
	return builtIn(at) && (s.more == nil || at.File != s.more.Pos().File)
}

// builtIn says whether a place is in a file that comes with Rspamd.
func builtIn(at ucl.Pos) bool {
	for _, own := range []string{"/local.d/", "/override.d/", "/dynamic/", "/rspamd.conf.", "/lua.local.d/"} {
		if strings.Contains(at.File, own) {
			return false
		}
	}
	return true
}

// unread warns of sections that nothing reads.
func (s *Setup) unread(tables []*option.Section) {
	read := map[string]bool{}
	for _, name := range others() {
		read[name] = true
	}
	for _, table := range tables {
		read[table.Name] = true
	}
	for name, v := range s.tree.Root.All() {
		if read[name] {
			continue
		}
		on, err := v.Get("enabled").AsBool()
		off := err == nil && !on
		reason, absent := Absent()[name]
		switch {
		case off, absent && v.Len() == 0:
		case absent:
			s.warnOwn(v, name+" has no effect: "+reason)
		default:
			s.warnOwn(v, "nothing reads the section "+name+nearest.Hint(name, slices.Values(s.known(tables))))
		}
	}
}

// warnOwn warns of a section when the operator wrote something in it.
func (s *Setup) warnOwn(v *ucl.Value, text string) {
	if at := ownPlace(v); at != nil {
		s.warn(at.Errorf("%s", text))
	}
}

// ownPlace finds a value in v that does not stand in a stock file.
func ownPlace(v *ucl.Value) *ucl.Value {
	if v == nil {
		return nil
	}
	if v.Kind != ucl.Object && v.Kind != ucl.Array && v.Pos().Valid() && !builtIn(v.Pos()) {
		return v
	}
	for _, m := range v.Members() {
		for _, value := range m.Values {
			if at := ownPlace(value); at != nil {
				return at
			}
		}
	}
	for _, item := range v.Items {
		if at := ownPlace(item); at != nil {
			return at
		}
	}
	return nil
}

func (s *Setup) known(tables []*option.Section) []string {
	names := others()
	for _, table := range tables {
		names = append(names, table.Name)
	}
	return names
}

// others are sections that no table reads as a whole.
func others() []string {
	return []string{"actions", "group", "composites", "redis", "worker", "classifier", "lua", "modules", "metric", "symbols", "surbl", "emails", "settings"}
}
