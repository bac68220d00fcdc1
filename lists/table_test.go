package lists_test

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/winnowmail/winnow/lists"
)

func TestHTTPTable(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Query().Get("key") + r.Header.Get("key") + string(body) {
		case "au", "a b&c=d":
			io.WriteString(w, "SYM:2\n")
		case "broken":
			w.WriteHeader(500)
		default:
			w.WriteHeader(404)
		}
	}))
	defer web.Close()
	for _, table := range []*lists.HTTPTable{{URL: web.URL}, {URL: web.URL, Header: true}, {URL: web.URL, Body: true}} {
		got, err := table.Lookup(t.Context(), "", []string{"au", "bg", "a b&c=d"})
		if want := map[string]string{"au": "SYM:2", "a b&c=d": "SYM:2"}; err != nil || !maps.Equal(got, want) {
			t.Errorf("%v, %v", got, err)
		}
		if _, err := table.Lookup(t.Context(), "", []string{"broken"}); err == nil {
			t.Error("a failure is no error")
		} else if e, ok := errors.AsType[*lists.HTTPError](err); !ok || e.Status != 500 {
			t.Error(err)
		}
	}
	web.Close()
	if _, err := (&lists.HTTPTable{URL: web.URL}).Lookup(t.Context(), "", []string{"au"}); err == nil {
		t.Error("no server is no error")
	}
}
