package winnow_test

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// TestReadByTheDeadline: the addresses that JSON writes are found within the
// scan's time, whether a check looks at them or not, or not at all: neither JSON
// nor Explain reads the message on. A replay shows the same.
func TestReadByTheDeadline(t *testing.T) {
	d := &symbols.Def{Name: "SAW_TEXT", Doc: "test"}
	for _, c := range []struct {
		name string
		late func(ctx context.Context, t *checks.Task) error
		read bool
	}{
		{"in time", func(context.Context, *checks.Task) error { return nil }, true},
		{"too late", func(ctx context.Context, _ *checks.Task) error { <-ctx.Done(); return nil }, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := options()
			o.Families = []*checks.Family{}
			o.Checks = []*checks.Check{
				{Name: "text", Doc: "test", Symbols: []*symbols.Def{d}, Run: func(_ context.Context, t *checks.Task) error {
					t.HitAt(symbols.Hit{Def: d, Factor: 1, Evidence: []symbols.Evidence{{Part: "1", Offset: 0, Length: 4, Decoded: true}}})
					return nil
				}},
				{Name: "late", Doc: "test", Stage: checks.Late, Run: c.late},
			}
			s := newScanner(t, o)
			defer closeNow(t, s)
			raw := []byte("Subject: x\r\n\r\nsee http://www.example.org/ or write to ann@example.org\r\n")
			res, err := s.Scan(t.Context(), &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(raw), Record: true})
			if err != nil {
				t.Fatal(err)
			}
			if res.Message().Searched() != c.read {
				t.Errorf("%s: searched %v when the scan ended", c.name, !c.read)
			}
			json, shown := res.JSON(), res.Explain().Hits[0].Places[0]
			if has := bytes.Contains(json, []byte("www.example.org")) && bytes.Contains(json, []byte("ann@example.org")); has != c.read {
				t.Errorf("%s: addresses %v in %s", c.name, has, json)
			}
			if (shown.Text == "see ") != c.read {
				t.Errorf("%s: Explain shows %q", c.name, shown.Text)
			}
			if res.Message().Searched() != c.read {
				t.Errorf("%s: JSON or Explain read on", c.name)
			}
			replays(t, s, c.name, res, true)
		})
	}
}
