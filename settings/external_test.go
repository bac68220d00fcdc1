package settings

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/mail"
)

// A service answers what is set, and keeps what it was asked.
type service struct {
	sync.Mutex
	*httptest.Server
	answer string
	status int
	asked  []string
}

func newService(tb testing.TB) *service {
	s := &service{status: http.StatusOK}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.Lock()
		defer s.Unlock()
		s.asked = append(s.asked, r.Method+" "+r.URL.RawQuery+" "+r.Header.Get("Sender")+" "+string(body))
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, s.answer)
	}))
	tb.Cleanup(s.Close)
	return s
}

func (s *service) set(status int, answer string) {
	s.Lock()
	defer s.Unlock()
	s.status, s.answer, s.asked = status, answer, nil
}

func (s *service) questions() []string {
	s.Lock()
	defer s.Unlock()
	return s.asked
}

const about = "id('sender');from('smtp'):addr.lower;id('rcpts');rcpts('smtp'):addr"

func asking(url, method, more string) string {
	if !strings.Contains(more, "timeout") {
		more += " timeout = 1min;"
	}
	return `external_map { map { external = true; backend = "` + url + `"; method = "` + method + `"; ` + more + ` } selector = "` + about + `"; }`
}

// A service is asked once for each message that its rule is about, in each of the
// forms; its settings hold, and without an answer there are none.
func TestExternal(t *testing.T) {
	web := newService(t)
	web.set(200, `{"A": 3, "symbols_disabled": ["B"]}`)
	for method, want := range map[string]string{
		"query":  "GET sender=joe.doe%40example.org  ",
		"header": "GET  joe.doe@example.org ",
		"body":   `POST   {"rcpts":["ann@example.net","bob@example.com"],"sender":"joe.doe@example.org"}`,
	} {
		web.set(200, `{"A": 3, "symbols_disabled": ["B"]}`)
		s := ruled(t, rules(t, `x { from = "@example.org"; `+asking(web.URL, method, `encode = "json";`)+` }`))
		if res := scanned(t, s, letter(), nil); res.Score != 3 {
			t.Errorf("%s: the score is %v", method, res.Score)
		}
		if asked := web.questions(); len(asked) != 1 || asked[0] != want {
			t.Errorf("%s: asked %q, want %q", method, asked, want)
		}
		m := letter()
		m.Envelope.From = "eve@example.com"
		if res := scanned(t, s, m, nil); res.Score != 3 || len(web.questions()) != 1 {
			t.Errorf("%s: a message that the rule is not about has %v after %q", method, res.Score, web.questions())
		}
	}
	for status, answer := range map[int]string{404: "no", 204: "", 200: "{}"} {
		web.set(status, answer)
		if res := scanned(t, ruled(t, rules(t, `x { `+asking(web.URL, "query", "")+` }`)), letter(), nil); res.Score != 3 || len(web.questions()) != 1 {
			t.Errorf("%d: %v, asked %q", status, res.Score, web.questions())
		}
	}
}

// Rules of the same priority count beside a service, those below don't; what the
// request asks for takes the place of the service, and an id can ask for it.
func TestExternalAmongRules(t *testing.T) {
	web := newService(t)
	web.set(200, `apply { A = 10; }`)
	s := ruled(t, rules(t, `a { priority = 2; rcpt = "ann"; apply { B = 100 } } b { priority = 2; rcpt = "bob"; `+asking(web.URL, "query", "")+` }
		c { rcpt = "ann"; apply { A = 1000 } } named { priority = 0; `+asking(web.URL, "query", "")+` }`))
	if res := scanned(t, s, letter(), nil); res.Score != 110 {
		t.Errorf("%v, want 110", res.Score)
	}
	m := letter()
	m.Envelope.Rcpts = []string{"carl@example.net"}
	for _, c := range []struct {
		id   string
		want float64
	}{{"", 3}, {"named", 12}, {"b", 12}, {"c", 1002}} {
		if res := scanned(t, s, m, &Request{ID: c.id}); res.Score != c.want {
			t.Errorf("id %q: %v, want %v", c.id, res.Score, c.want)
		}
	}
	web.set(200, `apply { A = 10; }`)
	apply, _, err := ParseHeader("A = 7")
	if err != nil {
		t.Fatal(err)
	}
	m.Envelope.Rcpts = []string{"bob@example.com"}
	if res := scanned(t, s, m, &Request{Apply: apply}); res.Score != 9 || len(web.questions()) != 0 {
		t.Errorf("%v, asked %q", res.Score, web.questions())
	}
}

