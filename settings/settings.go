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
	"log/slog"
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
	static   []*rule
	warnings []ucl.Warning
	defs     []*symbols.Def
	followed atomic.Pointer[[]*rule]
	source   *lists.List   // of rules, nil if they stand in the file
	reading  sync.Mutex    // held by refresh: what is older does not come last
	lists    []*lists.List // that rules name
	text     string        // of the section
}

// New reads a section settings, whose keys are the names of rules; nil has none. A
// string is the source of a list of rules, which is followed (Family). Errors name
// the place, see ucl.Error.
func New(section *ucl.Value, o Options) (*Rules, error) {
	if o.Lists == nil {
		o.Lists = lists.NewWatcher(lists.Options{})
	}
	r := &Rules{options: o, text: written(section)}
	if section != nil && section.Kind == ucl.String {
		return r, r.follow(section)
	}
	rules, warnings, err := r.read(section)
	if err != nil {
		return nil, err
	}
	for _, rule := range rules {
		if rule.id == "" {
			rule.id = rule.name
		}
	}
	r.static, r.warnings = rules, warnings
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
	r.refresh(nil)
	return nil
}

// refresh takes the rules that the list has now; log is told when they can't be read.
func (r *Rules) refresh(log *slog.Logger) {
	r.reading.Lock()
	defer r.reading.Unlock()
	var text strings.Builder
	for _, line := range r.source.Snapshot().Lines() {
		text.WriteString(line + "\n")
	}
	if _, err := r.Replace("settings", []byte(text.String())); err != nil && log != nil {
		log.Warn("settings can't be read: the last ones stay", "error", err)
	}
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
	rules, warnings, err := r.read(section)
	if err != nil {
		return nil, err
	}
	r.followed.Store(&rules)
	return warnings, nil
}

// read reads rules and orders them.
func (r *Rules) read(section *ucl.Value) (list []*rule, notes []ucl.Warning, err error) {
	if section.IsNull() {
		return nil, nil, nil
	}
	section, err = section.AsObject()
	if err != nil {
		return nil, nil, err
	}
	for name, v := range section.All() {
		if v.Kind != ucl.Object {
			continue // enabled, say; as in Rspamd
		}
		one := reader{Options: &r.options, named: &r.lists, rule: rule{name: name, section: v}, v: v, notes: &notes}
		ok, err := one.read()
		if err != nil {
			return nil, nil, err
		}
		if ok {
			made := one.rule
			list = append(list, &made)
		}
	}
	slices.SortStableFunc(list, compare)
	return list, notes, nil
}

// Warnings tell what of the file has no effect.
func (r *Rules) Warnings() []ucl.Warning { return r.warnings }

// Len is how many rules there are.
func (r *Rules) Len() int { return len(r.rules()) }

func (r *Rules) rules() []*rule {
	if p := r.followed.Load(); p != nil {
		return *p
	}
	return r.static
}

// Settings is a winnow.Options.Settings. It answers for the message as a whole;
// recipients have none of their own. Before DATA it is nil as long as the answer
// may depend on what is still to come.
func (r *Rules) Settings(ctx context.Context, req winnow.SettingsRequest) (*winnow.Settings, error) {
	if req.Rcpt != "" {
		return nil, nil
	}
	q := requestOf(ctx)
	asked := r.asked(q)
	s := &subject{env: req.Envelope, msg: req.Message, local: req.Local, request: q}
	layers, undecided := r.match(s, len(asked) > 0)
	if undecided {
		return nil, nil
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

// match returns the rules that are about the message. With settings of the
// request those of low priority are not looked at.
func (r *Rules) match(s *subject, asked bool) (matched []Layer, undecided bool) {
	var at int64
	for _, rule := range r.rules() {
		if rule.priority < 1 || asked && rule.priority < 2 || len(matched) > 0 && rule.priority < at {
			break
		}
		if !s.known(rule.need) {
			return nil, true
		}
		if rule.matches(s) {
			matched, at = append(matched, Layer{OfRule, rule.apply}), rule.priority
		}
	}
	return matched, false
}
