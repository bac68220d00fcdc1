// Package rspamdtest starts a real Rspamd for tests that put it beside winnow
// on one redis-server: with the modules that the test names and nothing else. It
// listens on loopback and ends with the test. A test is skipped where Rspamd is
// not installed.
package rspamdtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/redistest"
)

// A Server is an Rspamd that takes messages to scan.
type Server struct {
	t    testing.TB
	addr string
	log  string
}

// plugins is where Debian's package has Rspamd's modules.
const plugins = "/usr/share/rspamd/plugins"

const config = `
options {
  filters = ""; pidfile = "$D/pid"; tempdir = "$D"; cache_file = "$D/symbols"; hs_cache_dir = "$D/";
  control_socket = "$D/control mode=0600"; rrd = ""; stats_file = "$D/stats"; url_tld = "$D/tld";
  allow_raw_input = true; task_timeout = 60s; history_rows = 1; local_addrs = ["127.0.0.0/8"];
  classify_headers = ["User-Agent", "X-Mailer", "Content-Type", "X-MimeOLE"]; words_decay = 600;
  dns { nameserver = ["127.0.0.1:9"]; timeout = 100ms; retransmits = 1; }
}
logging { type = "file"; filename = "$D/log"; level = "info"; }
metric { name = "default"; actions { reject = 15; add_header = 6; greylist = 4; } }
lua = "$D/rules.lua";
redis { servers = "$R"; }
worker "normal" { bind_socket = "$A"; count = 1; mime = true; }
`

// Start starts an Rspamd that keeps its state at redis. Each module has a
// section of its name in sections, which are written as in its configuration.
// rules is Lua that it runs beside the modules.
func Start(t testing.TB, redis string, modules []string, sections, rules string) *Server {
	t.Helper()
	path, err := exec.LookPath("rspamd")
	if err != nil {
		t.Skip("rspamd is not installed (Debian: rspamd)")
	}
	dir := t.TempDir()
	s := &Server{t: t, addr: redistest.FreeAddr(t), log: filepath.Join(dir, "log")}
	text := strings.NewReplacer("$D", dir, "$R", redis, "$A", s.addr).Replace(config) + sections + "\nmodules {\n"
	for _, m := range modules {
		file := filepath.Join(plugins, m+".lua")
		if _, err := os.Stat(file); err != nil {
			t.Skipf("Rspamd's module %s is not in %s", m, plugins)
		}
		text += fmt.Sprintf("  path = %q;\n", file)
	}
	for name, data := range map[string]string{"rspamd.conf": text + "}\n", "tld": "com\norg\nnet\n", "rules.lua": "local none\n" + rules} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(path, "-f", "-i", "-c", filepath.Join(dir, "rspamd.conf"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended
	})
	redistest.Await(t, "rspamd answers", func() bool {
		select {
		case <-ended:
			t.Fatalf("rspamd ended: %s", &out)
		default:
		}
		_, err := s.post("/ping", nil, nil)
		return err == nil
	})
	return s
}

// An Answer is what Rspamd says of a message.
type Answer struct {
	Action  string
	Score   float64
	Symbols map[string]struct {
		Score   float64
		Options []string
	}
}

// Scan has a message scanned; the envelope is given in Rspamd's headers (IP, From,
// Rcpt, User), of which Rcpt may have several addresses with commas.
func (s *Server) Scan(raw []byte, envelope map[string]string) Answer {
	s.t.Helper()
	body, err := s.post("/checkv2", raw, envelope)
	var a Answer
	if err == nil {
		err = json.Unmarshal(body, &a)
	}
	if err != nil || a.Action == "" {
		log, _ := os.ReadFile(s.log)
		s.t.Fatalf("rspamd: %v: %s\n%s", err, body, log)
	}
	return a
}

func (s *Server) post(path string, raw []byte, envelope map[string]string) ([]byte, error) {
	q, err := http.NewRequest(http.MethodPost, "http://"+s.addr+path, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	for name, value := range envelope {
		if name == "Rcpt" {
			for addr := range strings.SplitSeq(value, ",") {
				q.Header.Add(name, addr)
			}
			continue
		}
		q.Header.Set(name, value)
	}
	a, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(q)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	return io.ReadAll(io.LimitReader(a.Body, 1<<24))
}
