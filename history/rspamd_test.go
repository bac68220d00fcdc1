package history

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/rspamdtest"
)

// get returns what a server answers, "" if it does not.
func get(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return ""
	}
	return string(text)
}

// TestRspamdOnOneRedis has Debian's rspamd 3.4 show our rows and us its.
func TestRspamdOnOneRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	listen := redistest.FreeAddr(t)
	theirs := rspamdtest.Start(t, server.Addr, []string{"history_redis"}, fmt.Sprintf(`
worker "controller" { bind_socket = %q; count = 1; secure_ip = "127.0.0.1"; }
history_redis { servers = %q; }`, listen, server.Addr), "")
	control := "http://" + listen
	redistest.Await(t, "rspamd's controller answers", func() bool { return get(t, control+"/ping") != "" })
	mail := "From: Ann <ann@example.org>\r\nTo: bob@example.com\r\nMessage-ID: <theirs@example.org>\r\nSubject: theirs\r\n\r\nhello\r\n"
	if a := theirs.Scan([]byte(mail), map[string]string{"From": "ann@example.org", "Rcpt": "bob@example.com"}); a.Action != "no action" {
		t.Fatalf("rspamd answers %+v", a)
	}
	keys := ""
	redistest.Await(t, "rspamd keeps a row", func() bool {
		keys = server.Must("KEYS", "rs_history*")
		return keys != ""
	})
	host, err := os.Hostname()
	if err != nil || keys != Key(host) {
		t.Fatalf("its key is %q, ours %q, %v", keys, Key(host), err)
	}
	s := newSite(t, Options{Key: keys, Store: openRedis(t, server.Addr)})
	rows, err := s.Search(t.Context(), Query{MessageID: "theirs@example.org", Address: "bob@example.com"})
	if err != nil || len(rows) != 1 || rows[0].Subject != "theirs" || rows[0].Size != int64(len(mail)) || rows[0].SenderSMTP != "ann@example.org" {
		t.Fatalf("its row is %+v, %v", rows, err)
	}
	s.scan(mailOf("ours", "eve@example.org", "bad", "bob@example.com"))
	var answer struct {
		Version int
		Rows    []json.RawMessage
	}
	text := get(t, control+"/history")
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.Version != 2 || len(answer.Rows) != 2 {
		t.Fatalf("rspamd shows %s, %v", text, err)
	}
	ours, err := s.Latest(t.Context(), 0, 1)
	if err != nil || len(ours) != 1 {
		t.Fatal(ours, err)
	}
	var shown, kept any
	if err := json.Unmarshal(answer.Rows[0], &shown); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(ours[0], &kept); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(shown)
	b, _ := json.Marshal(kept)
	if !bytes.Equal(a, b) {
		t.Errorf("rspamd shows\n%s\nof\n%s", a, b)
	}
	// Rspamd 3.4 leaves the newest row; 4.1.6 deletes the key.
	if reply := get(t, control+"/historyreset"); !strings.Contains(reply, "success") || s.found(Query{}) != "ours" {
		t.Errorf("after its reset (%s) there is %q", reply, s.found(Query{}))
	}
	if err := s.Reset(t.Context()); err != nil || !strings.Contains(get(t, control+"/history"), `"rows":[]`) && !strings.Contains(get(t, control+"/history"), `"rows":{}`) {
		t.Errorf("after our reset it shows %s, %v", get(t, control+"/history"), err)
	}
}