// A service that is dead, slow, wrong or endless costs its time limit, and the message
// has no settings; the result says so.
func TestExternalFaults(t *testing.T) {
	web := newService(t)
	stop := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(slow.Close)
	t.Cleanup(func() { close(stop) })
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + dead.Addr().String()
	dead.Close()
	for name, c := range map[string]struct {
		url    string
		more   string
		status int
		answer string
		want   string
	}{
		"dead":    {url: gone, want: "settings"},
		"slow":    {url: slow.URL, more: "timeout = 0.05;", want: "deadline"},
		"failing": {status: 500, want: "500"},
		"broken":  {status: 200, answer: "{", want: "external_map"},
		"unknown": {status: 200, answer: "apply { scores = 7 }", want: "scores"},
		"endless": {status: 200, answer: strings.Repeat("# nothing\n", 30_000), want: "longer"},
	} {
		if c.url == "" {
			web.set(c.status, c.answer)
			c.url = web.URL
		}
		s := ruled(t, rules(t, `x { `+asking(c.url, "query", c.more)+` }`))
		res, err := s.Scan(t.Context(), letter())
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Incomplete) != 1 || res.Incomplete[0].Check != "settings" || res.Score != 3 || res.Action != "no action" {
			t.Errorf("%s: %+v, score %v, %s", name, res.Incomplete, res.Score, res.Action)
		} else if err := res.Incomplete[0].Err; err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not say %q", name, err, c.want)
		}
	}
}

// What can't be asked is an error with its place; what Rspamd leaves out is warned of.
func TestExternalWrong(t *testing.T) {
	for text, want := range map[string]string{
		asking("http://127.0.0.1", "body", ""): "encode has to be json",
		asking("http://127.0.0.1", "put", ""):  "none of body, header, query",
		asking("", "query", ""):                "no backend",
		`external_map { map { external = true; backend = "x"; method = query } selector = "rcpts"; }`:                    "1 selectors are no pairs",
		`external_map { map { external = true; backend = "x"; method = query } selector = "id('a');rcpt"; }`:             "unknown extractor",
		`external_map { map { external = true; backend = "x"; method = query; timeout = soon } selector = "id('a');ip"}`: "external_map",
		`external_map { map { external = true; cdb = "x"; method = query } selector = "id('a');ip" }`:                    "pairs of keys",
	} {
		_, err := New(section(t, "x { "+text+" }"), Options{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "settings.conf:1:") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		`external_map { map = "http://127.0.0.1"; selector = "ip"; }`:           "external_map is left out",
		asking("http://127.0.0.1", "query", "size = 3;"):                        "the key size",
		asking("http://127.0.0.1", "query", "") + " apply { A = 1; }":           "apply has no effect",
		`external_map { map { backend = "x"; external = no; } selector = ip; }`: "external_map is left out",
	} {
		if r := rules(t, "x { "+text+" }"); len(r.Warnings()) != 1 || !strings.Contains(r.Warnings()[0].Msg, want) {
			t.Errorf("%s: %v", text, r.Warnings())
		}
	}
}

// A record is a log that several goroutines write to.
type record struct {
	sync.Mutex
	text strings.Builder
}

func (r *record) Write(p []byte) (int, error) {
	r.Lock()
	defer r.Unlock()
	return r.text.Write(p)
}

// taken is what was written since it was asked last.
func (r *record) taken() string {
	r.Lock()
	defer r.Unlock()
	defer r.text.Reset()
	return r.text.String()
}

// What a changed list of rules says without effect is told once, and so is that it
// can't be read; a list that new rules name is followed.
func TestFollowedWarnings(t *testing.T) {
	name, named := filepath.Join(t.TempDir(), "rules"), filepath.Join(t.TempDir(), "named")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(name, "x { rcpt = ann; first = 1; apply { B = 9 } }")
	write(named, "nobody@example.net\n")
	synctest.Test(t, func(t *testing.T) {
		r, err := New(ucl.NewString(nil, name), Options{})
		if err != nil || len(r.Warnings()) != 1 || !strings.Contains(r.Warnings()[0].Msg, "the key first is not known") {
			t.Fatalf("%v, %v", err, r.Warnings())
		}
		var log record
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { r.followRules(ctx, slog.New(slog.NewTextHandler(&log, nil))) })
		score := func() float64 {
			m := letter()
			layers, _, _ := r.match(&subject{env: &m.Envelope, msg: mail.Parse(nil, m.Envelope, mail.Limits{})}, false)
			if len(layers) == 0 {
				return 0
			}
			return layers[0].Apply.Scores["B"]
		}
		for _, c := range []struct {
			path, text string
			score      float64
			told       string // from here on, once
		}{
			{"", "", 9, ""},
			{name, "x { rcpt = ann; second = 1; apply { B = 8 } }", 8, "the key second is not known"},
			{name, "x {", 8, "settings can't be read"},
			{name, "x { rcpt = \"map:" + named + "\"; apply { B = 7 } }", 0, ""},
			{named, "ann@example.net\n", 7, ""},
		} {
			if c.path != "" {
				write(c.path, c.text)
			}
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			if got := score(); got != c.score {
				t.Errorf("%s: %v, want %v", c.text, got, c.score)
			}
			if told := log.taken(); (c.told == "") != (told == "") || c.told != "" && strings.Count(told, c.told) != 1 {
				t.Errorf("%s: told %q", c.text, told)
			}
		}
		cancel()
		done.Wait()
	})
}
