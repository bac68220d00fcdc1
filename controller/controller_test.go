package controller

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// echo is a check that keeps the envelope it saw.
type echo struct{ env mail.Envelope }

var (
	seen   = &symbols.Def{Name: "SEEN", Groups: []string{"test"}, Weight: 7, Doc: "the message was seen"}
	second = &symbols.Def{Name: "SECOND", Groups: []string{"other"}, Weight: 1, Doc: "another one"}
)

func (e *echo) checks() []*checks.Check {
	return []*checks.Check{{
		Name: "echo", Doc: "keeps the envelope", Symbols: []*symbols.Def{seen, second},
		Run: func(_ context.Context, t *checks.Task) error {
			e.env = *t.Envelope()
			t.Hit(seen, "option")
			t.Hit(second)
			return nil
		},
	}}
}

func serve(t *testing.T, o Options) (*httptest.Server, *echo) {
	t.Helper()
	e := &echo{}
	scanner, err := winnow.New(winnow.Options{Families: []*checks.Family{}, Checks: e.checks()})
	if err != nil {
		t.Fatal(err)
	}
	o.Scanner = scanner
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.Close()
		if err := scanner.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, e
}

const message = "From: a@example.org\r\nTo: b@example.net\r\nSubject: hi\r\nMessage-ID: <x@example.org>\r\n\r\nhello\r\n"

// ask sends a request; header holds "Name: value" lines.
func ask(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Add(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(got)
}

func TestPing(t *testing.T) {
	s, _ := serve(t, Options{})
	res, body := ask(t, "GET", s.URL+"/ping", "")
	if res.StatusCode != 200 || body != "pong\r\n" || res.Header.Get("Content-Type") != "text/plain" || res.ContentLength != 6 {
		t.Errorf("%d %q %v", res.StatusCode, body, res.Header)
	}
}

func TestErrors(t *testing.T) {
	s, _ := serve(t, Options{MaxBody: 100})
	for _, c := range []struct {
		method, path, body, header string
		status                     int
		want                       string
	}{
		{"GET", "/nope", "", "", 404, "unknown path"},
		{"GET", "/checkv2/", "", "", 404, "unknown path"},
		{"GET", "/checkv2", "", "", 405, "GET"},
		{"DELETE", "/ping", "", "", 405, "DELETE"},
		{"POST", "/checkv2", strings.Repeat("x", 101), "", 413, "100 bytes"},
		{"POST", "/checkv2", message, "Compression: zstd", 415, "zstd"},
		{"POST", "/checkv2", message, "Content-Encoding: gzip", 415, "gzip"},
		{"POST", "/checkv2", message, "File: /etc/passwd", 400, "file"},
		{"POST", "/checkv2", message, "Message-Length: 10", 400, "message-length"},
		{"POST", "/checkv2?ip=192.0.2.1", message, "", 400, "query string"},
		{"POST", "/checkv2", message, "Settings: {", 400, "settings"},
		{"POST", "/checkv2", message, `Settings: {"symbols_enabled": {"A": {}}, "scores": 1}`, 400, "scores"},
		{"POST", "/checkv2", message, `Settings: {"whitelist": "perhaps"}`, 400, "whitelist"},
		{"POST", "/checkv2", message, `Settings: {} x`, 400, "the key x"},
		{"POST", "/checkv2", message, `Settings: {"apply": {}, "id": "x"}`, 400, "apply"},
		{"POST", "/checkv2", message, `Settings: {"flags": ["no_thing"]}`, 400, "no_thing"},
	} {
		var headers []string
		if c.header != "" {
			headers = append(headers, c.header)
		}
		res, body := ask(t, c.method, s.URL+c.path, c.body, headers...)
		var reply map[string]string
		if err := json.Unmarshal([]byte(body), &reply); err != nil || len(reply) != 1 {
			t.Errorf("%s %s %s: reply %q, %v", c.method, c.path, c.header, body, err)
		}
		if res.StatusCode != c.status || !strings.Contains(reply["error"], c.want) || res.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %s: %d %q, want %d %q", c.method, c.path, c.header, res.StatusCode, body, c.status, c.want)
		}
		if c.status == 405 && res.Header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.path)
		}
	}
}

type scanReply struct {
	IsSkipped  *bool `json:"is_skipped"`
	Score      *float64
	Required   *float64 `json:"required_score"`
	Action     string
	Thresholds map[string]float64
	Symbols    map[string]struct {
		Name, Description string
		Score             float64
		Metric            float64 `json:"metric_score"`
		Options           []string
	}
	Messages  map[string]string
	MessageID string  `json:"message-id"`
	TimeReal  float64 `json:"time_real"`
	Milter    map[string]any
	Warnings  []string
}

func check(t *testing.T, url, body string, header ...string) scanReply {
	t.Helper()
	res, text := ask(t, "POST", url+"/checkv2", body, header...)
	var r scanReply
	if err := json.Unmarshal([]byte(text), &r); err != nil || res.StatusCode != 200 {
		t.Fatalf("%d %q: %v", res.StatusCode, text, err)
	}
	return r
}

