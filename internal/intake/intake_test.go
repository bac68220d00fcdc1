package intake

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

func scanner(t *testing.T, o winnow.Options) *winnow.Scanner {
	t.Helper()
	o.Families = []*checks.Family{}
	s, err := winnow.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestMessage takes in a short message and long ones; those that are longer than
// the limit, or than the Scanner reads, are cut.
func TestMessage(t *testing.T) {
	const header = "From: a@example.org\r\nX-Folded: one\r\n\ttwo\r\nX-Empty: \r\n\r\n"
	short, long := "hi\r\n", strings.Repeat(strings.Repeat("x", 76)+"\r\n", 5000)
	for name, c := range map[string]struct {
		body      string
		announced int64
		limit     int64
		scanned   int64 // the Scanner's limit, beyond which it reads one byte; 0: its own
		want      int   // bytes
	}{
		"short":               {body: short, announced: -1, limit: 1 << 20, want: len(header) + len(short)},
		"long":                {body: long, announced: -1, limit: 1 << 20, want: len(header) + len(long)},
		"announced":           {body: long, announced: int64(len(long)), limit: 1 << 20, want: len(header) + len(long)},
		"beyond the limit":    {body: long, announced: -1, limit: 100_000, want: 100_000},
		"short and cut":       {body: short, announced: -1, limit: 10, want: 10},
		"the scan ends early": {body: long, announced: -1, limit: 1 << 20, scanned: 80_000, want: 80_001},
	} {
		t.Run(name, func(t *testing.T) {
			s := scanner(t, winnow.Options{Limits: mail.Limits{Size: c.scanned}})
			m := New(t.Context(), mail.Envelope{From: "a@example.org"}, c.limit, func(ctx context.Context, m *winnow.Message) (*winnow.Result, error) { return s.Scan(ctx, m) })
			m.Announced = c.announced
			m.Field("From", " a@example.org", true)
			m.Field("X-Folded", "one\n\ttwo", false)
			m.Field("X-Empty", "", false)
			m.EndHeader()
			m.EndHeader()
			for rest := c.body; rest != ""; {
				n := min(len(rest), 1000)
				m.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			m.Envelope.QueueID = "4A"
			res, err := m.End()
			if err != nil {
				t.Fatal(err)
			}
			raw := string(res.Message().Raw())
			if len(raw) != c.want || !strings.HasPrefix(header+c.body, raw) {
				t.Errorf("scanned %d bytes of %d, want %d: %.80q", len(raw), m.Size, c.want, raw)
			}
			if m.Size != int64(len(header)+len(c.body)) || strings.Join(m.Names, " ") != "From X-Folded X-Empty" {
				t.Errorf("%d bytes, fields %q", m.Size, m.Names)
			}
			if id := res.Message().Envelope().QueueID; (id == "4A") != (len(c.body) == len(short)) {
				t.Errorf("scanned with queue id %q", id)
			}
		})
	}
}

// TestFailures: a message that is given up or too long for what was announced is
// an error of its end, and an aborted one leaves nothing behind.
func TestFailures(t *testing.T) {
	own := errors.New("the host's")
	long := []byte("From: a@example.org\r\n\r\n" + strings.Repeat("x", 3*readAhead))
	for name, c := range map[string]struct {
		announced int64
		do        func(m *Message)
		want      error
	}{
		"fail before":  {-1, func(m *Message) { m.Fail(own); m.Write(long) }, own},
		"fail within":  {-1, func(m *Message) { m.Write(long); m.Fail(own); m.Write(long) }, own},
		"announced":    {10, func(m *Message) { m.Write(long); m.Write(long) }, winnow.ErrMessage},
		"cut and over": {-1, func(m *Message) { m.Write(long); m.Abort(); m.Abort() }, winnow.ErrMessage},
	} {
		t.Run(name, func(t *testing.T) {
			s := scanner(t, winnow.Options{})
			m := New(t.Context(), mail.Envelope{}, 1<<30, func(ctx context.Context, m *winnow.Message) (*winnow.Result, error) { return s.Scan(ctx, m) })
			m.Announced = c.announced
			c.do(m)
			if res, err := m.End(); res != nil || !errors.Is(err, c.want) {
				t.Errorf("%v, %v, want %v", res, err, c.want)
			}
		})
	}
}
