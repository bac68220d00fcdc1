package signing

import (
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/spf"
)

// results are what the scan found out about the message's sender.
func results(t *checks.Task, servID string) authres.Header {
	h := authres.Header{ServID: servID}
	add := func(method, code string, ps ...authres.Property) {
		r, err := authres.ParseResult(method + "=" + code)
		if err == nil {
			r.Properties = ps
			h.Results = append(h.Results, r)
		}
	}
	if r, ok := arc.Verified.Get(t); ok {
		add("arc", r.Code)
	}
	if r, ok := spf.Evaluated.Get(t); ok {
		e := t.Message().EnvelopeFrom()
		p := authres.Property{Type: "smtp", Name: "mailfrom", Value: e.Addr}
		if e.Addr == "" {
			p.Name, p.Value = "helo", t.Envelope().Helo
		}
		add("spf", r.Code, p)
	}
	sigs, ok := dkim.Verified.Get(t)
	for _, s := range sigs {
		add("dkim", s.Code, authres.Property{Type: "header", Name: "d", Value: s.Domain}, authres.Property{Type: "header", Name: "s", Value: s.Selector})
	}
	if ok && len(sigs) == 0 {
		add("dkim", "none")
	}
	if r, ok := dmarc.Evaluated.Get(t); ok {
		add("dmarc", r.Code, authres.Property{Type: "header", Name: "from", Value: r.Domain})
	}
	return h
}
