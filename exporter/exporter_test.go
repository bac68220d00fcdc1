package exporter

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage/redis"
	"github.com/winnowmail/winnow/symbols"
)

const letter = "From: Ann <ann@example.org>\r\nTo: bob@example.com\r\nSubject: =?utf-8?q?gr=C3=BCn?=\r\nDate: Tue, 03 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nx\r\n"

// sent scans letter, changed by change, and waits for what the rules do.
func sent(t *testing.T, o Options, change func(*winnow.Message)) []winnow.AfterStat {
	t.Helper()
	o.Hostname = "mx.example.com"
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	d := &symbols.Def{Name: "BAD", Doc: "x", Weight: 7, Groups: []string{"g"}}
	c := &checks.Check{Name: "c", Doc: "c", Symbols: []*symbols.Def{d}, Run: func(_ context.Context, t *checks.Task) error {
		t.Hit(d, "why")
		return nil
	}}
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{}, Checks: []*checks.Check{c}, After: e.Afters(), StoreBudget: -1})
	if err != nil {
		t.Fatal(err)
	}
	m := &winnow.Message{Body: winnow.FromBytes([]byte(letter))}
	m.Envelope.ClientIP, m.Envelope.From, m.Envelope.HasFrom = netip.MustParseAddr("192.0.2.7"), "ann@example.org", true
	m.Envelope.Rcpts, m.Envelope.QueueID = []string{"bob@example.com", "eve@example.com"}, "4Qx"
	if change != nil {
		change(m)
	}
	if _, err := s.Scan(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s.AfterStats()
}

// A posted is a request that the HTTP server got.
type posted struct {
	header http.Header
	body   []byte
	user   string
}

func server(t *testing.T, status int) (url string, got func() []posted) {
	var (
		mu  sync.Mutex
		all []posted
	)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, pass, _ := r.BasicAuth()
		mu.Lock()
		all = append(all, posted{r.Header, body, user + ":" + pass})
		mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/in?token=s3cret", func() []posted { s.Close(); return all }
}

func TestHTTP(t *testing.T) {
	url, got := server(t, 200)
	sent(t, Options{Rules: []Rule{
		{Name: "json", Backend: "http", Formatter: "json", URL: url, User: "me", Password: "pw", MIMEType: "application/json", MetaHeaders: true},
		{Name: "whole", Backend: "http", URL: url, Gzip: true},
		{Name: "both", Backend: "http", Formatter: "multipart", URL: url},
		{Name: "with", Backend: "http", Formatter: "json_with_message", URL: url},
		{Name: "not", Backend: "http", URL: url, Selector: "is_reject"},
		{Name: "nor", Backend: "http", URL: url, Selector: "is_spam_authed"},
	}}, nil)
	kinds := map[string]posted{}
	for _, p := range got() {
		kind, params, _ := mime.ParseMediaType(p.header.Get("Content-Type"))
		if params["boundary"] != "" {
			form, err := multipart.NewReader(bytes.NewReader(p.body), params["boundary"]).ReadForm(1 << 20)
			if err != nil || len(form.Value["metadata"])+len(form.File["message"]) != 2 {
				t.Errorf("%v %+v", err, form)
			}
		}
		if kinds[kind].body != nil {
			kind += " 2"
		}
		kinds[kind] = p
	}
	if len(kinds) != 4 {
		t.Fatalf("%d deliveries: %v", len(kinds), kinds)
	}
	p := kinds["application/json"]
	var d map[string]any
	if err := json.Unmarshal(p.body, &d); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"ip": "192.0.2.7", "user": "unknown", "qid": "4Qx", "subject": "grün", "action": "add header", "rspamd_server": "mx.example.com", "score": "7",
		"rcpt": "[bob@example.com eve@example.com]", "from": "ann@example.org", "size": fmt.Sprint(len(letter)), "header_from": "[Ann <ann@example.org>]",
		"message_id": "1@example.org", "symbols": "[map[group:g groups:[g] name:BAD options:[why] score:7]]",
	} {
		if fmt.Sprint(d[key]) != want {
			t.Errorf("%s: %v, want %s", key, d[key], want)
		}
	}
	for name, want := range map[string]string{"X-Rspamd-Ip": "192.0.2.7", "X-Rspamd-Subject": "=?utf-8?q?gr=C3=BCn?=", "X-Rspamd-Rcpt": `["bob@example.com","eve@example.com"]`, "X-Rspamd-Score": "7"} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if p.user != "me:pw" {
		t.Errorf("sent by %s", p.user)
	}
	for _, kind := range []string{"text/plain", "text/plain 2"} {
		p := kinds[kind]
		if p.header.Get("Content-Encoding") != "gzip" {
			if !bytes.Contains(p.body, []byte(`"message":"RnJvbTog`)) {
				t.Errorf("%s", p.body)
			}
			continue
		}
		r, err := gzip.NewReader(bytes.NewReader(p.body))
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(r); string(body) != letter {
			t.Errorf("%s", body)
		}
	}
}

