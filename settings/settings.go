// Package settings decides which settings a message has: by rules that
// operators write, and by what a client asks for with its request. It is
// Rspamd 4.1.6's module of that name, and Rules.Settings is a winnow.Options.Settings.
//
//	rules, err := settings.New(section, settings.Options{})
//	o.Settings = rules.Settings
//	o.Families = append(o.Families, rules.Family(nil))
//
// Rules are tried from the highest priority down. All rules of the first
// priority in which one is about the message count together; those below don't.
// A request's own settings (WithRequest) stand on the lowest priority: any rule
// of medium or high priority that is about the message takes their place.
package settings

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/symbols"
)

// Options say what rules can use.
type Options struct {
	// Lists makes the lists that rules name as "map:SOURCE" or ip_map, and the list
	// of rules itself; nil means a Watcher of the rules' own.
	Lists *lists.Watcher
	// Weight is what a symbol weighs that a rule raises and nobody weighs,
	// Rspamd's unknown_weight.
	Weight float64
}

// Rules are those of a section settings. They may be replaced while scans run.
type Rules struct {
	options  Options
	static   *ruleSet
	warnings []ucl.Warning
	defs     []*symbols.Def
	followed atomic.Pointer[ruleSet]
	source   *lists.List     // of rules, nil if they stand in the file
	reading  sync.Mutex      // held by refresh: what is older does not come last
	seen     *lists.Snapshot // of source, by refresh
	text     string          // of the section
}

// A ruleSet are rules in their order, and the lists that they name.
type ruleSet struct {
	rules []*rule
	lists []*lists.List
	notes []ucl.Warning
}

// New reads a section settings, whose keys are the names of rules; nil has none. A
// string is the source of a list of rules, which is followed (Family). Errors name
// the place, see ucl.Error.
func New(section *ucl.Value, o Options) (*Rules, error) {
	if o.Lists == nil {
		o.Lists = lists.NewWatcher(lists.Options{})
	}
	r := &Rules{options: o, text: written(section), static: &ruleSet{}}
	if section != nil && section.Kind == ucl.String {
		return r, r.follow(section)
	}
	set, err := r.read(section)
	if err != nil {
		return nil, err
	}
	for _, rule := range set.rules {
		if rule.id == "" {
			rule.id = rule.name
		}
	}
	r.static, r.warnings = set, set.notes
	if err := r.declare(section); err != nil {
		return nil, err
	}
	return r, nil
}

// written is a section as data.
func written(section *ucl.Value) string {
	var b strings.Builder
	if section != nil {
		_ = ucl.WriteJSON(&b, section) // to memory
	}
	return b.String()
}

// follow reads rules from a list.
func (r *Rules) follow(section *ucl.Value) (err error) {
	r.source, err = r.options.Lists.List(lists.Definition{Name: "settings", Kind: lists.Lines, Sources: []string{section.Text}})
	if err != nil {
		return section.Errorf("%v", err)
	}
	warnings, err := r.refresh()
	if err != nil {
		warnings = append(warnings, ucl.Warning{Pos: section.Pos(), Msg: fmt.Sprintf("settings: the list of rules can't be read: %v", err)})
	}
	r.warnings = warnings
	return nil
}

// refresh takes the rules that the list has now. It returns what is to be told of them,
// once for what a list holds; on an error the last rules stay.
func (r *Rules) refresh() ([]ucl.Warning, error) {
	r.reading.Lock()
	defer r.reading.Unlock()
	now := r.source.Snapshot()
	if now == r.seen {
		return nil, nil
	}
	r.seen = now
	var text strings.Builder
	for _, line := range now.Lines() {
		text.WriteString(line + "\n")
	}
	return r.Replace("settings", []byte(text.String()))
}

