package winnow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// configDigest covers everything in the configuration that a verdict can
// depend on.
func (s *Scanner) configDigest() (string, error) {
	type check struct {
		Name, Stage string
		Priority    int
		Symbols     []*symbols.Def
		Config      any
	}
	type family struct {
		Name   string
		Config any
	}
	var fs []family
	for _, f := range s.plan.Families() {
		fs = append(fs, family{f.Name, f.Config})
	}
	var cs []check
	for _, c := range s.plan.Checks() {
		cs = append(cs, check{c.Name, c.Stage.String(), c.Priority, c.Symbols, c.Config})
	}
	var site fingerprint
	site.layer(&s.opt.Layer)
	b, err := json.Marshal(struct {
		Rules      string
		Families   []family
		Checks     []check
		Profile    any
		Site       []byte
		Limits     mail.Limits
		Local      any
		OnTimeout  bool
		DNS, Store bool
		Stores     []string `json:",omitempty"`
		MaxQueries int
		Budget     time.Duration
	}{
		moduleVersion(), fs, cs, s.opt.Profile.get(), site, s.opt.Limits, s.opt.LocalNetworks,
		s.opt.DNS.SoftRejectOnTimeout, s.opt.DNS.Enabled(), s.opt.Store != nil, slices.Sorted(maps.Keys(s.opt.Stores)), s.opt.DNS.MaxQueries, s.opt.StoreBudget,
	})
	if err != nil {
		return "", fmt.Errorf("configuration digest: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// modulePath is this module's.
const modulePath = "github.com/winnowmail/winnow"

// moduleVersion is the version of the rules that are built in: that of the
// module in the program, "" where the program does not tell.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path != modulePath {
			continue
		}
		for m.Replace != nil {
			m = m.Replace
		}
		return m.Version + " " + m.Sum
	}
	return ""
}
