package dmarc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// outcome runs the family's checks with a seeded result.
func outcome(t *testing.T, o Options, r Result, message string) (out checks.Outcome) {
	t.Helper()
	raw := strings.ReplaceAll(message, "\n", "\r\n") + "\r\nText.\r\n"
	s := &checks.State{Message: mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})}
	s.SeedFacts([]checks.Seeded{checks.Seed(Fact, r)})
	for _, c := range New(o).Checks {
		one, err := s.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		out.Hits = append(out.Hits, one.Hits...)
		out.PreResults = append(out.PreResults, one.PreResults...)
		out.Edits = append(out.Edits, one.Edits...)
	}
	return out
}

func TestMunging(t *testing.T) {
	good := Result{Status: "pass", Domain: "example.org", Policy: "reject"}
	lax, bad := good, good
	lax.Policy, bad.Status = "none", "fail"
	lists := Munging{Lists: []string{"List@lists.example.net"}}
	anyResult, strict, reply := lists, lists, lists
	anyResult.Any, strict.StrictOnly, reply.ReplyToList = true, true, true
	const to = "To: list@lists.example.net\n"
	for _, c := range []struct {
		why     string
		m       Munging
		r       Result
		message string
		want    string // the edits, "" none
	}{
		{"a name", lists, good, "From: Ann <ann@example.org>\n" + to,
			"-From 0|From: Ann via list <list@lists.example.net>|X-Original-From: Ann <ann@example.org>|Reply-To: <ann@example.org>"},
		{"no name, and Reply-To", lists, good, "From: ann@example.org\nReply-To: a@example.org,\n b@example.org\nCc: list@lists.example.net\n",
			"-Reply-To 1|-From 0|From: ann via list <list@lists.example.net>|X-Original-From: <ann@example.org>|Reply-To: a@example.org, b@example.org, <ann@example.org>"},
		{"answers to the list", reply, good, "From: ann@example.org\n" + to,
			"-From 0|From: ann via list <list@lists.example.net>|X-Original-From: <ann@example.org>|Reply-To: <list@lists.example.net>"},
		{"a name that needs quotes", lists, good, "From: \"Ann, \\\"A\\\"\" <ann@example.org>\n" + to,
			`-From 0|From: "Ann, \"A\" via list" <list@lists.example.net>|X-Original-From: "Ann, \"A\"" <ann@example.org>|Reply-To: <ann@example.org>`},
		{"a name in Unicode", lists, good, "From: =?utf-8?q?=C3=84nn?= <ann@example.org>\n" + to,
			"-From 0|From: =?utf-8?q?=C3=84nn_via_list?= <list@lists.example.net>|X-Original-From: =?utf-8?q?=C3=84nn?= <ann@example.org>|Reply-To: <ann@example.org>"},
		{"a name that breaks the line", lists, good, "From: =?utf-8?q?A=0D=0ABcc:_x?= <ann@example.org>\n" + to,
			`-From 0|From: "A  Bcc: x via list" <list@lists.example.net>|X-Original-From: "A  Bcc: x" <ann@example.org>|Reply-To: <ann@example.org>`},
		{"not to a list", lists, good, "From: ann@example.org\nTo: bob@lists.example.net\n", ""},
		{"it fails", lists, bad, "From: ann@example.org\n" + to, ""},
		{"it fails, any", anyResult, bad, "From: ann@example.org\n" + to,
			"-From 0|From: ann via list <list@lists.example.net>|X-Original-From: <ann@example.org>|Reply-To: <ann@example.org>"},
		{"a lax policy", strict, lax, "From: ann@example.org\n" + to, ""},
		{"no author", lists, good, to, ""},
	} {
		out := outcome(t, Options{Munging: &c.m}, c.r, c.message)
		var got []string
		for _, o := range out.Edits {
			e := o.Value
			if e.Remove {
				got = append(got, fmt.Sprint("-", e.Name, " ", e.Index))
			} else {
				got = append(got, e.Name+": "+e.Value)
			}
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.why, s, c.want)
		}
		munged := len(out.Hits) > 0 && out.Hits[len(out.Hits)-1].Def == Munged
		if munged != (c.want != "") {
			t.Errorf("%s: raised %v", c.why, out.Hits)
		}
	}
}

func TestActions(t *testing.T) {
	o := Options{Actions: Actions{Reject: actions.Reject, Quarantine: actions.AddHeader, SoftFail: actions.Greylist, NA: actions.RewriteSubject}}
	for _, c := range []struct {
		r    Result
		want actions.Action
	}{
		{Result{Status: "fail", Policy: "reject"}, actions.Reject},
		{Result{Status: "fail", Policy: "reject", Disposition: "quarantine", Override: "sampled_out"}, actions.AddHeader},
		{Result{Status: "fail", Policy: "quarantine", Disposition: "none", Override: "sampled_out"}, actions.Greylist},
		{Result{Status: "fail", Policy: "none", Disposition: "none"}, ""},
		{Result{Status: "fail", Policy: "none"}, ""},
		{Result{Status: "none", Reason: "No From header"}, actions.RewriteSubject},
		{Result{Status: "none", Domain: "example.org", From: "example.org"}, ""},
		{Result{Status: "none", Domain: "example.org"}, ""},
		{Result{Status: "pass", Policy: "reject"}, ""},
		{Result{Status: "temperror", Policy: "reject"}, ""},
		{Result{Status: "permerror"}, ""},
		{Result{Status: "odd"}, ""},
	} {
		out := outcome(t, o, c.r, "From: a@example.org\n")
		var got actions.Action
		for _, o := range out.PreResults {
			p := o.Value
			if got = p.Action; !p.Least || p.Message != "Action set by DMARC" {
				t.Errorf("%+v: %+v", c.r, p)
			}
		}
		if got != c.want {
			t.Errorf("%+v: action %q, want %q", c.r, got, c.want)
		}
	}
	if out := outcome(t, Options{}, Result{Status: "fail", Policy: "reject"}, "From: a@example.org\n"); len(out.PreResults) != 0 {
		t.Errorf("an action nobody asked for: %v", out.PreResults)
	}
}
