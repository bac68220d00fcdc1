package scanner

import (
	"cmp"
	"slices"

	"github.com/winnowmail/winnow/checks/reputation"
	"github.com/winnowmail/winnow/checks/spamtrap"
)

// working are the modules of needy and bayes that the files switch on, sorted.
func (s *Setup) working() (list []string) {
	f, off := &s.Families, s.tree.Modules(nil).Explicitly
	kept := func(r reputation.Rule) bool {
		return cmp.Or(r.Backend, reputation.DNS) != reputation.DNS || r.Zone == ""
	}
	for name, on := range map[string]bool{
		"greylist": f.Greylist != nil, "replies": f.Replies != nil, "known_senders": f.KnownSenders != nil,
		"ratelimit":  !f.Ratelimit.Off && (len(f.Ratelimit.Limits) > 0 || !f.Ratelimit.Users.IsZero()),
		"reputation": f.Reputation != nil && !f.Reputation.Off && slices.ContainsFunc(f.Reputation.Rules, kept), "history_redis": s.Daemon.History.Rows > 0,
		"neural":   s.Daemon.Neural != nil,
		"spamtrap": asksStore(f.Spamtrap),
		"bayes":    s.tree.Root.Get("classifier") != nil,
	} {
		if on && !slices.Contains(off, name) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// asksStore tells that traps are kept in the store, or that what they catch is learned.
func asksStore(o *spamtrap.Options) bool {
	return o != nil && !o.Off && (o.Learn || o.Store || o.Addresses == nil && o.Patterns == nil)
}

// has says whether a module has a store. The program opens those of some only beside
// one for all.
func (s *Setup) has(name string, general bool) bool {
	return s.stored(name, general) && (general || !slices.Contains([]string{"bayes", "history_redis", "neural"}, name))
}

// tellStoreless says which modules have no store although they are on and no
// disabled_modules names them: those that the operator's files speak of by a warning
// at that place, the others together in Storeless.
func (s *Setup) tellStoreless(general bool) {
	for _, name := range s.working() {
		if s.has(name, general) || slices.Contains(s.stateless, name) {
			continue
		}
		section := name
		if name == "bayes" {
			section = "classifier"
		}
		if at := ownPlace(s.tree.Root.Get(section)); at != nil {
			s.warn(at.Errorf("%s has no store and does nothing: the section redis can name a server, or the program can have a store of its own", name))
			continue
		}
		s.Storeless = append(s.Storeless, name)
	}
}