// What fails is counted, and its error says neither where to nor what.
func TestFailures(t *testing.T) {
	url, got := server(t, 503)
	e, err := New(Options{Rules: []Rule{{Name: "a", Backend: "http", URL: url, Password: "pw"}, {Name: "b", Backend: "http", URL: "http://192.0.2.1:1/?token=s3cret"}}})
	if err != nil {
		t.Fatal(err)
	}
	e.options.Client = &http.Client{Transport: failing{http.DefaultTransport}}
	stats := sent(t, Options{Rules: e.options.Rules, Client: e.options.Client}, nil)
	if stats[0].Failed != 1 || stats[1].Failed != 1 || len(got()) != 1 {
		t.Errorf("%+v", stats)
	}
	for i := range e.options.Rules {
		err := e.http(t.Context(), &e.options.Rules[i], &Payload{Body: []byte("letter")})
		if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "letter") {
			t.Errorf("%v", err)
		}
	}
}

// failing has no connection to documentation addresses.
type failing struct{ http.RoundTripper }

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() == "192.0.2.1" {
		return nil, errors.New("no route")
	}
	return f.RoundTripper.RoundTrip(r)
}

// Nothing is told of what nobody is to see.
func TestSilence(t *testing.T) {
	url, got := server(t, 200)
	rules := []Rule{{Name: "a", Backend: "http", URL: url}}
	sent(t, Options{Rules: rules}, func(m *winnow.Message) { m.NoLog = true })
	sent(t, Options{Rules: rules}, func(m *winnow.Message) { m.Body = winnow.FromBytes(nil) })
	if n := len(got()); n != 0 {
		t.Errorf("%d deliveries", n)
	}
}

// sink is a mail server that takes one mail.
func sink(t *testing.T) (addr string, mail func() string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	done := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			done <- err.Error()
			return
		}
		defer conn.Close()
		var b strings.Builder
		say := func(s string) { _, _ = io.WriteString(conn, s+"\r\n") }
		say("220 sink")
		for in, data := bufio.NewScanner(conn), false; in.Scan(); {
			line := in.Text()
			b.WriteString(line + "\n")
			switch {
			case data && line == ".":
				data = false
				say("250 taken")
			case data:
			case line == "DATA":
				data = true
				say("354 go on")
			case line == "QUIT":
				say("221 bye")
				done <- b.String()
				return
			default:
				say("250 well")
			}
		}
		done <- b.String()
	}()
	return l.Addr().String(), func() string { return <-done }
}

func TestMail(t *testing.T) {
	addr, mail := sink(t)
	sent(t, Options{Rules: []Rule{{
		Name: "a", Backend: "send_mail", Formatter: "email_alert", Selector: "is_spam", Server: addr, MailFrom: "spam@mx.example.com",
		MailTo: []string{"ops@example.com"}, AlertSender: true, AlertRecipients: true, AlertUser: true,
	}}}, nil)
	got := mail()
	for _, want := range []string{
		"EHLO rspamd\n", "MAIL FROM:<spam@mx.example.com>", "RCPT TO:<ops@example.com>\n", "RCPT TO:<ann@example.org>\n", "RCPT TO:<eve@example.com>\n",
		"To: <ops@example.com>, <ann@example.org>, <bob@example.com>, <eve@example.com>\n", "Queue ID: 4Qx\n", "Subject: grün\n", "Score: 7.00\n", "Symbols: BAD(7.00) [why]\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// A message can't put fields into the mail about it.
func TestFill(t *testing.T) {
	words := map[string]string{"subject": "a\r\nBcc: eve@example.com", "user": "müller", "body": "x\ny"}
	got := fill("Subject: $subject from ${user}\nX: $none $\n\n$body ${body}${bo $user", words)
	want := "Subject: =?utf-8?q?a__Bcc:_eve@example.com?= from =?utf-8?q?m=C3=BCller?=\nX: $none $\n\nx\ny x\ny${bo müller"
	if got != want && got != strings.Replace(want, "=?utf-8?q?a__Bcc:_eve@example.com?=", "a  Bcc: eve@example.com", 1) {
		t.Errorf("%q", got)
	}
}

func TestTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan []byte, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		body, _ := io.ReadAll(conn)
		done <- body
	}()
	sent(t, Options{Rules: []Rule{{Name: "a", Backend: "json_raw_tcp", Formatter: "json", Server: l.Addr().String()}}}, nil)
	if body := <-done; !json.Valid(body) {
		t.Errorf("%s", body)
	}
}

