package signing

import (
	"cmp"
	"context"
	"os"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/authheader"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/signing"
)

// seal makes the ARC set of a message.
func (a *ARC) seal(ctx context.Context, t *checks.Task, s *signing.Signer) signing.Outcome {
	id := a.servID(t)
	results, chain := authheader.Of(t, authheader.Options{ServID: id}), a.chain(ctx, t)
	if a.Reuse {
		var values []string
		for _, f := range t.Message().Header().All("Authentication-Results") {
			values = append(values, f.Value())
		}
		if h := authres.Merge(id, values); len(h.Results) > 0 {
			results = h
			if told := h.Of("arc"); len(told) > 0 {
				chain = signing.ChainFail
				if v := told[0].Value; v == "pass" || v == "none" {
					chain = signing.ChainPass
				}
			}
		}
	}
	return s.Seal(ctx, t.Message(), client(t), t.Now(), t.Resolver(), results.String, chain)
}

func (a *ARC) servID(t *checks.Task) string {
	if id := cmp.Or(a.ServID, t.Envelope().MTAName); id != "" {
		return id
	}
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// chain returns what validation found of the message's ARC sets, "" if that is
// not known for now. The ARC check leaves out mail from users and from the
// host's own networks: if that is to be sealed, its chain is validated here.
func (a *ARC) chain(ctx context.Context, t *checks.Task) signing.Chain {
	r, ok := arc.Fact.Get(t)
	if !ok && (a.Authenticated || a.Local) && (t.Authenticated() || relay.Of(t).Local) {
		r = arc.Verify(ctx, t.Resolver(), t.Message(), t.Now(), arc.Options{})
	}
	if r.Temporary {
		return ""
	}
	return signing.Chain(r.Status)
}
