package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/redistest"
)

// Modules keep their state with the servers that the files name for them.
func TestOwnStores(t *testing.T) {
	common, own := redistest.Start(t), redistest.Start(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "local.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"redis.conf":         "servers = \"" + common.Addr + "\";\nratelimit { servers = \"" + own.Addr + "\"; }\n",
		"ratelimit.conf":     "rates { to = \"100 / 1h\"; }\n",
		"history_redis.conf": "servers = \"" + own.Addr + "\"; key_prefix = \"rows{{COMPRESS}}\";\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "local.d", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	url, log, stop := start(t, "-config", dir, "-dns", "none")
	mail := "From: ann@example.org\r\nTo: bob@example.net\r\nSubject: x\r\n\r\nHello Bob.\r\n"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/checkv2", strings.NewReader(mail))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("From", "ann@example.org")
	req.Header.Set("Rcpt", "bob@example.net")
	req.Header.Set("Ip", "192.0.2.7")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
	if n := own.Must("LLEN", "rows_zst"); n != "1" {
		t.Errorf("%s rows with the history's server", n)
	}
	if keys := own.Must("KEYS", "RL*"); keys == "" {
		t.Errorf("no bucket with the server of ratelimit: %s", own.Must("KEYS", "*"))
	}
	if keys := common.Must("KEYS", "RL*") + common.Must("KEYS", "rows*"); keys != "" {
		t.Errorf("%s with the common server", keys)
	}
}