func TestRedis(t *testing.T) {
	server := redistest.Start(t)
	store := redistest.Open(t, redis.Options{Addrs: []string{server.Addr}})
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr})
	defer client.Close()
	sub := client.Subscribe(t.Context(), "mails")
	defer sub.Close()
	if _, err := sub.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	sent(t, Options{Publisher: store, Rules: []Rule{{Name: "a", Backend: "redis_pubsub", Channel: "mails"}}}, nil)
	got, err := sub.ReceiveMessage(t.Context())
	if err != nil || got.Payload != letter {
		t.Errorf("%v, %v", got, err)
	}
}

func TestOwnFunctions(t *testing.T) {
	var got string
	sent(t, Options{
		Rules:      []Rule{{Name: "a", Backend: "mine", Selector: "bad", Formatter: "short"}},
		Selectors:  map[string]Selector{"bad": func(r *winnow.Result) bool { return r.Has("BAD") }},
		Formatters: map[string]Formatter{"short": func(r *winnow.Result, _ *Rule) (*Payload, error) { return &Payload{Body: []byte(r.Action)}, nil }},
		Backends:   map[string]Backend{"mine": func(_ context.Context, _ *Rule, p *Payload) error { got = string(p.Body); return nil }},
	}, nil)
	if got != "add header" {
		t.Errorf("%q", got)
	}
}

func TestWrongOptions(t *testing.T) {
	for want, r := range map[string]Rule{
		"Name": {Backend: "http", URL: "http://example.org"}, "Backend": {Name: "a", Backend: "pigeon"}, "URL": {Name: "a", Backend: "http", URL: "example.org"},
		"Selector": {Name: "a", Backend: "http", URL: "http://example.org", Selector: "x"}, "Formatter": {Name: "a", Backend: "http", URL: "http://example.org", Formatter: "x"},
		"Server": {Name: "a", Backend: "send_mail", MailTo: []string{"a@example.org"}}, "MailTo": {Name: "a", Backend: "send_mail", Server: "a:25"},
		"Channel": {Name: "a", Backend: "redis_pubsub"}, "no Redis": {Name: "a", Backend: "redis_pubsub", Channel: "x"},
	} {
		if _, err := New(Options{Rules: []Rule{r}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Every key of a file changes the options, and keys for all rules those of a rule.
func TestSection(t *testing.T) {
	read := func(v map[string]any) Options {
		t.Helper()
		var o Options
		if err := o.Section().Apply(option.Of(v), func(err error) { t.Errorf("%v: %v", v, err) }); err != nil {
			t.Errorf("%v: %v", v, err)
		}
		return o
	}
	o := Options{}
	s := o.Section()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	plain := fmt.Sprintf("%+v", read(map[string]any{"rules": map[string]any{"a": map[string]any{"backend": "send_mail", "smtp": "x"}}}))
	for _, k := range o.rule("a", &Rule{}).Keys {
		if k.Absent != "" {
			continue
		}
		rule := map[string]any{"backend": "send_mail", "smtp": "x"}
		if k.Name() == "host" || k.Name() == "port" {
			rule["backend"] = "json_raw_tcp"
		}
		rule[k.Name()] = k.Sample()
		if got := fmt.Sprintf("%+v", read(map[string]any{"rules": map[string]any{"a": rule}})); got == plain {
			t.Errorf("%s has no effect", k.Name())
		}
	}
	got := read(map[string]any{"mail_from": "all@example.org", "rules": map[string]any{"a": map[string]any{"backend": "send_mail", "smtp": "mx", "smtp_port": 2525, "helo": "me"}}})
	if r := got.Rules[0]; r.MailFrom != "all@example.org" || r.Server != "mx:2525" || r.Helo != "me" || r.MailTo[0] != "postmaster@localhost" {
		t.Errorf("%+v", r)
	}
}
