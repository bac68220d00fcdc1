package winnow_test

import (
	"context"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/milterheaders"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
)

// Each verdict has headers that tell of it, and forged ones go.
func TestJudgedEdits(t *testing.T) {
	o := winnow.Options{
		Families: standard.Families(standard.Options{MilterHeaders: milterheaders.Options{Use: []string{"x-spam-status", "x-rspamd-action", "authentication-results"}}}),
		Checks: []*checks.Check{{Name: "broken", Doc: "panics when it is judged", Run: func(_ context.Context, task *checks.Task) error {
			task.EditJudged(func(*checks.Judged) []actions.HeaderEdit { panic("oh") })
			return nil
		}}},
		Settings: func(_ context.Context, r winnow.SettingsRequest) (*winnow.Settings, error) {
			if r.Rcpt == "strict@example.com" {
				return &winnow.Settings{Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.Reject: -50, actions.Greylist: math.NaN()}}}, nil
			}
			return nil, nil
		},
	}
	s, err := winnow.New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	raw := []byte("X-Spam-Status: No, score=-100\r\nx-rspamd-action: no action\r\nFrom: a@example.org\r\nTo: b@example.com\r\nSubject: x\r\n\r\nHello\r\n")
	env := mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: "a@example.org", HasFrom: true, Rcpts: []string{"b@example.com", "strict@example.com"}}
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes(raw), Record: true})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(res.Incomplete, func(i winnow.Incomplete) bool { return i.Check == "broken" && i.Reason == "panic" }) || len(res.Incomplete) != 1 {
		t.Errorf("incomplete: %v", res.Incomplete)
	}
	for _, c := range []struct {
		v      *winnow.Verdict
		action actions.Action
		word   string
	}{{res.For("b@example.com"), res.Action, "No"}, {res.For("strict@example.com"), actions.Reject, "Yes"}} {
		out, err := winnow.Apply(raw, c.v.Edits)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(out), "Authentication-Results: localhost;") {
			t.Errorf("no results in\n%s", out)
		}
		if text := string(out); strings.Count(strings.ToLower(text), "x-rspamd-action:") != 1 || !strings.Contains(text, "\r\nX-Rspamd-Action: "+string(c.action)+"\r\n") ||
			strings.Contains(text, "-100") || !strings.Contains(text, "X-Spam-Status: "+c.word+", score=") {
			t.Errorf("%s:\n%s", c.action, text)
		}
	}
	again, err := res.Transcript.Replay(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(again.Edits, res.Edits) || !slices.Equal(again.For("strict@example.com").Edits, res.For("strict@example.com").Edits) {
		t.Errorf("a replay has the edits %v", again.Edits)
	}
	test, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte("From: a@example.org\r\n\r\n" + "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X" + "\r\n"))})
	if err != nil {
		t.Fatal(err)
	}
	if test.Action != actions.Reject || len(test.Edits) != 1 {
		t.Errorf("GTUBE: %s, %v", test.Action, test.Edits)
	}
}
