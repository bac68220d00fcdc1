package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// points gives a mail 7 points for "bad" in its body, 20 for "worst".
func points() *checks.Check {
	bad := &symbols.Def{Name: "BAD", Doc: "is bad", Weight: 7}
	worst := &symbols.Def{Name: "WORST", Doc: "is worst", Weight: 20}
	return &checks.Check{Name: "points", Doc: "gives points", Symbols: []*symbols.Def{bad, worst}, Run: func(_ context.Context, t *checks.Task) error {
		for word, d := range map[string]*symbols.Def{"bad": bad, "worst": worst} {
			if strings.Contains(string(t.Message().Body()), word) {
				t.Hit(d, t.Envelope().From)
			}
		}
		return nil
	}}
}

func begin() time.Time { return time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC) }

// A site is a scanner that keeps history.
type site struct {
	*testing.T
	*History
	scanner *winnow.Scanner
	now     time.Time
}

func newSite(t *testing.T, o Options) *site {
	t.Helper()
	s := &site{T: t, now: begin()}
	if o.Store == nil {
		o.Store = storage.NewMemory(storage.MemoryOptions{Clock: func() time.Time { return s.now }})
	}
	o.Clock = func() time.Time { return s.now }
	var err error
	if s.History, err = New(o); err != nil {
		t.Fatal(err)
	}
	budget := 2 * time.Minute // a store on a busy machine may be slow
	if _, ok := o.Store.(*failing); ok {
		budget = 0
	}
	s.scanner, err = winnow.New(winnow.Options{
		Families: []*checks.Family{}, Checks: []*checks.Check{points()}, After: []winnow.After{s.After()}, Clock: o.Clock, StoreBudget: budget, Timeout: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.scanner.Close(context.Background()) })
	return s
}

// mailOf is a message whose id, sender and text are given.
func mailOf(id, from, word string, rcpts ...string) *winnow.Message {
	return &winnow.Message{
		Envelope: mail.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.7"), From: from, HasFrom: true, Rcpts: rcpts, QueueID: "Q" + id,
		},
		Body: winnow.FromBytes([]byte("From: Ann <" + from + ">\r\nTo: list@example.net\r\nMessage-ID: <" + id +
			"@example.org>\r\nSubject: =?utf-8?q?T=C3=A9a?= " + id + "\r\n\r\n" + word + "\r\n")),
	}
}

func (s *site) scan(m *winnow.Message) *winnow.Result {
	s.Helper()
	r, err := s.scanner.Scan(s.Context(), m)
	if err != nil {
		s.Fatal(err)
	}
	s.now = s.now.Add(time.Minute)
	return r
}

// found are the subjects of the rows, without what all have in common.
func (s *site) found(q Query) string {
	s.Helper()
	rows, err := s.Search(s.Context(), q)
	if err != nil {
		s.Error(err)
	}
	var ids []string
	for _, r := range rows {
		ids = append(ids, strings.TrimPrefix(r.Subject, "Téa "))
	}
	return strings.Join(ids, " ")
}

func shelves() map[string]Options {
	return map[string]Options{"journal": {}, "list": {Key: "rs_history_zst"}, "plain": {Key: "rs_history", Plain: true}}
}

