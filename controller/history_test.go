package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/history"
	"github.com/winnowmail/winnow/storage"
)

// brokenHistory has a store that fails.
type brokenHistory struct{}

func (brokenHistory) Latest(context.Context, int, int) ([]json.RawMessage, error) {
	return nil, errors.New("dead")
}
func (brokenHistory) Find(context.Context, url.Values) ([]json.RawMessage, error) {
	return nil, errors.New("dead")
}
func (brokenHistory) Reset(context.Context) error { return errors.New("dead") }

// serveHistory serves a scanner with that history, of five scans with subjects 0 to
// 4 and one that is not logged.
func serveHistory(t *testing.T, rows History, after ...winnow.After) string {
	t.Helper()
	scanner, err := winnow.New(winnow.Options{After: after, StoreBudget: -1})
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(Options{Scanner: scanner, History: rows})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(func() { s.Close(); _ = scanner.Close(context.Background()) })
	for i := range 7 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/checkv2", strings.NewReader(fmt.Sprintf("Subject: %d\r\n\r\nhello\r\n", i)))
		if err != nil {
			t.Fatal(err)
		}
		switch i {
		case 5:
			req.Header.Set("Flags", "no_log")
		case 6:
			req.Header.Set("Settings", `{"flags": ["no_log"]}`)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		res.Body.Close()
	}
	return s.URL
}

// askRows returns the status and the subjects of the rows.
func askRows(t *testing.T, method, url string) (status int, subjects string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Version int
		Rows    []struct{ Subject string }
		Success bool
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Rows != nil && answer.Version != 2 || answer.Rows == nil && !answer.Success && res.StatusCode == http.StatusOK {
		t.Errorf("%s: %s", url, body)
	}
	for _, r := range answer.Rows {
		subjects += r.Subject
	}
	return res.StatusCode, subjects
}

func TestHistory(t *testing.T) {
	rows, err := history.New(history.Options{Store: storage.NewMemory(storage.MemoryOptions{}), Key: history.Key("")})
	if err != nil {
		t.Fatal(err)
	}
	url := serveHistory(t, rows, rows.After())
	for path, want := range map[string]string{
		"": "43210", "?from=0&to=2": "432", "?from=1": "3210", "?from=-2": "10", "?to=-4": "43", "?from=3&to=100": "10", "?from=3&to=2": "", "?from=9": "",
		"?from=-1&to=9223372036854775807": "0", "?from=0&to=9223372036854775807": "43210", "?from=1&to=9223372036854775807": "3210",
		"?from=-9223372036854775808&to=-9223372036854775808": "", "?from=9223372036854775807&to=9223372036854775807": "", "?from=99999999999999999999": "43210",
		"?from=x&to=1": "43", "?password=q1": "43210", "?limit=2": "43", "?symbol=NONE": "", "?message-id=undef&skip=4": "0",
	} {
		if status, got := askRows(t, http.MethodGet, url+"/history"+path); status != 200 || got != want {
			t.Errorf("%s: %d %s, want %s", path, status, got, want)
		}
	}
	if status, _ := askRows(t, http.MethodGet, url+"/history?sybmol=X"); status != 400 {
		t.Errorf("an unknown parameter: %d", status)
	}
	if status, _ := askRows(t, http.MethodPut, url+"/historyreset"); status != 405 {
		t.Errorf("PUT: %d", status)
	}
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		if status, _ := askRows(t, method, url+"/historyreset"); status != 200 {
			t.Errorf("%s: %d", method, status)
		}
	}
	if _, got := askRows(t, http.MethodGet, url+"/history"); got != "" {
		t.Errorf("after a reset: %s", got)
	}
}

func TestHistoryFails(t *testing.T) {
	url := serveHistory(t, brokenHistory{})
	for path, want := range map[string]int{"/history": 504, "/history?from=-1": 504, "/historyreset": 504} {
		if status, _ := askRows(t, http.MethodGet, url+path); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}
	url = serveHistory(t, nil)
	for _, path := range []string{"/history", "/historyreset"} {
		if status, _ := askRows(t, http.MethodGet, url+path); status != 404 {
			t.Errorf("%s without a history: %d", path, status)
		}
	}
}
