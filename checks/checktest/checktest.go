// Package checktest runs a family's fixtures: the files testdata/*.txtar
// beside the family's test, each one message with its envelope and the
// symbols it must raise.
//
// A fixture begins with the reason why the case exists, then has the sections
//
//	-- envelope --     ip, hostname, helo, from, rcpt (repeatable), user,
//	                   queue-id, mta-name; one "key: value" a line; "local:
//	                   yes" puts the client into the host's own networks
//	-- exact --        without content: follow Rspamd to the letter, as
//	                   Task.Exact says
//	-- facts --        what the host knows: "fact: JSON value" a line
//	-- zone --         the whole DNS, in the format of resolver/zone
//	-- message.eml --  the message; line ends become CRLF
//	-- message.b64 --  or: the exact bytes in base64
//	-- want --         what the family reports, in list order; go test -update
//	                   rewrites it. "SYMBOL factor [option, …]" is a hit, the
//	                   indented lines below it are its evidence: where it is and
//	                   in quotes what the message says there. "= pre-result",
//	                   "= edit" and "= note" lines come last
//	-- absent --       symbols that must not fire on this near miss
//
// Run fails when a declared symbol has no fixture that raises it or none that
// guards against it.
package checktest

import (
	"bytes"
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
	"github.com/winnowmail/winnow/symbols"
)

// update is go test's -update; a flag has to be declared before it is parsed.
var update = flag.Bool("update", false, "rewrite the want sections of the fixtures")

// Now is the time at which fixtures are scanned.
func Now() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// An Option changes how fixtures are run.
type Option func(*runner)

// With adds checks of other families that the family requires; their symbols
// are not compared.
func With(cs ...*checks.Check) Option { return func(r *runner) { r.with = append(r.with, cs...) } }

// Resolver answers the family's DNS questions where a fixture has no zone.
func Resolver(dns resolver.Resolver) Option { return func(r *runner) { r.dns = dns } }

// Unfixtured names symbols that no fixture can raise, with the reason.
func Unfixtured(reason string, defs ...*symbols.Def) Option {
	return func(r *runner) {
		for _, d := range defs {
			r.seen[d.Name], r.guarded[d.Name] = reason != "", true
		}
	}
}

type runner struct {
	update        bool
	family, with  []*checks.Check
	dns           resolver.Resolver
	seen, guarded map[string]bool
}

// Run runs every fixture of the calling package's testdata. family is a family,
// whose options must not be wrong, or a list of checks.
func Run[F *checks.Family | []*checks.Check](t *testing.T, family F, options ...Option) {
	t.Helper()
	var list []*checks.Check
	switch f := any(family).(type) {
	case *checks.Family:
		if f.Err != nil {
			t.Fatalf("family %s: %v", f.Name, f.Err)
		}
		list = f.Checks
	case []*checks.Check:
		list = f
	}
	run(t, list, options)
}

func run(t *testing.T, family []*checks.Check, options []Option) {
	t.Helper()
	if len(family) == 0 {
		t.Fatal("the family has no check")
	}
	r := &runner{update: *update, family: family, seen: map[string]bool{}, guarded: map[string]bool{}}
	for _, o := range options {
		o(r)
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures in testdata (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { r.file(t, file) })
	}
	for _, c := range family {
		for _, d := range c.Symbols {
			if !r.seen[d.Name] {
				t.Errorf("%s: no fixture raises it", d.Name)
			}
			if !r.guarded[d.Name] {
				t.Errorf("%s: no fixture guards against it (list it in an absent section)", d.Name)
			}
		}
	}
}

