package winnow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/bodytext"
	"github.com/winnowmail/winnow/mail"
)

func TestBodies(t *testing.T) {
	s := newScanner(t, options(raise("a", defSpam)))
	defer closeNow(t, s)
	broken := errors.New("broken pipe")
	for _, c := range []struct {
		name string
		body winnow.Body
		want error // nil: it scans
		// twice is what a second scan gives.
		twice error
	}{
		{"bytes", winnow.FromBytes([]byte(plain)), nil, nil},
		{"reader", winnow.FromReader(strings.NewReader(plain)), nil, winnow.ErrMessage},
		{"one byte at a time", winnow.FromReader(iotest.OneByteReader(strings.NewReader(plain))), nil, winnow.ErrMessage},
		{"reader at", winnow.FromReaderAt(strings.NewReader(plain), int64(len(plain))), nil, nil},
		{"the begin of a reader at", winnow.FromReaderAt(strings.NewReader(plain+"more"), int64(len(plain))), nil, nil},
		{"none", winnow.Body{}, winnow.ErrMessage, winnow.ErrMessage},
		{"nil reader", winnow.FromReader(nil), winnow.ErrMessage, winnow.ErrMessage},
		{"nil reader at", winnow.FromReaderAt(nil, 1), winnow.ErrMessage, winnow.ErrMessage},
		{"reader that fails", winnow.FromReader(io.MultiReader(strings.NewReader(plain), iotest.ErrReader(broken))), broken, winnow.ErrMessage},
		{"negative size", winnow.FromReaderAt(strings.NewReader(plain), -1), winnow.ErrMessage, winnow.ErrMessage},
		{"size beyond the end", winnow.FromReaderAt(strings.NewReader(plain), 4096), io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
	} {
		m := &winnow.Message{Body: c.body}
		for n, want := range []error{c.want, c.twice} {
			res, err := s.Scan(t.Context(), m)
			if !errors.Is(err, want) || want != nil && !errors.Is(err, winnow.ErrMessage) {
				t.Errorf("%s, scan %d: %v", c.name, n, err)
			}
			if err == nil && string(res.Message().Raw()) != plain {
				t.Errorf("%s, scan %d: %q", c.name, n, res.Message().Raw())
			}
		}
	}
	if _, err := s.Scan(t.Context(), nil); !errors.Is(err, winnow.ErrMessage) {
		t.Errorf("nil: %v", err)
	}
}

// endless yields bytes for ever and counts them.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	e.n += int64(len(p))
	return len(p), nil
}

func (e *endless) ReadAt(p []byte, _ int64) (int, error) { return e.Read(p) }

// Of a message that is too long no more is read than tells that it is.
func TestBodyIsLimited(t *testing.T) {
	o := options(raise("a", defSpam))
	o.Limits.Size = 4096
	s := newScanner(t, o)
	defer closeNow(t, s)
	for name, body := range map[string]func(*endless) winnow.Body{
		"reader":    func(e *endless) winnow.Body { return winnow.FromReader(e) },
		"reader at": func(e *endless) winnow.Body { return winnow.FromReaderAt(e, 1<<40) },
	} {
		e := &endless{}
		res, err := s.Scan(t.Context(), &winnow.Message{Body: body(e)})
		if err != nil {
			t.Fatal(err)
		}
		if e.n != 4097 || !slices.ContainsFunc(res.Message().Notes(), func(n mail.Note) bool { return n.Kind == mail.NoteCut }) {
			t.Errorf("%s: %d bytes read, notes %v", name, e.n, res.Message().Notes())
		}
	}
}

// Rspamd rejects a message of zero bytes, by one rule that alone sees it.
func TestEmptyMessageExact(t *testing.T) {
	ran := false
	c := raise("a", defSpam)
	c.Run = func(context.Context, *checks.Task) error { ran = true; return nil }
	o := options(append(bodytext.New().Checks, c)...)
	o.Profile = winnow.RspamdExact()
	s := newScanner(t, o)
	defer closeNow(t, s)
	for raw, want := range map[string]actions.Action{"": actions.Reject, "\n": actions.NoAction} {
		ran = false
		res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(raw)), Record: true})
		if err != nil {
			t.Fatal(err)
		}
		if res.Action != want || res.Skipped != "" || ran == (raw == "") {
			t.Errorf("%q: action %v, skipped %q, other checks ran: %v", raw, res.Action, res.Skipped, ran)
		}
		if raw == "" && (res.Score != 15 || len(res.Symbols) != 1) {
			t.Errorf("score %v, symbols %v", res.Score, res.Symbols)
		}
		again, err := res.Transcript.Replay(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if res.Took, again.Took = 0, 0; !bytes.Equal(res.JSON(), again.JSON()) {
			t.Errorf("%q: scan %s\nreplay %s", raw, res.JSON(), again.JSON())
		}
	}
}

// A message of zero bytes is no mail at all: it is scanned by nobody and
// nothing is done to it.
func TestEmptyMessage(t *testing.T) {
	ran := false
	c := raise("a", defSpam)
	c.Run = func(context.Context, *checks.Task) error { ran = true; return nil }
	o := options(c)
	o.Thresholds = actions.Thresholds{actions.AddHeader: -1}
	o.Settings = func(context.Context, winnow.SettingsRequest) (*winnow.Settings, error) {
		return &winnow.Settings{}, nil
	}
	s := newScanner(t, o)
	defer closeNow(t, s)
	for name, body := range map[string]winnow.Body{
		"nil": winnow.FromBytes(nil), "zero bytes": winnow.FromBytes([]byte{}),
		"reader": winnow.FromReader(strings.NewReader("")), "reader at": winnow.FromReaderAt(strings.NewReader("x"), 0),
	} {
		m := &winnow.Message{Body: body, Envelope: mail.Envelope{Rcpts: []string{"b@example.net"}}, Record: true}
		res, err := s.Scan(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if ran || res.Action != actions.NoAction || res.Skipped == "" || len(res.Symbols)+len(res.Edits)+len(res.Timings) > 0 {
			t.Errorf("%s: ran %v, skipped %q, action %v, edits %v", name, ran, res.Skipped, res.Action, res.Edits)
		}
		if len(res.Recipients) != 1 || res.Recipients[0].Action != actions.NoAction || len(res.Recipients[0].Edits) > 0 {
			t.Errorf("%s: recipients %v", name, res.Recipients)
		}
		if !bytes.HasPrefix(res.JSON(), []byte(`{"is_skipped":true,`)) {
			t.Errorf("%s: %s", name, res.JSON())
		}
		again, err := res.Transcript.Replay(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if res.Took, again.Took = 0, 0; !bytes.Equal(res.JSON(), again.JSON()) {
			t.Errorf("%s: scan %s\nreplay %s", name, res.JSON(), again.JSON())
		}
		if e := res.Explain(); len(e.Hits) > 0 {
			t.Errorf("%s: explained %v", name, fmt.Sprint(e.Hits))
		}
	}
	if res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte("\r\n"))}); err != nil || !ran || res.Skipped != "" {
		t.Errorf("a message of one line: ran %v, %v", ran, err)
	}
}