// Replace takes the rules of a followed list in the place of those of the file,
// as UCL or JSON, bare or as the section settings. On an error the rules stay.
func (r *Rules) Replace(name string, text []byte) ([]ucl.Warning, error) {
	doc, err := ucl.Parse(name, text, ucl.Options{Limits: ucl.Limits{Depth: 64, Values: 1_000_000}})
	if err != nil {
		return nil, err
	}
	section := doc.Root
	if inner := section.Get("settings"); inner != nil {
		section = inner
	}
	set, err := r.read(section)
	if err != nil {
		return nil, err
	}
	r.followed.Store(set)
	return set.notes, nil
}

// read reads rules and orders them.
func (r *Rules) read(section *ucl.Value) (set *ruleSet, err error) {
	set = &ruleSet{}
	if section.IsNull() {
		return set, nil
	}
	section, err = section.AsObject()
	if err != nil {
		return nil, err
	}
	for name, v := range section.All() {
		if v.Kind != ucl.Object {
			continue // enabled, say; as in Rspamd
		}
		one := reader{Options: &r.options, named: &set.lists, rule: rule{name: name, section: v}, v: v, notes: &set.notes}
		ok, err := one.read()
		if err != nil {
			return nil, err
		}
		if ok {
			made := one.rule
			set.rules = append(set.rules, &made)
		}
	}
	slices.SortStableFunc(set.rules, compare)
	return set, nil
}

// Warnings tell what of the file has no effect.
func (r *Rules) Warnings() []ucl.Warning { return r.warnings }

// Len is how many rules there are.
func (r *Rules) Len() int { return len(r.rules()) }

func (r *Rules) rules() []*rule { return r.current().rules }

func (r *Rules) current() *ruleSet {
	if set := r.followed.Load(); set != nil {
		return set
	}
	if r.static == nil {
		return &ruleSet{}
	}
	return r.static
}

// Settings is a winnow.Options.Settings. It answers for the message as a whole;
// recipients have none of their own. Before DATA it is nil as long as the answer
// may depend on what is still to come. The error is that of a service that was asked
// (external_map) and did not answer.
func (r *Rules) Settings(ctx context.Context, req winnow.SettingsRequest) (*winnow.Settings, error) {
	if req.Rcpt != "" {
		return nil, nil
	}
	q := requestOf(ctx)
	asked := r.asked(q)
	s := &subject{env: req.Envelope, msg: req.Message, local: req.Local, request: q}
	e := r.askedService(q)
	if e != nil && len(asked) == 0 && s.msg == nil {
		return nil, nil
	}
	layers, open, undecided := r.match(s, len(asked) > 0)
	if e != nil && len(asked) == 0 {
		if about := object(s.msg, e.about); about != nil {
			layers, open, undecided = nil, &question{e, about}, false
		}
	}
	if undecided {
		return nil, nil
	}
	if open != nil {
		a, err := open.ask(ctx, q.warn)
		if err != nil {
			return nil, err
		}
		if a != nil {
			layers = append(layers, Layer{OfRule, a})
		}
	}
	if len(layers) == 0 {
		layers = asked
	}
	passAll := q != nil && q.PassAll
	if len(layers) == 0 && !passAll {
		return nil, nil
	}
	set := Lay(req.Scanner, q.warn, layers...)
	set.PassAll = set.PassAll || passAll
	return set, nil
}

// match returns what the rules that are about the message say, and what the last of
// them asks, if it asks a service. With settings of the request those of low priority,
// and services, are not looked at.
func (r *Rules) match(s *subject, asked bool) (matched []Layer, open *question, undecided bool) {
	var at int64
	for _, rule := range r.rules() {
		if rule.priority < 1 || asked && rule.priority < 2 || len(matched) > 0 && rule.priority < at {
			break
		}
		if !s.known(rule.need) {
			return nil, nil, true
		}
		if !rule.matches(s) || asked && rule.external != nil {
			continue
		}
		if rule.external == nil {
			matched, at = append(matched, Layer{OfRule, rule.apply}), rule.priority
			continue
		}
		if about := object(s.msg, rule.external.about); about != nil {
			return matched, &question{rule.external, about}, false
		}
	}
	return matched, nil, false
}