func TestCheck(t *testing.T) {
	var log bytes.Buffer
	s, e := serve(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	r := check(t, s.URL, message,
		"IP: 192.0.2.7", "Helo: mx.example.org", "Hostname: mail.example.org", "From: <a@example.org>",
		"Rcpt: <b@example.net>, c@example.net", `Rcpt: "x,y"@example.net`, "User: bob", "Queue-ID: 4F2A",
		"MTA-Name: mx.example.net", "TLS-Version: TLSv1.3", "TLS-Cipher: AES", "TLS-Cert-Issuer: CN=ca",
		"Filename: a.eml", "Log-Tag: tag7", "X-Forwarded-For: 203.0.113.9", "Milter: yes")
	env := e.env
	if env.ClientIP.String() != "192.0.2.7" || env.Helo != "mx.example.org" || env.ClientName != "mail.example.org" ||
		env.From != "a@example.org" || !env.HasFrom || env.User != "bob" || env.QueueID != "4F2A" || env.MTAName != "mx.example.net" ||
		env.TLS.Version != "TLSv1.3" || env.TLS.Cipher != "AES" || env.TLS.CertIssuer != "CN=ca" ||
		!slices.Equal(env.Rcpts, []string{"b@example.net", "c@example.net", `"x,y"@example.net`}) {
		t.Errorf("envelope %+v", env)
	}
	sym := r.Symbols["SEEN"]
	if r.IsSkipped == nil || *r.IsSkipped || *r.Score != 8 || *r.Required != 15 || r.Action != "add header" || r.Thresholds["reject"] != 15 ||
		r.MessageID != "x@example.org" || r.TimeReal <= 0 || r.Milter == nil || r.Messages == nil || len(r.Warnings) != 0 {
		t.Errorf("reply %+v", r)
	}
	if sym.Name != "SEEN" || sym.Score != 7 || sym.Metric != 7 || sym.Description == "" || !slices.Equal(sym.Options, []string{"option"}) {
		t.Errorf("symbol %+v", sym)
	}
	for _, want := range []string{"level=INFO", "queue_id=4F2A", `action="add header"`, "file=a.eml", "tag=tag7", "ip=192.0.2.7"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, &log)
		}
	}
	log.Reset()
	check(t, s.URL, message, "Log: no")
	if log.Len() > 0 {
		t.Errorf("logged %s", &log)
	}
}

func TestUnknownEnvelope(t *testing.T) {
	s, e := serve(t, Options{})
	check(t, s.URL, message, "Hostname: unknown", "IP: unix:/run/x")
	if e.env.ClientIP.IsValid() || e.env.ClientName != "" || e.env.HasFrom {
		t.Errorf("envelope %+v", e.env)
	}
	check(t, s.URL, message, "From: <>", "IP: ::ffff:192.0.2.1")
	if e.env.From != "" || !e.env.HasFrom || e.env.ClientIP.String() != "192.0.2.1" {
		t.Errorf("envelope %+v", e.env)
	}
	// An empty message is answered: nobody looked at it, nothing is to be done.
	if r := check(t, s.URL, ""); !*r.IsSkipped || r.Action != "no action" || *r.Score != 0 {
		t.Errorf("an empty message: %+v", r)
	}
}

func TestWarnings(t *testing.T) {
	s, _ := serve(t, Options{})
	r := check(t, s.URL, message, "IP: nonsense", "Raw: yes", "Settings-ID: x", "Deliver-To: a@b", "Speed: high", "Flags: pass_all,groups,body_block", "Pass: some",
		"Helo: a", "Helo: b")
	for _, want := range []string{`IP: "nonsense"`, "raw is not supported", "settings-id: there are no settings", "deliver-to is not", "speed is not known", "Flags: groups", "Pass: some", "Helo is given 2 times"} {
		if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.HasPrefix(w, want) }) {
			t.Errorf("no warning %q in %q", want, r.Warnings)
		}
	}
	if len(r.Warnings) != 8 {
		t.Errorf("warnings %q", r.Warnings)
	}
}

func TestSettings(t *testing.T) {
	s, _ := serve(t, Options{})
	for _, c := range []struct {
		settings string
		score    float64
		action   string
	}{
		{`{}`, 8, "add header"},
		{`{"symbols_disabled": ["SEEN"]}`, 1, "no action"},
		{`{"apply": {"symbols_enabled": ["SEEN"]}}`, 7, "add header"},
		{`{"groups_disabled": ["test"]}`, 1, "no action"},
		{`{"groups_enabled": ["test"]}`, 7, "add header"},
		{`{"scores": {"SEEN": 20}}`, 21, "reject"},
		{`{"actions": {"reject": 8}}`, 8, "reject"},
		{`{"actions": {"add_header": null}, "flags": ["pass_all"]}`, 8, "greylist"},
	} {
		r := check(t, s.URL, message, "Settings: "+c.settings)
		if *r.Score != c.score || r.Action != c.action {
			t.Errorf("%s: %v %s, want %v %s", c.settings, *r.Score, r.Action, c.score, c.action)
		}
	}
}

