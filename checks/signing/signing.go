// Package signing signs mail in a scan: with DKIM what the host sends out and
// with ARC what it passes on, by the rules of package signing. The header
// fields are edits of the Result, to be put on top of the message; a message
// that is not signed gets a note that says why.
//
// Both checks run last and see the verdict: what a pre-result rejects or puts
// off is not signed, nor is a message whose subject will be rewritten.
package signing

import (
	"context"
	"fmt"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/authheader"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/signing"
	"github.com/winnowmail/winnow/symbols"
)

// Options says what is signed. With the zero value nothing is signed, and there
// are no checks.
type Options struct {
	// Off leaves the family out.
	Off  bool
	DKIM *signing.Rules // nil: no DKIM signatures
	ARC  *ARC           // nil: no ARC sets
}

// ARC is how a host seals what it passes on.
type ARC struct {
	signing.Rules
	// ServID names this server in ARC-Authentication-Results; "": the
	// envelope's MTAName, else the machine's name.
	ServID string
	// Reuse takes the results from the message's Authentication-Results of
	// ServID, where it has some, instead of the scan's own
	// (reuse_auth_results); the host sees to it that nobody forges them.
	Reuse bool
}

// The symbols.
var (
	Signed = &symbols.Def{
		Name: "DKIM_SIGNED", Groups: []string{"policies", "dkim"},
		Doc: "the message was given a DKIM signature",
	}
	Sealed = &symbols.Def{
		Name: "ARC_SIGNED", Groups: []string{"policies", "arc"},
		Doc: "the message was given an ARC set",
	}
)

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("dkim_signing")
	check := func(field string, r signing.Rules) {
		if _, err := signing.New(r); err != nil {
			v.Add(field, "%w", err)
		}
	}
	if o.DKIM != nil {
		check("DKIM", *o.DKIM)
	}
	if o.ARC != nil {
		check("ARC", o.ARC.Rules)
	}
	return v.Err()
}

// config returns the options as data. Of key sources and conditions, which are
// code, it only says whether they are set.
func (o Options) config() any {
	type rules struct {
		*signing.Rules
		Decides, HasKeys bool
	}
	of := func(r *signing.Rules) *rules { return &rules{r, r.Condition != nil, r.Keys != nil} }
	c := struct {
		Off       bool
		DKIM, ARC *rules
		ServID    string
		Reuse     bool
	}{Off: o.Off}
	if o.DKIM != nil {
		c.DKIM = of(o.DKIM)
	}
	if o.ARC != nil {
		c.ARC, c.ServID, c.Reuse = of(&o.ARC.Rules), o.ARC.ServID, o.ARC.Reuse
	}
	return c
}

// New returns the family of the checks that the options ask for.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "dkim_signing", Doc: "signs outgoing mail with DKIM and seals it with ARC", Config: o.config(), Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	if o.DKIM != nil {
		f.Checks = append(f.Checks, dkimCheck(o.DKIM))
	}
	if o.ARC != nil {
		f.Checks = append(f.Checks, arcCheck(o.ARC))
	}
	return f
}

// priority of the checks: after all others of the late stage.
const priority = 100

func dkimCheck(r *signing.Rules) *checks.Check {
	signer, _ := signing.New(*r) // Validate saw to errors
	return &checks.Check{
		Name:     "dkim_signing",
		Doc:      "signs outgoing mail with DKIM",
		Symbols:  []*symbols.Def{Signed},
		Requires: checks.Facts(relay.Fact),
		Stage:    checks.Late,
		Priority: priority,
		Needs:    needs(r),
		Start:    start(signer),
		Run: func(ctx context.Context, t *checks.Task) error {
			out, _ := checks.Observe(t, "outcome", func() signing.Outcome {
				if why := refusal(t, r); why != "" {
					return signing.Outcome{Notes: []string{why}}
				}
				return signer.Sign(ctx, t.Message(), client(t), t.Now(), t.Resolver())
			})
			report(t, Signed, out)
			return nil
		},
	}
}

func arcCheck(a *ARC) *checks.Check {
	signer, _ := signing.New(a.Rules) // Validate saw to errors
	return &checks.Check{
		Name:     "arc_signing",
		Doc:      "seals mail with ARC",
		Symbols:  []*symbols.Def{Sealed},
		Requires: checks.Facts(authheader.Facts()...),
		Stage:    checks.Late,
		Priority: priority,
		Needs:    arcNeeds(&a.Rules),
		Start:    start(signer),
		Run: func(ctx context.Context, t *checks.Task) error {
			out, _ := checks.Observe(t, "outcome", func() signing.Outcome {
				if why := refusal(t, &a.Rules); why != "" {
					return signing.Outcome{Notes: []string{why}}
				}
				return a.seal(ctx, t, signer)
			})
			report(t, Sealed, out)
			return nil
		},
	}
}

// start warns of keys that can't be used.
func start(s *signing.Signer) func(context.Context, *checks.Env) error {
	return func(ctx context.Context, env *checks.Env) error {
		for _, problem := range s.Problems(ctx) {
			env.Log.Warn("signing key: " + problem.Error())
		}
		return nil
	}
}

// needs says what the rules need from outside the process.
func needs(r *signing.Rules) checks.Needs {
	n := checks.Needs{DNS: r.CheckKey, Net: r.Keys != nil}
	if r.CheckKey {
		n.Queries = 1
		for _, list := range r.Domains {
			n.Queries = max(n.Queries, len(list))
		}
		if r.Condition != nil {
			n.Queries = max(n.Queries, 8)
		}
	}
	return n
}

// maxSets is the number of sets of other hosts whose keys are asked for.
const maxSets = 50

// arcNeeds adds the keys of a chain that nobody validated before.
func arcNeeds(r *signing.Rules) checks.Needs {
	n := needs(r)
	if r.Authenticated || r.Local {
		n.DNS, n.Queries = true, n.Queries+maxSets
	}
	return n
}

func client(t *checks.Task) signing.Client {
	c := relay.Of(t)
	return signing.Client{IP: c.IP, Local: c.Local, User: t.Envelope().User}
}

// refusal says why the verdict leaves nothing to sign, "" if it does.
func refusal(t *checks.Task, r *signing.Rules) string {
	_, action := t.Verdict()
	switch {
	case t.DecidedBy() != nil && (action == actions.Reject || action == actions.SoftReject || action == actions.Discard),
		r.SkipSpam && action != actions.NoAction && action != "":
		return fmt.Sprintf("not signed: the action is %q", string(action))
	case action == actions.RewriteSubject:
		return "not signed: the subject will be rewritten, which would break the signature"
	}
	return ""
}

func report(t *checks.Task, d *symbols.Def, out signing.Outcome) {
	for _, f := range out.Fields {
		t.Edit(actions.HeaderEdit{Name: f.Name, Value: f.Value, Index: 1})
	}
	for _, s := range out.Signed {
		option := s.Domain + ":s=" + s.Selector
		if s.Instance > 0 {
			option += fmt.Sprintf(":i=%d", s.Instance)
		}
		t.Hit(d, option)
	}
	for _, n := range out.Notes {
		t.Note(n)
	}
}
