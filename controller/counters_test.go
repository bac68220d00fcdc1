package controller

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/winnowmail/winnow"
)

// TestCounters: what scans in other ways, a milter for one, is counted with what
// comes by HTTP, and /auth tells the same counts.
func TestCounters(t *testing.T) {
	scanner, err := winnow.New(winnow.Options{})
	if err != nil {
		t.Fatal(err)
	}
	counters := &Counters{}
	h, err := New(Options{Scanner: scanner, Counters: counters})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	defer s.Close()
	res, err := scanner.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte("Subject: x\r\n\r\nbody\r\n"))})
	if err != nil {
		t.Fatal(err)
	}
	counters.Scan(res)
	var stat struct {
		Scanned, Uptime int
		Actions         map[string]int
		ScanTimes       []*float64 `json:"scan_times"`
	}
	fetch(t, s.URL+"/stat", &stat)
	if stat.Scanned != 1 || stat.Actions[string(res.Action)] != 1 || stat.ScanTimes[0] == nil || stat.Uptime < 0 || stat.Uptime > 3600 {
		t.Errorf("/stat: %+v", stat)
	}
	var auth struct {
		Auth    string
		Scanned int
		Clean   int
	}
	fetch(t, s.URL+"/auth", &auth)
	if auth.Auth != "ok" || auth.Scanned != 1 || auth.Clean != stat.Actions["no action"] {
		t.Errorf("/auth: %+v", auth)
	}
	for _, path := range []string{"/counters", "/fuzzyadd", "/fuzzydel", "/fuzzydelhash"} {
		r, err := http.Post(s.URL+path, "", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
}