func TestClosedScanner(t *testing.T) {
	scanner, err := winnow.New(winnow.Options{Families: []*checks.Family{}, Checks: (&echo{}).checks()})
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(Options{Scanner: scanner})
	if err != nil {
		t.Fatal(err)
	}
	if err := scanner.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/checkv2", strings.NewReader(message)))
	if w.Code != 503 || !strings.Contains(w.Body.String(), "shutting down") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if _, err := New(Options{}); err == nil {
		t.Error("a handler without a Scanner was made")
	}
}

// The Result is the host's, and Afters read it while the reply is written: only
// the reply has folds without CR.
func TestFoldBareCopies(t *testing.T) {
	res := &winnow.Result{}
	res.Edits = []actions.HeaderEdit{{Name: "X-Long", Value: "a\r\n b"}}
	if folded := foldBare(res); folded.Edits[0].Value != "a\n b" {
		t.Errorf("the reply has %q", folded.Edits[0].Value)
	}
	if got := res.Edits[0].Value; got != "a\r\n b" {
		t.Errorf("the Result's own edit became %q", got)
	}
}

// TestRealReply compares the members of our reply, and their types, with
// those of a reply that Rspamd gave.
func TestRealReply(t *testing.T) {
	data, err := os.ReadFile(shared.Path(t, "reference/rspamd-api/4.1.6/checkv2.json"))
	if err != nil {
		t.Fatal(err)
	}
	var theirs, ours map[string]any
	if err := json.Unmarshal(data, &theirs); err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, Options{})
	_, body := ask(t, "POST", s.URL+"/checkv2", message)
	if err := json.Unmarshal([]byte(body), &ours); err != nil {
		t.Fatal(err)
	}
	compareShape(t, "", theirs, ours)
}

func compareShape(t *testing.T, at string, theirs, ours map[string]any) {
	for name, v := range theirs {
		mine, ok := ours[name]
		switch {
		case at == "symbols." || at == "milter.remove_headers.":
			continue // names of symbols and headers
		case !ok:
			t.Errorf("%s%s is missing", at, name)
		default:
			a, isObject := v.(map[string]any)
			b, isToo := mine.(map[string]any)
			if isObject != isToo {
				t.Errorf("%s%s is %T, Rspamd's %T", at, name, mine, v)
			} else if isObject {
				compareShape(t, at+name+".", a, b)
			}
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add("IP", "[IPv6:2001:db8::1%eth0]", `{"actions":{"reject":null}}`)
	f.Add("Rcpt", `<@a,@b:"x\",y"@c>,,d`, `{"apply":{}}`)
	f.Add("Flags", "milter, no_log,,x", `[]`)
	f.Fuzz(func(t *testing.T, name, value, settings string) {
		h := http.Header{"Settings": {settings}}
		h.Add(name, value)
		req, err := parseRequest(h)
		if (req == nil) == (err == nil) {
			t.Fatalf("request %v with error %v", req, err)
		}
		if err != nil {
			return
		}
		if len(req.message.Envelope.Rcpts) > maxRcpts || len(req.warnings) > 32 {
			t.Errorf("%d recipients, %d warnings", len(req.message.Envelope.Rcpts), len(req.warnings))
		}
		again, _ := parseRequest(h)
		if !slices.Equal(again.warnings, req.warnings) {
			t.Errorf("warnings %q, then %q", req.warnings, again.warnings)
		}
	})
}

func BenchmarkParseRequest(b *testing.B) {
	h := http.Header{"Ip": {"192.0.2.1"}, "Helo": {"mx.example.org"}, "From": {"<a@example.org>"}, "Rcpt": {"b@example.net", "c@example.net"}, "User-Agent": {"x"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseRequest(h); err != nil {
			b.Fatal(err)
		}
	}
}

// The older names of /checkv2 give the same reply.
func TestOlderNames(t *testing.T) {
	s, _ := serve(t, Options{})
	want := check(t, s.URL, message)
	for _, path := range []string{"/check", "/symbols"} {
		resp, err := http.Post(s.URL+path, "", strings.NewReader(message))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Action  string
			Score   float64
			Symbols map[string]any
		}
		err = json.NewDecoder(resp.Body).Decode(&got)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || got.Action != want.Action || got.Score != *want.Score || len(got.Symbols) == 0 {
			t.Errorf("%s: status %d, %+v, %v", path, resp.StatusCode, got, err)
		}
	}
	if resp, err := http.Get(s.URL + "/symbols"); err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET /symbols: %v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
}

// A huge threshold of a client's settings gives a reply that is JSON, or none.
func TestHugeThreshold(t *testing.T) {
	s, _ := serve(t, Options{})
	for _, threshold := range []string{"-1e308", "1e308", "-1e9", "1e400"} {
		req, err := http.NewRequest(http.MethodPost, s.URL+"/checkv2", strings.NewReader(message))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Settings", `{"actions":{"reject":`+threshold+`}}`)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		err = json.NewDecoder(resp.Body).Decode(&got)
		resp.Body.Close()
		if want := map[bool]int{true: 200, false: 400}[threshold == "-1e9"]; err != nil || resp.StatusCode != want {
			t.Errorf("%s: status %d, %v, %v", threshold, resp.StatusCode, got, err)
		}
	}
}