func TestSearch(t *testing.T) {
	for name, o := range shelves() {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, o)
			s.scan(mailOf("1", "ann@example.org", "fine", "bob@example.com"))
			s.scan(mailOf("2", "eve@example.org", "bad", "bob@example.com", "joe@Example.COM"))
			m := mailOf("3", "ann@example.org", "worst", "joe@example.com")
			m.Record, m.Envelope.User = true, "ann"
			third := s.scan(m)
			text, _ := json.Marshal(third.Transcript)
			if len(text) == 0 {
				t.Fatal("no transcript")
			}
			rows, err := s.Search(t.Context(), Query{Symbol: "WORST"})
			if err != nil || len(rows) != 1 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			for _, c := range []struct {
				q    Query
				want string
			}{
				{Query{}, "3 2 1"}, {Query{Limit: 1}, "3"}, {Query{Skip: 1, Limit: 1}, "2"}, {Query{Skip: 5}, ""},
				{Query{ID: "Q2"}, "2"}, {Query{ID: rows[0].Digest}, "3"}, {Query{ID: rows[0].Transcript}, "3"}, {Query{ID: "Q"}, ""},
				{Query{MessageID: "<1@example.org>"}, "1"}, {Query{MessageID: "1@example.org"}, "1"},
				{Query{Address: "ANN@example.org"}, "3 1"}, {Query{Address: "joe@example.com"}, "3 2"}, {Query{Address: "list@example.net", Skip: 2}, "1"},
				{Query{Symbol: "BAD"}, "2"}, {Query{Symbol: "bad"}, ""}, {Query{Action: "reject"}, "3"}, {Query{Action: "no action", Address: "eve@example.org"}, ""},
				{Query{From: begin().Add(time.Minute)}, "3 2"}, {Query{To: begin().Add(time.Minute)}, "2 1"},
				{Query{From: begin().Add(30 * time.Second), To: begin().Add(90 * time.Second)}, "2"},
				{Query{User: "bob@example.com"}, "2 1"}, {Query{User: "ann"}, "3"}, {Query{User: "eve@example.org"}, ""},
			} {
				if got := s.found(c.q); got != c.want {
					t.Errorf("%+v: %q, want %q", c.q, got, c.want)
				}
			}
			if err := s.Reset(t.Context()); err != nil || s.found(Query{}) != "" {
				t.Errorf("after a reset there is %q, %v", s.found(Query{}), err)
			}
			s.scan(mailOf("4", "ann@example.org", "fine", "bob@example.com"))
			if got := s.found(Query{}); got != "4" {
				t.Errorf("after a reset and a scan there is %q", got)
			}
		})
	}
}

// TestFields holds a row against what Rspamd 4.1.6 has.
func TestFields(t *testing.T) {
	s := newSite(t, Options{})
	r := s.scan(mailOf("1", "ann@example.org", "bad", "bob@example.com"))
	rows, err := s.Latest(t.Context(), 0, -1)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	var row map[string]any
	if err := json.Unmarshal(rows[0], &row); err != nil {
		t.Fatal(err)
	}
	row["time_real"], row["digest"] = 0, ""
	got, _ := json.Marshal(row)
	want := `{"action":"` + string(r.Action) + `","digest":"","ip":"192.0.2.7","is_skipped":false,"message-id":"1@example.org","queue_id":"Q1",` +
		`"rcpt_mime":["list@example.net"],"rcpt_smtp":["bob@example.com"],"required_score":15,"score":7,"sender_mime":"ann@example.org",` +
		`"sender_smtp":"ann@example.org","size":` + fmt.Sprint(len(r.Message().Raw())) + `,"subject":"Téa 1",` +
		`"symbols":{"BAD":{"description":"is bad","metric_score":7,"name":"BAD","options":["ann@example.org"],"score":7}},` +
		`"thresholds":{"add header":6,"greylist":4,"reject":15},"time_real":0,"unix_time":1793700000,"user":"unknown"}`
	if string(got) != want {
		t.Errorf("row\n%s\nwant\n%s", got, want)
	}
}

// A message without anything is a row like Rspamd's.
func TestUnknown(t *testing.T) {
	s := newSite(t, Options{})
	s.scan(&winnow.Message{Body: winnow.FromBytes([]byte("\r\nhello\r\n"))})
	s.scan(&winnow.Message{Body: winnow.FromBytes(nil)})
	rows, err := s.Search(t.Context(), Query{})
	if err != nil || len(rows) != 2 || !rows[0].Skipped || rows[1].Skipped {
		t.Fatalf("%+v, %v", rows, err)
	}
	if r := rows[1]; r.SenderSMTP != "unknown" || r.SenderMIME != "unknown" || r.User != "unknown" || r.IP != "unknown" || r.Subject != "unknown" || r.MessageID != "undef" {
		t.Errorf("%+v", r)
	}
	if got := s.found(Query{Address: "unknown"}); got != "" {
		t.Errorf("nobody is found as %q", got)
	}
}

