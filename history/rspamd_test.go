package history

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
)

// rspamdConfig has the module of history and nothing else.
var rspamdConfig = template.Must(template.New("").Parse(`
options {
  filters = ""; pidfile = "{{.Dir}}/pid"; tempdir = "{{.Dir}}"; cache_file = "{{.Dir}}/symbols"; hs_cache_dir = "{{.Dir}}/";
  control_socket = "{{.Dir}}/control mode=0600"; rrd = ""; stats_file = "{{.Dir}}/stats"; url_tld = "{{.Dir}}/tlds";
  dns { nameserver = ["127.0.0.1:9"]; timeout = 100ms; retransmits = 1; }
}
logging { type = "file"; filename = "{{.Dir}}/log"; level = "error"; }
metric { name = "default"; actions { reject = 15; add_header = 6; greylist = 4; } }
worker "normal" { bind_socket = "{{.Scan}}"; count = 1; mime = true; }
worker "controller" { bind_socket = "{{.Control}}"; count = 1; secure_ip = "127.0.0.1"; }
modules { path = "${PLUGINSDIR}/history_redis.lua"; }
history_redis { servers = "{{.Redis}}"; }
`))

// startRspamd starts Debian's rspamd and returns the URLs of its scanner and its
// controller.
func startRspamd(t *testing.T, redis string) (scan, control string) {
	t.Helper()
	program, err := exec.LookPath("rspamd")
	if err != nil {
		t.Skip("rspamd is not installed (Debian: rspamd)")
	}
	values := map[string]string{"Dir": t.TempDir(), "Redis": redis, "Scan": redistest.FreeAddr(t), "Control": redistest.FreeAddr(t)}
	var config bytes.Buffer
	if err := rspamdConfig.Execute(&config, values); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(values["Dir"], "conf")
	for file, text := range map[string]string{name: config.String(), filepath.Join(values["Dir"], "tlds"): "com\norg\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-f", "-i", "-c", name)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	scan, control = "http://"+values["Scan"], "http://"+values["Control"]
	redistest.Await(t, "rspamd answers", func() bool {
		return get(t, scan+"/ping") != "" && get(t, control+"/ping") != ""
	})
	return scan, control
}

func get(t *testing.T, url string) string {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return do(t, ctx, http.MethodGet, url, nil)
}

// do returns what a server answers, "" if it does not.
func do(t *testing.T, ctx context.Context, method, url string, body io.Reader) string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("From", "ann@example.org")
	req.Header.Set("Rcpt", "bob@example.com")
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
	scan, control := startRspamd(t, server.Addr)
	mail := "From: Ann <ann@example.org>\r\nTo: bob@example.com\r\nMessage-ID: <theirs@example.org>\r\nSubject: theirs\r\n\r\nhello\r\n"
	if answer := do(t, t.Context(), http.MethodPost, scan+"/checkv2", strings.NewReader(mail)); !strings.Contains(answer, "no action") {
		t.Fatalf("rspamd answers %q", answer)
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
