package winnow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/signing"
)

// FuzzWhole holds what has to be so of every message, whoever sent it: scans
// of it are equal and whole, can be written, replayed and explained; what the
// verdict changes can be applied and changes nothing else; a signature on top
// of it verifies. Each line of words is something that the client said (see
// wholeEnvelope), the bits of choice say how the message is scanned.
func FuzzWhole(f *testing.F) {
	w := newWhole(f)
	for _, s := range wholeSeeds(f) {
		f.Add(s.raw, s.words, s.choice)
	}
	f.Fuzz(func(t *testing.T, raw []byte, words string, choice uint32) {
		if len(raw) > 32<<10 || len(words) > 1<<10 {
			t.Skip("longer inputs find little and cost time")
		}
		w.hold(t, raw, words, choice)
	})
}

// hold runs everything on one message.
func (w *whole) hold(t *testing.T, raw []byte, words string, choice uint32) {
	kept := bytes.Clone(raw)
	site := w.sites[choice%uint32(len(w.sites))]
	message := func() *winnow.Message {
		site.store.clear()
		return wholeMessage(raw, words, choice)
	}
	res := wholeScan(t, site.Scanner, message())
	want := res.JSON()
	if !json.Valid(want) || !utf8.Valid(want) {
		t.Fatalf("no JSON: %s", want)
	}
	if got := wholeScan(t, site.Scanner, message()).JSON(); !bytes.Equal(got, want) {
		t.Errorf("scan  %.3000s\nagain %.3000s", want, got)
	}
	again := throughJSON(t, site.Scanner, res.Transcript)
	if got := again.JSON(); !bytes.Equal(got, want) {
		t.Errorf("scan   %.3000s\nreplay %.3000s", want, got)
	}
	explains(t, again)
	for _, r := range res.Recipients {
		w.edited(t, raw, r.Edits)
	}
	format := signing.Format{}
	if choice>>25&1 != 0 {
		format = signing.Format{Header: signing.Simple, Body: signing.Simple}
	}
	w.signed(t, w.edited(t, raw, res.Edits), format)
	if !bytes.Equal(raw, kept) {
		t.Error("the message was changed")
	}
}

func wholeScan(t *testing.T, s *winnow.Scanner, m *winnow.Message) *winnow.Result {
	t.Helper()
	res, err := s.Scan(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Incomplete) > 0 {
		t.Fatalf("incomplete: %+v", res.Incomplete)
	}
	res.Took = 0
	return res
}

// throughJSON replays a transcript that was written and read again.
func throughJSON(t *testing.T, s *winnow.Scanner, tr *winnow.Transcript) *winnow.Result {
	t.Helper()
	data, err := json.Marshal(tr)
	if err != nil {
		t.Fatal(err)
	}
	var back winnow.Transcript
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	if again, err := json.Marshal(back); err != nil || !bytes.Equal(again, data) {
		t.Errorf("the transcript changes when it is read and written (%v)\nfrom %.3000s\nto   %.3000s", err, data, again)
	}
	res, err := back.Replay(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Unrecorded) > 0 || res.OtherConfig {
		t.Errorf("unrecorded %q, other configuration: %v", res.Unrecorded, res.OtherConfig)
	}
	res.Took = 0
	return res
}

// explains holds that the steps lead to the score, unless a pre-result set it,
// and that every place is in the message.
func explains(t *testing.T, res *winnow.Result) {
	t.Helper()
	e := res.Explain()
	sum := 0.0
	for _, s := range e.Steps {
		sum += s.Delta
		if math.Abs(sum-s.Sum) > 1e-6 {
			t.Errorf("step %+v makes %v", s, sum)
		}
	}
	if res.PreResult == nil && math.Abs(sum-res.Score) > 1e-6 || e.Score != res.Score || e.Action != res.Action {
		t.Errorf("explained as %v and %v with the sum %v, not %v and %v", e.Score, e.Action, sum, res.Score, res.Action)
	}
	n := len(res.Message().Raw())
	for _, h := range e.Hits {
		for _, p := range h.Places {
			if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > n || !utf8.ValidString(p.Text) || p.Decoded {
				t.Errorf("%s: place %+v in %d bytes", h.Name, p, n)
			}
		}
	}
}

// edited applies the header changes of a verdict and holds that nothing but
// these fields is different.
func (w *whole) edited(t *testing.T, raw []byte, edits []actions.HeaderEdit) []byte {
	t.Helper()
	out := appliesTo(t, raw, edits)
	before, after := mail.Parse(raw, mail.Envelope{}, mail.Limits{}), mail.Parse(out, mail.Envelope{}, mail.Limits{})
	if len(before.Header().Fields()) == 0 {
		return out // it is another message with a header
	}
	if a, b := structure(before), structure(after); !slices.Equal(a, b) {
		t.Errorf("parts %q, after the edits %q: %q", a, b, out)
	}
	return out
}

// structure tells the parts of a message apart, apart from where they are.
func structure(m *mail.Message) (all []string) {
	for _, p := range m.Parts() {
		text := ""
		if p.Text() != nil {
			text = p.Text().UTF8()
		}
		all = append(all, fmt.Sprintf("%s %s %q %q %x %q", p.Path, p.Type.Full(), p.Encoding, p.Filename(), p.Digest(), text))
	}
	return all
}

// signed puts a DKIM signature on top, as every host does, and verifies it.
func (w *whole) signed(t *testing.T, raw []byte, format signing.Format) {
	t.Helper()
	m := mail.Parse(raw, mail.Envelope{}, mail.Limits{})
	field, err := format.Sign(m, w.identity, w.key, wholeNow())
	if err != nil {
		if len(m.Header().All("From")) > 0 && !doubtful(m) {
			t.Errorf("not signed: %v: %q", err, raw)
		}
		return
	}
	out := appliesTo(t, raw, []actions.HeaderEdit{{Name: field.Name, Value: field.Value, Index: 1}})
	list := dkim.Verify(context.Background(), w.zone, mail.Parse(out, mail.Envelope{}, mail.Limits{}), wholeNow(), dkim.Options{MaxSignatures: 1})
	if len(list) != 1 || list[0].Status != dkim.StatusPass || list[0].Domain != w.identity.Domain {
		t.Errorf("%v: verified as %+v: %q", format, list, out)
	}
}

// doubtful reports whether verifiers may see another header than we do: then
// nothing is signed.
func doubtful(m *mail.Message) bool {
	return slices.ContainsFunc(m.HeaderNotes(), func(n mail.Note) bool {
		return n.Part == "" && (n.Kind == mail.NoteBadHeaderLine || n.Kind == mail.NoteCut)
	})
}

// wholeMessage is what FuzzWhole scans.
func wholeMessage(raw []byte, words string, choice uint32) *winnow.Message {
	m := &winnow.Message{Envelope: wholeEnvelope(words, choice>>3), Body: winnow.FromBytes(raw), Record: true}
	layers := wholeLayers()
	if n := int(choice>>16) % (len(layers) + 1); n > 0 {
		m.Settings = &winnow.Settings{Layer: layers[n-1], PassAll: choice>>24&1 != 0}
	}
	if n := int(choice>>20) % (len(layers) + 1); n > 0 && len(m.Envelope.Rcpts) > 0 {
		own := &winnow.Settings{Layer: layers[n-1], Over: layers[:1]}
		m.RcptSettings = map[string]*winnow.Settings{strings.Clone(m.Envelope.Rcpts[0]): own}
	}
	return m
}