func TestOwnVerdicts(t *testing.T) {
	s := newSite(t, Options{})
	m := mailOf("1", "ann@example.org", "bad", "bob@example.com", "joe@example.com")
	m.RcptSettings = map[string]*winnow.Settings{"joe@example.com": {Layer: winnow.Layer{Weights: map[string]float64{"BAD": 30}}}}
	s.scan(m)
	for _, c := range []struct{ user, rcpts, verdict string }{
		{"bob@example.com", "[bob@example.com]", "add header 7"}, {"JOE@example.com", "[joe@example.com]", "reject 30"}, {"", "[bob@example.com joe@example.com]", "add header 7"},
	} {
		rows, err := s.Search(t.Context(), Query{User: c.user})
		if err != nil || len(rows) != 1 {
			t.Fatalf("%s: %d rows, %v", c.user, len(rows), err)
		}
		got := fmt.Sprint(rows[0].Action, " ", rows[0].Score)
		if got != c.verdict || fmt.Sprint(rows[0].RcptSMTP) != c.rcpts || (rows[0].Own == nil) != (c.user != "") {
			t.Errorf("%s sees %s for %v, own %v", c.user, got, rows[0].RcptSMTP, rows[0].Own)
		}
	}
	for q, want := range map[Query]string{
		{User: "joe@example.com", Action: "reject"}: "1", {User: "bob@example.com", Action: "reject"}: "", {Action: "reject"}: "1",
	} {
		if got := s.found(q); got != want {
			t.Errorf("%+v: %q", q, got)
		}
	}
}

func TestOmitted(t *testing.T) {
	s := newSite(t, Options{Omit: []string{"Boss@example.com", "@Quiet.example.org"}})
	s.scan(mailOf("1", "x@quiet.example.org", "fine", "bob@example.com"))
	s.scan(mailOf("2", "ann@example.org", "fine", "boss@Example.com"))
	s.scan(mailOf("3", "ann@example.org", "fine", "boss@example.com", "bob@example.com", "x@quiet.example.org"))
	m := mailOf("4", "ann@example.org", "fine", "bob@example.com")
	m.NoLog = true
	s.scan(m)
	m = mailOf("5", "ann@example.org", "fine", "bob@example.com")
	m.Settings = &winnow.Settings{NoLog: true}
	s.scan(m)
	m = mailOf("6", "ann@example.org", "fine", "bob@example.com", "joe@example.com")
	m.RcptSettings = map[string]*winnow.Settings{"Bob@EXAMPLE.com": {NoLog: true}}
	m.Envelope.Rcpts[0] = "Bob@example.com"
	s.scan(m)
	s.scan(mailOf("7", "y@loud.quiet.example.org", "fine"))
	if got := s.found(Query{}); got != "7 6 3" {
		t.Errorf("rows %q", got)
	}
	rows, _ := s.Search(t.Context(), Query{})
	if fmt.Sprint(rows[1].RcptSMTP, rows[2].RcptSMTP) != "[joe@example.com] [bob@example.com]" {
		t.Errorf("recipients %v, %v", rows[1].RcptSMTP, rows[2].RcptSMTP)
	}
}