func (r *runner) file(t *testing.T, file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ar := txtar.Parse(raw)
	if len(bytes.TrimSpace(ar.Comment)) == 0 {
		t.Error("the fixture does not say why it exists")
	}
	fx, err := parse(ar)
	if err != nil {
		t.Fatal(err)
	}
	outs := r.scan(t, fx)
	hits := hitsOf(outs)
	for _, h := range hits {
		r.seen[h.Def.Name] = true
	}
	for _, name := range fx.absent {
		r.guarded[name] = true
		if !r.declares(name) {
			t.Errorf("absent: %s is no symbol of this family", name)
		}
		if slices.ContainsFunc(hits, func(h symbols.Hit) bool { return h.Def.Name == name }) {
			t.Errorf("%s fired on a near miss", name)
		}
	}
	got := report(fx.msg, outs)
	if got == fx.want {
		return
	}
	if !r.update {
		t.Errorf("got\n%swant\n%s", got, fx.want)
		return
	}
	setSection(ar, "want", got)
	if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (r *runner) declares(name string) bool {
	for _, c := range r.family {
		for _, d := range c.Symbols {
			if d.Name == name {
				return true
			}
		}
	}
	return false
}

// scan runs the family on one message, stage after stage, and returns its
// outcomes in list order.
func (r *runner) scan(t *testing.T, fx fixture) []checks.Outcome {
	t.Helper()
	all := append(slices.Clone(r.with), r.family...)
	plan, err := checks.NewPlan(nil, all...)
	if err != nil {
		t.Fatal(err)
	}
	st := &checks.State{Message: fx.msg, Now: Now(), Seed: 1, Local: fx.local, Exact: fx.exact}
	st.IsLocal = func(ip netip.Addr) bool {
		return ip.IsLoopback() || ip.IsPrivate() || fx.local && ip == fx.env.ClientIP
	}
	var seeds []checks.Seeded
	for line := range strings.Lines(fx.facts) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		seed, err := plan.DecodeSeed(name, []byte(value))
		if err != nil {
			t.Fatalf("facts: %v", err)
		}
		seeds = append(seeds, seed)
	}
	if unknown, err := plan.ValidateSeeds(seeds); err != nil || len(unknown) > 0 {
		t.Fatalf("facts: %v no check knows; %v", unknown, err)
	}
	st.SeedFacts(seeds)
	dns := r.dns
	if fx.zone != nil {
		dns = fx.zone
	}
	if dns != nil {
		st.DNS = func(*checks.Check) resolver.Resolver { return dns }
	}
	outs := make([]checks.Outcome, len(all))
	for _, stage := range []checks.Stage{checks.Early, checks.Main, checks.Classify, checks.Late} {
		for _, i := range plan.Stage(stage) {
			outs[i] = r.run(t, st, all[i])
			st.Publish(plan, outs[i])
		}
	}
	return outs[len(r.with):]
}

// run fails the test when a check errs or does not return soon after its
// context ended.
func (r *runner) run(t *testing.T, st *checks.State, c *checks.Check) checks.Outcome {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	type result struct {
		out checks.Outcome
		err error
	}
	done := make(chan result, 1)
	go func() {
		out, err := st.Run(ctx, c)
		done <- result{out, err}
	}()
	select {
	case res := <-done:
		if res.err != nil {
			t.Errorf("check %s: %v", c.Name, res.err)
		}
		return res.out
	case <-time.After(20 * time.Second):
		t.Fatalf("check %s did not return when its context ended", c.Name)
		return checks.Outcome{}
	}
}

type fixture struct {
	env    mail.Envelope
	local  bool
	exact  bool
	raw    []byte
	msg    *mail.Message
	facts  string
	zone   *zone.Zone
	want   string
	absent []string
}

func parse(ar *txtar.Archive) (fx fixture, err error) {
	for _, f := range ar.Files {
		switch f.Name {
		case "envelope":
			fx.env, fx.local, err = envelope(string(f.Data))
		case "message.eml":
			fx.raw = bytes.ReplaceAll(bytes.ReplaceAll(f.Data, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		case "message.b64":
			fx.raw, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(f.Data)), ""))
		case "exact":
			fx.exact = true
		case "facts":
			fx.facts = string(f.Data)
		case "zone":
			fx.zone, err = zone.Parse(string(f.Data))
		case "want":
			fx.want = string(f.Data)
		case "absent":
			fx.absent = strings.Fields(string(f.Data))
		default:
			err = fmt.Errorf("unknown section %q", f.Name)
		}
		if err != nil {
			return fx, fmt.Errorf("section %s: %w", f.Name, err)
		}
	}
	fx.msg = mail.Parse(fx.raw, fx.env, mail.Limits{})
	if fx.exact {
		fx.msg.ReadAsRspamd()
	}
	return fx, nil
}

func envelope(text string) (e mail.Envelope, local bool, err error) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, v, _ := strings.Cut(line, ":")
		v = strings.TrimSpace(v)
		switch key {
		case "ip":
			e.ClientIP, err = netip.ParseAddr(v)
		case "hostname":
			e.ClientName = v
		case "helo":
			e.Helo = v
		case "from":
			e.From, e.HasFrom = strings.Trim(v, "<>"), true
		case "rcpt":
			e.Rcpts = append(e.Rcpts, v)
		case "user":
			e.User = v
		case "queue-id":
			e.QueueID = v
		case "mta-name":
			e.MTAName = v
		case "local":
			local = v == "yes"
		default:
			err = fmt.Errorf("unknown key %q", key)
		}
		if err != nil {
			return e, local, err
		}
	}
	return e, local, nil
}

func setSection(ar *txtar.Archive, name, data string) {
	for i := range ar.Files {
		if ar.Files[i].Name == name {
			ar.Files[i].Data = []byte(data)
			return
		}
	}
	ar.Files = append(ar.Files, txtar.File{Name: name, Data: []byte(data)})
}