func TestHashed(t *testing.T) {
	for _, key := range []string{"", "pepper"} {
		store := storage.NewMemory(storage.MemoryOptions{})
		s := newSite(t, Options{Store: store, Hashed: []Field{Subject, Addresses, Client, MessageID}, HashKey: []byte(key)})
		s.scan(mailOf("1", "ann@example.org", "bad", "bob@example.com"))
		m := mailOf("2", "eve@example.org", "bad", "bob@example.com", "joe@example.com")
		m.RcptSettings = map[string]*winnow.Settings{"joe@example.com": {Layer: winnow.Layer{Weights: map[string]float64{"BAD": 30}}}}
		m.Envelope.User = "eve"
		s.scan(m)
		rows, err := s.Latest(t.Context(), 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		for _, private := range []string{"ann", "eve", "bob", "joe", "example.", "192.0.2.7", "Téa"} {
			if text := fmt.Sprintf("%s", rows); strings.Contains(text, private) {
				t.Errorf("%s is in %s", private, text)
			}
		}
		for q, want := range map[Query]int{
			{Address: "Ann@example.org"}: 1, {User: "joe@example.com"}: 1, {User: "eve"}: 1, {MessageID: "<2@example.org>"}: 1, {Address: "bob@example.com", Symbol: "BAD"}: 2,
		} {
			if rows, err := s.Search(t.Context(), q); err != nil || len(rows) != want {
				t.Errorf("%+v: %d rows, %v", q, len(rows), err)
			}
		}
	}
	h, err := New(Options{Store: storage.NewMemory(storage.MemoryOptions{})})
	if err != nil {
		t.Fatal(err)
	}
	// The beginning of BLAKE2b-512("hello"), as Rspamd's subject_privacy has it.
	if got := h.hash("hello"); got != "obf:e4cfa39a3d37be31" {
		t.Errorf("hash %s", got)
	}
}

func TestValidate(t *testing.T) {
	store := storage.NewMemory(storage.MemoryOptions{})
	for want, o := range map[string]Options{
		"Store":     {},
		"Plain":     {Store: store, Plain: true},
		"Rows":      {Store: store, Rows: -1},
		"Age":       {Store: store, Key: "k", Age: time.Hour},
		"Bytes":     {Store: store, Key: "k", Bytes: 1},
		"Hashed[0]": {Store: store, Hashed: []Field{"name"}},
		"Omit[1]":   {Store: store, Omit: []string{"@example.org", "example.org"}},
		"HashKey":   {Store: store, HashKey: make([]byte, 65)},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "history: "+want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := New(Options{Store: store, Key: "k", Rows: MaxListRows + 1}); err == nil {
		t.Error("a list of too many rows")
	}
}

func TestParseQuery(t *testing.T) {
	v, _ := url.ParseQuery("id=1&message-id=2&address=3&symbol=4&action=5&user=6&since=36h&until=2026-11-03T10:00:00Z&skip=7&limit=8")
	q, err := ParseQuery(v, begin())
	want := Query{ID: "1", MessageID: "2", Address: "3", Symbol: "4", Action: "5", User: "6", From: begin().Add(-36 * time.Hour), To: begin(), Skip: 7, Limit: 8}
	if err != nil || q != want {
		t.Errorf("%+v, %v", q, err)
	}
	again, err := ParseQuery(q.Values(), time.Time{})
	again.From, again.To = again.From.UTC(), again.To.UTC()
	if err != nil || again != want {
		t.Errorf("again %+v, %v", again, err)
	}
	for _, bad := range []string{"sybmol=x", "since=yesterday", "limit=-1", "skip=x"} {
		v, _ := url.ParseQuery(bad)
		if _, err := ParseQuery(v, begin()); err == nil || !strings.Contains(err.Error(), "history: ") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// failing is a store whose calls fail, or do nothing until the context ends.
type failing struct {
	*storage.Memory
	how atomic.Int32 // a call may still be at its end when the next scan begins
}

const (
	works = iota
	dead
	hangs
)

func (f *failing) Append(ctx context.Context, log, id string, data []byte) (uint64, error) {
	switch f.how.Load() {
	case hangs:
		<-ctx.Done()
		return 0, ctx.Err()
	case dead:
		return 0, errors.New("dead")
	}
	return f.Memory.Append(ctx, log, id, data)
}

// A store that is dead or slow costs rows and the store's budget, and no verdict.
func TestStoreFails(t *testing.T) {
	store := &failing{Memory: storage.NewMemory(storage.MemoryOptions{})}
	s := newSite(t, Options{Store: store})
	for i, how := range []int32{works, dead, hangs, works} {
		store.how.Store(how)
		if r := s.scan(mailOf(fmt.Sprint(i), "ann@example.org", "bad", "bob@example.com")); r.Action != actions.AddHeader {
			t.Errorf("action %s", r.Action)
		}
	}
	if got := s.found(Query{}); got != "3 0" {
		t.Errorf("rows %q", got)
	}
	if st := s.scanner.AfterStats()[0]; st.Done != 2 || st.Failed != 2 {
		t.Errorf("%+v", st)
	}
}

// What others wrote and nobody can read is left out.
func TestStrangeItems(t *testing.T) {
	s := newSite(t, Options{Key: "k"})
	s.scan(mailOf("1", "ann@example.org", "bad", "bob@example.com"))
	for _, item := range []string{"", "{}", "\x28\xb5\x2f\xfd\x00", strings.Repeat("x", 1000)} {
		if err := s.o.Store.Push(t.Context(), "k", []byte(item), 0); err != nil {
			t.Fatal(err)
		}
	}
	s.scan(mailOf("2", "ann@example.org", "bad", "bob@example.com"))
	if got := s.found(Query{}); got != "2 1" {
		t.Errorf("rows %q", got)
	}
	if rows, err := s.Latest(t.Context(), 0, 5); err != nil || len(rows) != 2 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// TestLargeRows has more rows in Rspamd's list than an answer may hold, and some that
// are too long to be told of.
func TestLargeRows(t *testing.T) {
	s := newSite(t, Options{Key: "k", Plain: true, Store: storage.NewMemory(storage.MemoryOptions{MaxBytes: 20 << 20})})
	s.most = 1 << 20
	long := []byte(`{"action":"reject","unix_time":1700000000,"subject":"` + strings.Repeat("x", 300<<10) + `"}`)
	for range 10 {
		if err := s.o.Store.Push(t.Context(), "k", long, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.o.Store.Push(t.Context(), "k", []byte(`{"action":"reject","unix_time":1700000000}`), 0); err != nil {
		t.Fatal(err)
	}
	if rows, err := s.Search(t.Context(), Query{}); err != nil || len(rows) != 1+s.most/len(long)+1 {
		t.Errorf("%d rows were found, %v", len(rows), err)
	}
	if rows, err := s.Latest(t.Context(), 0, -1); err != nil || len(rows) != 1+s.most/len(long)+1 {
		t.Errorf("%d rows are the latest, %v", len(rows), err)
	}
	if rows, err := s.Find(t.Context(), url.Values{"action": {"reject"}, "limit": {"3"}}); err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// Rspamd's rows come in several forms.
func TestForeignRows(t *testing.T) {
	for text, want := range map[string]Row{
		`{"rcpt_smtp":{},"rcpt_mime":[""],"symbols":[],"unix_time":1.5e9,"sender_mime":null,"required_score":null,"fuzzy_hashes":["x"]}`: {
			RcptMIME: Strings{""}, Symbols: Symbols{}, UnixTime: 15e8,
		},
		`{"rcpt_smtp":"a@example.org","symbols":{"A":{"score":1,"options":["x",1]}},"unix_time":1e300}`: {
			RcptSMTP: Strings{"a@example.org"}, Symbols: Symbols{"A": {Score: 1, Options: Strings{"x"}}},
		},
	} {
		var r Row
		if err := json.Unmarshal([]byte(text), &r); err != nil || fmt.Sprint(r) != fmt.Sprint(want) {
			t.Errorf("%s\n%+v, %v", text, r, err)
		}
	}
}

// A row of a message with thousands of recipients and options is not longer than
// a store takes.
func TestLongRow(t *testing.T) {
	r := &Row{Symbols: Symbols{}, Own: map[string]Verdict{}}
	for i := range maxRcpts {
		a := fmt.Sprint(i, strings.Repeat("x", maxText-10))
		r.RcptSMTP, r.RcptMIME = append(r.RcptSMTP, a), append(r.RcptMIME, a)
		r.Symbols[a] = Symbol{Options: slices.Repeat(Strings{a}, 10)}
	}
	if _, err := r.marshal(nil); err == nil { // names of symbols are the site's own and never such
		t.Error("a row of 500 KB")
	}
	clear(r.Symbols)
	data, err := r.marshal(nil)
	if err != nil || len(data) > maxRow || len(r.RcptSMTP) != 10 {
		t.Errorf("%d bytes, %d recipients, %v", len(data), len(r.RcptSMTP), err)
	}
}
